"""Recurrent cells in NumPy with backpropagation through time, for one text.

A cell reads T characters from its carried state, then backpropagates through them from the gradient
with respect to its outputs. The gradient stops at the carried state: it is truncated to the T
characters.

Shapes: T time, H units, G gates. The equations are those of `charrnn.inference.cells`.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Gradients(NamedTuple):
    """The loss's gradients with respect to what a cell multiplies.

    Attributes:
        projected: of the projected input x W + b, (T, G*H).
        product: of the recurrent product h U, (T, G*H).
        before: the outputs that were multiplied by U, (T, H).
    """

    projected: Array
    product: Array
    before: Array

    def sum_biases(self, shape: tuple[int, ...]) -> Array:
        """Sum up the bias's gradient: (G*H,), or (2, G*H) if the product has a bias of its own."""
        sums = self.projected.sum(axis=0)
        return sums if len(shape) == 1 else np.stack([sums, self.product.sum(axis=0)])


class LearningCell(Protocol):
    """A recurrent cell that carries its state and remembers the last piece that it read."""

    def reset(self) -> None:
        """Set the state to zero."""

    def read(self, projected: Array) -> Array:
        """Read the projected inputs of T characters, (T, G*H), and return the outputs, (T, H)."""

    def backpropagate(self, d_outputs: Array) -> Gradients:
        """Backpropagate through the last piece from the gradient of its outputs, (T, H)."""


class SimpleRNN:
    """h = tanh(x W + b + h U).

    Args:
        recurrent: U, (H, H); read anew for each piece, so it may change in between.
        bias: unused.
    """

    def __init__(self, recurrent: Array, bias: Array) -> None:  # noqa: ARG002 - as the others
        self._recurrent = recurrent
        self._outputs = np.zeros((1, len(recurrent)), np.float32)

    def reset(self) -> None:
        """Set the state to zero."""
        self._outputs[-1] = 0

    def read(self, projected: Array) -> Array:
        """Read a piece; shapes as in `LearningCell.read`."""
        outputs = _begin(self._outputs, len(projected))
        for t, x in enumerate(projected):
            np.tanh(x + outputs[t] @ self._recurrent, out=outputs[t + 1])
        self._outputs = outputs
        return outputs[1:]

    def backpropagate(self, d_outputs: Array) -> Gradients:
        """Backpropagate through the piece; shapes as in `LearningCell.backpropagate`."""
        d_z = 1 - self._outputs[1:] ** 2
        d_h = np.zeros_like(d_outputs[0])
        for t in reversed(range(len(d_z))):
            d_z[t] *= d_outputs[t] + d_h
            d_h = self._recurrent @ d_z[t]
        return Gradients(d_z, d_z, self._outputs[:-1])


class LSTM:
    """Gates in Keras's order i, f, c, o: c = f c + i tanh(z_c), h = o tanh(c).

    Args:
        recurrent: U, (H, 4H); read anew for each piece, so it may change in between.
        bias: unused.
    """

    def __init__(self, recurrent: Array, bias: Array) -> None:  # noqa: ARG002 - as the others
        self._recurrent = recurrent
        self._outputs = np.zeros((1, len(recurrent)), np.float32)
        self._cells = np.zeros_like(self._outputs)

    def reset(self) -> None:
        """Set the state to zero."""
        self._outputs[-1] = 0
        self._cells[-1] = 0

    def read(self, projected: Array) -> Array:
        """Read a piece; shapes as in `LearningCell.read`."""
        steps, units = len(projected), len(self._recurrent)
        outputs, cells = _begin(self._outputs, steps), _begin(self._cells, steps)
        gates = np.empty((steps, 4, units), np.float32)
        for t, x in enumerate(projected):
            i, f, g, o = (x + outputs[t] @ self._recurrent).reshape(4, units)
            gates[t] = i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
            cells[t + 1] = f * cells[t] + i * g
            outputs[t + 1] = o * np.tanh(cells[t + 1])
        self._outputs, self._cells, self._gates = outputs, cells, gates
        return outputs[1:]

    def backpropagate(self, d_outputs: Array) -> Gradients:
        """Backpropagate through the piece; shapes as in `LearningCell.backpropagate`."""
        i, f, g, o = self._gates.swapaxes(0, 1)  # each (T, H)
        squashed = np.tanh(self._cells[1:])
        by_cell = o * (1 - squashed**2)
        slopes = np.stack(
            [
                g * i * (1 - i),
                self._cells[:-1] * f * (1 - f),
                i * (1 - g**2),
                squashed * o * (1 - o),
            ],
            axis=1,
        )  # (T, 4, H), by the cell, the output gate's by the output
        d_h, d_c = np.zeros_like(d_outputs[0]), np.zeros_like(d_outputs[0])
        for t in reversed(range(len(slopes))):
            d_h = d_h + d_outputs[t]
            d_c = d_c + d_h * by_cell[t]
            slopes[t, :3] *= d_c
            slopes[t, 3] *= d_h
            d_h = self._recurrent @ slopes[t].ravel()
            d_c = d_c * f[t]
        d_z = slopes.reshape(len(slopes), -1)
        return Gradients(d_z, d_z, self._outputs[:-1])


class GRU:
    """Keras's default, reset after the product: gates z, r, h; h = z h + (1 - z) n.

    Args:
        recurrent: U, (H, 3H); read anew for each piece, so it may change in between.
        bias: (2, 3H), of which the second row is added to the product; read anew too.
    """

    def __init__(self, recurrent: Array, bias: Array) -> None:
        self._recurrent, self._bias = recurrent, bias
        self._outputs = np.zeros((1, len(recurrent)), np.float32)

    def reset(self) -> None:
        """Set the state to zero."""
        self._outputs[-1] = 0

    def read(self, projected: Array) -> Array:
        """Read a piece; shapes as in `LearningCell.read`."""
        steps, units = len(projected), len(self._recurrent)
        outputs = _begin(self._outputs, steps)
        gates = np.empty((steps, 3, units), np.float32)
        products = np.empty((steps, units), np.float32)
        for t, x in enumerate(projected):
            u = outputs[t] @ self._recurrent + self._bias[1]
            gates[t, :2] = _sigmoid((x + u)[: 2 * units]).reshape(2, units)
            z, r = gates[t, :2]
            products[t] = u[2 * units :]
            gates[t, 2] = np.tanh(x[2 * units :] + r * products[t])
            outputs[t + 1] = z * outputs[t] + (1 - z) * gates[t, 2]
        self._outputs, self._gates, self._products = outputs, gates, products
        return outputs[1:]

    def backpropagate(self, d_outputs: Array) -> Gradients:
        """Backpropagate through the piece; shapes as in `LearningCell.backpropagate`."""
        z, r, n = self._gates.swapaxes(0, 1)  # each (T, H)
        d_n = (1 - z) * (1 - n**2)
        d_r = d_n * self._products * r * (1 - r)
        d_z = (self._outputs[:-1] - n) * z * (1 - z)
        projected = np.stack([d_z, d_r, d_n], axis=1)  # (T, 3, H), by the output
        product = np.stack([d_z, d_r, d_n * r], axis=1)
        d_h = np.zeros_like(d_outputs[0])
        for t in reversed(range(len(d_n))):
            d_h = d_h + d_outputs[t]
            projected[t] *= d_h
            product[t] *= d_h
            d_h = z[t] * d_h + self._recurrent @ product[t].ravel()
        flat = (len(d_n), -1)
        return Gradients(projected.reshape(flat), product.reshape(flat), self._outputs[:-1])


LEARNING_CELLS: dict[str, Callable[[Array, Array], LearningCell]] = {
    "rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
}
"""Cell name to its class."""


def _begin(last: Array, steps: int) -> Array:
    """Make an array (T + 1, H) for the states before and after each step, with the first."""
    states = np.empty((steps + 1, last.shape[1]), np.float32)
    states[0] = last[-1]
    return states


def _sigmoid(z: Array) -> Array:
    half: Array = 0.5 * np.tanh(0.5 * z) + 0.5
    return half
