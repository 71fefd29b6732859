"""Keras's recurrent layers with the same names, weights and mathematics, and a faster inner loop.

The class names are Keras's own because the weight files' paths follow them
(`layers/lstm/cell/vars/0`): a file moves between stock layers and these in both directions.

Shapes: B batch, T time, E the input's width, H units, G gates.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from charrnn.networks import cells, parts
from charrnn.networks.layers import checked, look_up, register
from charrnn.networks.precision import has_gpu
from charrnn.networks.scan import Compile, Kernel, Plan, product, recurrent_kernel, scan

# Measured, see docs/decisions/0006-recurrent-scans.md.
ROWS = 32  # a part of the batch has at least as many rows
UNITS = 512  # from here on oneDNN's products weigh more than the loop around them
STEPS = 8  # fewer are not worth compiling


class Scanned(keras.layers.RNN):  # type: ignore[misc]
    """The inner loop that the three layers share, mixed in before Keras's class.

    Args:
        precision: what the products' factors and results are rounded to.
        few_lengths: where the length is not known beforehand, it takes few values: each of them
            may be compiled.
        weight_drop: the fraction of the recurrent kernel's entries that are zero in a training
            step, the others scaled up (DropConnect as in Merity, Keskar and Socher 2018,
            section 2).
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
        self.precision, self.few_lengths = checked(precision), few_lengths
        self.weight_drop = weight_drop
        if weight_drop:
            self.drop_seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Keras's config, the precision, what is known of lengths, and the weight drop."""
        names = ("precision", "few_lengths", "weight_drop")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        """Keras's contract: (last output, outputs, states), run by `scan` where it can be."""
        with self._dropped(training):
            return self._loop(sequences, initial_state, mask, training)

    @contextlib.contextmanager
    def _dropped(self, training: bool) -> Iterator[None]:
        """Within, the cell's recurrent kernel is the one with zeros, if one is due."""
        if not (training and self.weight_drop):
            yield
            return
        attributes = self.cell.__dict__  # past Keras, which would count a tensor as a new weight
        kernel = attributes["recurrent_kernel"]
        attributes["recurrent_kernel"] = keras.random.dropout(
            kernel, self.weight_drop, seed=self.drop_seeds
        )
        try:
            yield
        finally:
            attributes["recurrent_kernel"] = kernel

    def _loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: bool
    ) -> tuple[Any, Any, Any]:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask[..., 0] if mask is not None and len(mask.shape) == 3 else mask  # noqa: PLR2004
        if not self._scannable():
            return super().inner_loop(sequences, initial_state, mask, training)  # type: ignore[no-any-return]
        plan = self._plan(sequences)
        # Large float32 products are worth sharing out.
        whole = plan.precision != tf.bfloat16 and self.cell.units >= UNITS
        sizes = [tf.shape(sequences)[0]] if whole else parts.sizes(sequences, ROWS)
        projected = self._project(sequences, sizes, plan.precision, training)
        carried = zip(*(tf.split(state, sizes) for state in initial_state), strict=True)
        masks = [None] * len(sizes)
        if mask is not None:
            masks = tf.split(self._in_order(tf.cast(mask, tf.bool)), sizes)
        kernel = recurrent_kernel(plan, tf.convert_to_tensor(self.cell.recurrent_kernel))
        results = [
            self._run(plan, kernel, *part) for part in zip(projected, carried, masks, strict=True)
        ]
        last, outputs, states = zip(*results, strict=True)
        return parts.join(last), parts.join(outputs), [*map(parts.join, zip(*states, strict=True))]

    def _run(
        self, plan: Plan, kernel: Kernel, x: Any, states: Any, mask: Any
    ) -> tuple[Any, Any, Any]:
        """One part of the batch: x (T, B, G*H) and mask (B, T) to last, outputs, states."""
        mask = None if mask is None else tf.transpose(mask)  # (T, B)
        outputs, states = scan(plan, x, states, kernel, self._bias(), mask)
        last = states[0]
        if mask is not None:
            outputs = self._masked(outputs, mask)
            last = outputs[-1]
        outputs = tf.transpose(outputs, (1, 0, 2)) if self.return_sequences else last[:, tf.newaxis]
        return last, outputs, states

    def _scannable(self) -> bool:
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

    def _plan(self, sequences: Any) -> Plan:
        narrow = self.precision == "bfloat16"
        precision = tf.bfloat16 if narrow else tf.as_dtype(self.compute_dtype)
        return Plan(self.step, precision, self._compile(sequences, narrow))

    def _compile(self, sequences: Any, narrow: bool) -> Compile:
        batch, steps, _ = sequences.shape
        if batch is None or (steps is not None and steps < STEPS):
            return "nothing"
        fixed = steps is not None or self.few_lengths
        whole = fixed and not narrow and self.cell.units < UNITS
        return "scan" if whole else "gates"

    def _bias(self) -> Any:
        """The bias of the input and, in a GRU, that of the state: (1 or 2, G*H)."""
        shape = (2 if self.step.reset_after else 1, self.cell.recurrent_kernel.shape[1])
        if self.cell.bias is None:
            return tf.zeros(shape, self.compute_dtype)
        return tf.reshape(self.cell.bias, shape)

    def _project(
        self, sequences: Any, sizes: list[Any], precision: tf.DType, training: bool
    ) -> list[Any]:
        """The inputs of each part of the batch times the kernel, time-major: (T, B, G*H)."""
        kernel = tf.convert_to_tensor(self.cell.kernel)
        lookup = getattr(sequences, "lookup", None)
        if training and self.cell.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, tf.newaxis]
        elif lookup is not None:
            table = product(lookup[0], kernel, precision)
            ids = self._in_order(lookup[1])
            return [look_up(table, tf.transpose(part)) for part in tf.split(ids, sizes)]
        sequences = self._in_order(sequences)
        major = [tf.transpose(part, (1, 0, 2)) for part in tf.split(sequences, sizes)]
        return [_times(part, kernel, precision) for part in major]

    def _in_order(self, sequence: Any) -> Any:
        """(B, T, ...) in the order in which time is scanned."""
        return tf.reverse(sequence, [1]) if self.go_backwards else sequence

    def _masked(self, outputs: Any, mask: Any) -> Any:
        """Keras's outputs at masked steps: zero, or the output before, zero at the start."""
        if not self.zero_output_for_mask:
            mask = tf.cumsum(tf.cast(mask, tf.int32), axis=0) > 0
        return tf.where(mask[..., tf.newaxis], outputs, tf.zeros_like(outputs))


def _times(sequences: Any, kernel: Any, precision: tf.DType) -> Any:
    """(T, B, E) times (E, G*H) as one product of all rows."""
    time, batch, width = sequences.shape
    x = product(tf.reshape(sequences, (-1, width)), kernel, precision)
    shape = tf.shape(sequences)
    x = tf.reshape(x, (shape[0], shape[1], kernel.shape[1]))
    x.set_shape((time, batch, kernel.shape[1]))
    return x


@register
class SimpleRNN(Scanned, keras.layers.SimpleRNN):  # type: ignore[misc]
    """`keras.layers.SimpleRNN`, by `scan`."""

    step = cells.SimpleCell()


@register
class LSTM(Scanned, keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`, by `scan`."""

    step = cells.LSTMCell()


@register
class GRU(Scanned, keras.layers.GRU):  # type: ignore[misc]
    """`keras.layers.GRU` with the reset after the product, by `scan`."""

    step = cells.GRUCell()


CELLS: dict[str, type[Scanned]] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
"""Cell name to the layer that runs it."""
