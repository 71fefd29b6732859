"""How a scan is run: its precision, what XLA compiles, and the layouts that are fastest for it.

Shapes: B batch, H units, G gates.
"""

from functools import cache
from typing import Literal, NamedTuple

import tensorflow as tf

from charrnn.networks.cells import Cell, Tensors

# Measured, see docs/decisions/0006-recurrent-scans.md.
UNITS = 512  # from here on oneDNN's float32 products cost more than the loop around them
STEPS = 8  # fewer are not worth compiling

Compiled = Literal["scan", "gates", "nothing"]


class Kernel(NamedTuple):
    """A recurrent kernel (H, G*H), and the second factor of each direction's products."""

    weights: tf.Tensor
    forward: tf.Tensor
    backward: tf.Tensor


class ScanMode(NamedTuple):
    """How to run a scan; the mode affects speed and, by `precision`, the rounding of products.

    Attributes:
        cell: the step and its derivative.
        precision: dtype of the products and their factors; all else has the states' dtype.
        compiled: what XLA compiles: the whole scan, each step's gates, or nothing.
    """

    cell: Cell
    precision: tf.DType
    compiled: Compiled

    def lay_out_kernel(self, weights: tf.Tensor) -> Kernel:
        """Lay a recurrent kernel out for both directions, once for all scans that share it.

        oneDNN's bfloat16 product is fastest with a transposed factor, its float32 product with a
        plain one.
        """
        factor = tf.stop_gradient(tf.cast(weights, self.precision))
        transposed = tf.transpose(factor)
        if self.precision == tf.bfloat16:
            return Kernel(weights, transposed, factor)
        return Kernel(weights, factor, transposed)

    def multiply(self, rows: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
        """Multiply rows, already of the mode's precision, by one of a `Kernel`'s factors."""
        return tf.matmul(rows, factor, transpose_b=self.precision == tf.bfloat16)

    def join_gates(self, gates: Tensors) -> tf.Tensor:
        """Join gates, each (B, H), side by side, (B, G*H), in the way measured to be faster."""
        if self.compiled == "scan":
            return tf.concat(gates, axis=1)
        return tf.reshape(tf.stack(gates, axis=1), (-1, len(gates) * gates[0].shape[1]))

    def pack(self, saved: Tensors) -> Tensors:
        """Join what a step saves into one array, as each array costs TensorFlow's loop time.

        A loop compiled by XLA has no such cost, and keeps them apart.
        """
        return saved if self.compiled == "scan" or not saved else [self.join_gates(saved)]

    def unpack(self, packed: Tensors) -> Tensors:
        """Undo `pack`."""
        if self.compiled == "scan" or not packed:
            return packed
        return tf.split(packed[0], self.cell.saved, axis=1)  # type: ignore[no-any-return]

    def list_packed_widths(self, units: int) -> list[int]:
        """List the widths of the arrays that `pack` returns."""
        count = self.cell.saved
        return [units] * count if self.compiled == "scan" or not count else [count * units]


def runs_natively(steps: int | None, units: int, precision: tf.DType) -> bool:
    """Whether `charrnn.networks.native` runs a scan: numba must be installed.

    Args:
        steps: T; None if it isn't known beforehand.
        units: H; in bfloat16 they must have pairs.
        precision: dtype of the products.
    """
    if not (steps is None or steps >= STEPS) or not _has_numba():
        return False
    if precision == tf.bfloat16:
        from charrnn.networks.native.tile import HAS_PAIRS

        return HAS_PAIRS and units % 2 == 0
    return bool(precision == tf.float32)


@cache
def _has_numba() -> bool:
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def choose_compiled(
    batch: int | None, steps: int | None, units: int, precision: tf.DType, *, few_lengths: bool
) -> Compiled:
    """Choose what XLA compiles of a scan.

    Args:
        batch: B; None if it isn't known beforehand.
        steps: T; None if it isn't known beforehand.
        units: H.
        precision: dtype of the products.
        few_lengths: whether an unknown T takes few values, each worth compiling for.
    """
    if batch is None or (steps is not None and steps < STEPS):
        return "nothing"
    fixed = steps is not None or few_lengths
    small = precision != tf.bfloat16 and units < UNITS
    return "scan" if fixed and small else "gates"


def fills_all_cores(units: int, precision: tf.DType) -> bool:
    """Whether one product is so large that oneDNN shares it among the cores with a gain."""
    return precision != tf.bfloat16 and units >= UNITS
