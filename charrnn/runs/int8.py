"""Matrices in a quarter of the space: 8 bits a number, and one float32 scale a column."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

_LARGEST = 127
_CLEARED = np.uint32(0xFF)  # the last bits of a scale's 24
_SMALLEST = np.finfo(np.float32).smallest_normal


class Quantized(NamedTuple):
    """A matrix that was rounded.

    Each product of a value and its column's scale is a float32, without rounding: whoever
    multiplies them, in whatever order, has the same weights.

    Attributes:
        values: shape (N, M), int8.
        scales: shape (M,).
    """

    values: npt.NDArray[np.int8]
    scales: Array

    def dequantize(self) -> Array:
        """Multiply them out, to (N, M)."""
        with np.errstate(over="ignore", invalid="ignore"):  # scales may be a stranger's
            return self.values * self.scales


def quantize(matrix: Array) -> Quantized:
    """Round a matrix, (N, M): each number by at most half of its column's scale.

    A matrix that was rounded before stays as it is.
    """
    scales = np.abs(matrix).max(axis=0) / np.float32(_LARGEST)
    scales = (scales.view(np.uint32) & ~_CLEARED).view(np.float32)
    scales[scales < _SMALLEST] = 0  # such a column is as good as none
    values = np.rint(np.divide(matrix, scales, where=scales > 0, out=np.zeros_like(matrix)))
    return Quantized(values.astype(np.int8), scales)
