"""One step of each cell, written out in NumPy on Keras's weights.

Each cell keeps its state and its work space, so that a step allocates nothing. Its input arrives
already projected, as x W + b. The columns of the sigmoid gates are halved, because
sigmoid(z) = (tanh(z / 2) + 1) / 2 lets one tanh serve all gates, and halving a float is exact.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Cell(Protocol):
    """A recurrent cell that reads one time step of B sequences and keeps their state.

    Attributes:
        kernel: W, shape (inputs, gates H), sigmoid gates halved.
        bias: added to the projected input, shape (gates H,), sigmoid gates halved.
        states: what is carried to the next step, each of shape (B, H), the output first.
    """

    kernel: Array
    bias: Array
    states: tuple[Array, ...]

    def reset(self) -> None:
        """Set the state to zero."""

    def step(self, projected: Array) -> Array:
        """Map x W + b, shape (B, gates H), to the new output, (B, H), valid until the next step."""


class SimpleRNN:
    """h = tanh(x W + b + h U)."""

    def __init__(self, kernel: Array, recurrent: Array, bias: Array, batch_size: int) -> None:
        self.kernel, self.bias = kernel, bias
        self._recurrent = _order_for_blas(recurrent, batch_size)
        self._h, self._z = _allocate(2, batch_size, len(recurrent))
        self.states: tuple[Array, ...] = (self._h,)

    def reset(self) -> None:
        """Set the state to zero."""
        self._h[:] = 0

    def step(self, projected: Array) -> Array:
        """One time step; shapes as in `Cell.step`."""
        np.matmul(self._h, self._recurrent, out=self._z)
        self._z += projected
        return np.tanh(self._z, out=self._h)


class LSTM:
    """Gates in Keras's order i, f, c, o: c = f c + i tanh(z_c), h = o tanh(c)."""

    def __init__(self, kernel: Array, recurrent: Array, bias: Array, batch_size: int) -> None:
        units = len(recurrent)
        halves = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), units)
        self.kernel, self.bias = kernel * halves, bias * halves
        self._recurrent = _order_for_blas(recurrent * halves, batch_size)
        self._h, self._c, self._tanh_c = _allocate(3, batch_size, units)
        self.states: tuple[Array, ...] = (self._h, self._c)
        self._z = np.empty((batch_size, 4 * units), np.float32)
        self._i, self._f, self._g, self._o = np.split(self._z, 4, axis=1)
        self._i_and_f = self._z[:, : 2 * units]

    def reset(self) -> None:
        """Set the state to zero."""
        self._h[:] = 0
        self._c[:] = 0

    def step(self, projected: Array) -> Array:
        """One time step; shapes as in `Cell.step`."""
        np.matmul(self._h, self._recurrent, out=self._z)
        self._z += projected
        np.tanh(self._z, out=self._z)
        _finish_sigmoid(self._i_and_f)
        _finish_sigmoid(self._o)
        self._c *= self._f
        self._g *= self._i
        self._c += self._g
        np.tanh(self._c, out=self._tanh_c)
        return np.multiply(self._o, self._tanh_c, out=self._h)


class GRU:
    """Keras's default, reset after the product: gates z, r, h; h = z h + (1 - z) n.

    n = tanh(x W_h + r (h U_h + b_h)); the bias has a row for the input and one for this product.
    """

    def __init__(self, kernel: Array, recurrent: Array, bias: Array, batch_size: int) -> None:
        units = len(recurrent)
        halves = np.repeat(np.array([0.5, 0.5, 1], np.float32), units)
        self.kernel, self.bias = kernel * halves, bias[0] * halves
        self._recurrent = _order_for_blas(recurrent * halves, batch_size)
        self._recurrent_bias = bias[1] * halves
        self._units = units
        self._h, self._n = _allocate(2, batch_size, units)
        self.states: tuple[Array, ...] = (self._h,)
        self._p = np.empty((batch_size, 3 * units), np.float32)
        self._z_and_r = self._p[:, : 2 * units]
        self._z, self._r, self._p_h = np.split(self._p, 3, axis=1)

    def reset(self) -> None:
        """Set the state to zero."""
        self._h[:] = 0

    def step(self, projected: Array) -> Array:
        """One time step; shapes as in `Cell.step`."""
        np.matmul(self._h, self._recurrent, out=self._p)
        self._p += self._recurrent_bias
        self._z_and_r += projected[:, : 2 * self._units]
        np.tanh(self._z_and_r, out=self._z_and_r)
        _finish_sigmoid(self._z_and_r)
        np.multiply(self._r, self._p_h, out=self._n)
        self._n += projected[:, 2 * self._units :]
        np.tanh(self._n, out=self._n)
        self._h -= self._n  # z h + (1 - z) n = z (h - n) + n
        self._h *= self._z
        self._h += self._n
        return self._h


CELL_CLASSES: dict[str, Callable[[Array, Array, Array, int], Cell]] = {
    "rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
}
"""Cell name to its class."""


def _order_for_blas(recurrent: Array, batch_size: int) -> Array:
    """Store U the way BLAS multiplies it fastest: by columns for a single vector."""
    return np.asarray(recurrent, order="F" if batch_size == 1 else "C")


def _allocate(count: int, batch_size: int, units: int) -> list[Array]:
    """Make `count` arrays of zeros, each (B, H)."""
    return [np.zeros((batch_size, units), np.float32) for _ in range(count)]


def _finish_sigmoid(half_tanh: Array) -> None:
    """Turn tanh(z / 2) into sigmoid(z), in place."""
    half_tanh *= 0.5
    half_tanh += 0.5
