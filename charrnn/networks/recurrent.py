"""Keras's recurrent layers with the same names, weights and mathematics, and a faster inner loop.

The class names are Keras's own because the paths in weight files follow them
(`layers/lstm/cell/vars/0`): a file moves between stock layers and these in both directions.

Shapes: B batch, T time, E the input's width, H units, G gates, V vocabulary.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from charrnn.networks import cells
from charrnn.networks.batch_scan import scan_in_parts
from charrnn.networks.layers import check_precision
from charrnn.networks.precision import has_gpu
from charrnn.networks.projection import Projection
from charrnn.networks.registry import register
from charrnn.networks.scan_mode import ScanMode, choose_compiled, runs_natively
from charrnn.networks.weight_drop import drop_weights


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
            own = training and self.cell.dropout  # the inputs are no longer rows of the table
            lookup = None if table is None or own else (table, ids)
            return self._scan_batch(sequences, lookup, initial_state, mask, training)

    def _scan_batch(
        self, sequences: Any, lookup: Any, initial_state: Any, mask: Any, training: bool
    ) -> Any:
        """Do what `call` does; `lookup` is None, or the table and ids to project instead."""
        mask = self._find_mask(mask)
        states = self._find_states(sequences, initial_state)
        projection = self._find_projection(sequences, lookup, training)
        outputs, states = self._scan(projection, states, mask)
        if self.stateful:
            for variable, state in zip(self.states, states, strict=True):
                variable.assign(state)
        output = states[0]
        if mask is not None:
            outputs = self._mask_outputs(outputs, mask)
            output = outputs[:, -1]
        output = outputs if self.return_sequences else output
        return (output, *states) if self.return_state else output

    def _scan(self, projection: Projection, states: list[Any], mask: Any) -> Any:
        kernel = tf.convert_to_tensor(self.cell.recurrent_kernel)
        bias = self._stack_bias()
        batch, steps = projection.source.shape[:2]
        if runs_natively(steps, self.cell.units, projection.precision):
            from charrnn.networks.native.scan import scan_natively

            inputs, ids = projection.list_inputs()
            inputs = tf.cast(inputs, tf.float32)
            return scan_natively(
                self.step.name, inputs, ids, states, kernel, bias, mask, projection.precision
            )
        compiled = choose_compiled(
            batch, steps, self.cell.units, projection.precision, few_lengths=self.few_lengths
        )
        mode = ScanMode(self.step, projection.precision, compiled)
        return scan_in_parts(mode, projection, states, kernel, bias, mask)

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

    def _find_projection(self, sequences: Any, lookup: Any, training: bool) -> Projection:
        """Find what is projected to (B, T, G*H), in the order in which time is scanned."""
        narrow = self.precision == "bfloat16"
        precision = tf.bfloat16 if narrow else tf.as_dtype(self.compute_dtype)
        kernel = tf.convert_to_tensor(self.cell.kernel)
        if lookup is not None:
            table, ids = lookup
            return Projection.from_table(table, self._order(ids), kernel, precision)
        if training and self.cell.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, tf.newaxis]
            self.cell.reset_dropout_mask()
        return Projection(self._order(sequences), kernel, precision)

    def _find_mask(self, mask: Any) -> Any:
        """Find the mask (B, T) in the order in which time is scanned; None for none."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if mask is None:
            return None
        mask = mask[..., 0] if len(mask.shape) == 3 else mask  # noqa: PLR2004 - (B, T, 1)
        return self._order(tf.cast(mask, tf.bool))

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
            mask = tf.cumsum(tf.cast(mask, tf.int32), axis=1) > 0
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
