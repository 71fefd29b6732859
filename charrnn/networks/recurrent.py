"""Keras's recurrent layers with the same names, weights and mathematics, and a faster inner loop.

The class names are Keras's own because the paths in weight files follow them
(`layers/lstm/cell/vars/0`): a file moves between stock layers and these in both directions.

Shapes: B batch, T time, E the input's width, H units, G gates, V vocabulary.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from charrnn.networks import cells, parts
from charrnn.networks.layers import check_precision, register
from charrnn.networks.precision import has_gpu
from charrnn.networks.projection import project_rows, project_sequences
from charrnn.networks.scan import scan
from charrnn.networks.scan_mode import Kernel, ScanMode, choose_compiled, fills_all_cores
from charrnn.networks.weight_drop import drop_weights

ROWS = 32  # the fewest in a part of the batch; measured, see docs/decisions/0006-recurrent-scans.md


class ScannedLayer(keras.layers.RNN):  # type: ignore[misc]
    """Mixed in before one of Keras's recurrent classes, computes that class's results by `scan`.

    Args:
        precision: what the products' factors and results are rounded to.
        few_lengths: whether T, if it isn't known beforehand, takes so few values that the scan
            may be compiled for each of them.
        weight_drop: the fraction of the recurrent kernel's entries that are zero in a training
            step, the others scaled up; see `charrnn.networks.weight_drop`.
    """

    step: cells.Cell

    def __init__(
        self,
        *args: Any,
        precision: str = "float32",
        few_lengths: bool = False,
        weight_drop: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.precision, self.few_lengths = check_precision(precision), few_lengths
        self.weight_drop = weight_drop
        if weight_drop:
            self.drop_seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Return Keras's config and this class's own arguments."""
        names = ("precision", "few_lengths", "weight_drop")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
        ids: Any = None,
        table: Any = None,
        dropped: bool = False,
    ) -> Any:
        """Run over time as Keras's layer does.

        A layer that reads rows of a small table can be given the table too: it then projects the
        table's V rows instead of the batch's B*T. The table's gradient comes from there alone, and
        `sequences` has none.

        Args:
            sequences: inputs (B, T, E).
            initial_state: tensors (B, H); if None, the carried state, or zeros.
            mask: bool (B, T). Keras does not find it by itself if there are `ids` and `table`.
            training: whether dropouts apply.
            ids: int (B, T): which rows of `table` the sequences are.
            table: vectors (V, E); given together with `ids`.
            dropped: whether `sequences` have passed through a dropout. In training they are then
                no longer rows of the table, and are projected themselves.

        Returns:
            what Keras's layer returns.

        Raises:
            ValueError: the layer is stateful and was built for another B.
        """
        with self._drop_weights(training):
            if not self._can_scan():
                return super().call(
                    sequences, initial_state=initial_state, mask=mask, training=training
                )
            changed = training and (dropped or self.cell.dropout)
            lookup = None if table is None or changed else (table, ids)
            return self._scan_batch(sequences, lookup, initial_state, mask, training)

    def _scan_batch(
        self, sequences: Any, lookup: Any, initial_state: Any, mask: Any, training: bool
    ) -> Any:
        """Do what `call` does; `lookup` is None, or the table and ids to project instead."""
        mode = self._choose_mode(sequences)
        sizes = self._choose_sizes(sequences, mode)
        states = self._find_states(sequences, initial_state)
        projected = self._project(sequences, lookup, sizes, mode, training)
        kernel = mode.lay_out_kernel(tf.convert_to_tensor(self.cell.recurrent_kernel))
        states_of_parts = zip(*(tf.split(state, sizes) for state in states), strict=True)
        masks = self._split_mask(mask, sizes)
        results = [
            self._scan_part(mode, kernel, *part)
            for part in zip(projected, states_of_parts, masks, strict=True)
        ]
        output, *states = map(parts.join_parts, zip(*results, strict=True))
        if self.stateful:
            for variable, state in zip(self.states, states, strict=True):
                variable.assign(state)
        return (output, *states) if self.return_state else output

    def _scan_part(self, mode: ScanMode, kernel: Kernel, x: Any, states: Any, mask: Any) -> Any:
        """Scan x (T, B, G*H) with mask (B, T) to this layer's output and its last states."""
        mask = None if mask is None else tf.transpose(mask)  # (T, B)
        outputs, states = scan(mode, x, states, kernel, self._stack_bias(), mask)
        last = states[0]
        if mask is not None:
            outputs = self._mask_outputs(outputs, mask)
            last = outputs[-1]
        output = tf.transpose(outputs, (1, 0, 2)) if self.return_sequences else last
        return output, *states

    def _drop_weights(self, training: bool) -> AbstractContextManager[None]:
        if training and self.weight_drop:
            return drop_weights(self.cell, self.weight_drop, self.drop_seeds)
        return nullcontext()

    def _can_scan(self) -> bool:
        activations = [self.cell.activation, getattr(self.cell, "recurrent_activation", None)]
        return (
            activations[0] is keras.activations.tanh
            and activations[1] in (keras.activations.sigmoid, None)
            and not self.cell.recurrent_dropout
            and not self.unroll
            and getattr(self.cell, "implementation", None) != 1
            and getattr(self.cell, "reset_after", True)
            and self.compute_dtype in ("float32", "float64")
            and not has_gpu()
        )

    def _choose_mode(self, sequences: Any) -> ScanMode:
        narrow = self.precision == "bfloat16"
        precision = tf.bfloat16 if narrow else tf.as_dtype(self.compute_dtype)
        batch, steps, _ = sequences.shape
        compiled = choose_compiled(
            batch, steps, self.cell.units, precision, few_lengths=self.few_lengths
        )
        return ScanMode(self.step, precision, compiled)

    def _choose_sizes(self, sequences: Any, mode: ScanMode) -> list[Any]:
        """Choose how many of the batch's rows go into each part."""
        if fills_all_cores(self.cell.units, mode.precision):
            return [tf.shape(sequences)[0]]
        return parts.choose_sizes(sequences, ROWS)

    def _find_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        """Find the states to start from, each (B, H)."""
        if self.stateful and sequences.shape[0] not in (None, self.states[0].shape[0]):
            raise ValueError(
                f"a stateful layer for {self.states[0].shape[0]} rows was given "
                f"{sequences.shape[0]}: build it for the same batch size"
            )
        if initial_state is None:
            batch_size = keras.ops.shape(sequences)[0]
            initial_state = self.states if self.stateful else self.get_initial_state(batch_size)
        states = tf.nest.flatten(initial_state)
        return [keras.ops.convert_to_tensor(state, self.compute_dtype) for state in states]

    def _project(
        self, sequences: Any, lookup: Any, sizes: list[Any], mode: ScanMode, training: bool
    ) -> list[Any]:
        """Multiply each part of the batch by the kernel, to (T, B, G*H)."""
        kernel = tf.convert_to_tensor(self.cell.kernel)
        if lookup is not None:
            table, ids = lookup
            return project_rows(table, self._order(ids), kernel, sizes, mode.precision)
        if training and self.cell.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, tf.newaxis]
            self.cell.reset_dropout_mask()
        return project_sequences(self._order(sequences), kernel, sizes, mode.precision)

    def _split_mask(self, mask: Any, sizes: list[Any]) -> list[Any]:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if mask is None:
            return [None] * len(sizes)
        mask = mask[..., 0] if len(mask.shape) == 3 else mask  # noqa: PLR2004 - (B, T, 1)
        return tf.split(self._order(tf.cast(mask, tf.bool)), sizes)  # type: ignore[no-any-return]

    def _order(self, sequence: Any) -> Any:
        """Put (B, T, ...) in the order in which time is scanned."""
        return tf.reverse(sequence, [1]) if self.go_backwards else sequence

    def _stack_bias(self) -> Any:
        """Stack the input's bias and, in a GRU, the state's: (1 or 2, G*H)."""
        shape = (2 if self.step.reset_after else 1, self.cell.recurrent_kernel.shape[1])
        if self.cell.bias is None:
            return tf.zeros(shape, self.compute_dtype)
        return tf.reshape(self.cell.bias, shape)

    def _mask_outputs(self, outputs: Any, mask: Any) -> Any:
        """Set masked steps to Keras's outputs: zero, or the output before, zero at the start."""
        if not self.zero_output_for_mask:
            mask = tf.cumsum(tf.cast(mask, tf.int32), axis=0) > 0
        return tf.where(mask[..., tf.newaxis], outputs, tf.zeros_like(outputs))


@register
class SimpleRNN(ScannedLayer, keras.layers.SimpleRNN):  # type: ignore[misc]
    """`keras.layers.SimpleRNN`, computed by `scan`."""

    step = cells.SimpleCell()


@register
class LSTM(ScannedLayer, keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`, computed by `scan`."""

    step = cells.LSTMCell()


@register
class GRU(ScannedLayer, keras.layers.GRU):  # type: ignore[misc]
    """`keras.layers.GRU` with the reset after the product, computed by `scan`."""

    step = cells.GRUCell()


LAYERS: dict[str, type[ScannedLayer]] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
"""Cell name to the layer that runs it."""
