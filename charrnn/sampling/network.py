"""A checkpoint as something to be stepped: ids in, logits out."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import Checkpoint
from charrnn.data.vocabulary import Ids
from charrnn.errors import CheckpointError
from charrnn.sampling.cells import CELLS, Array, Cell


class Stepper(Protocol):
    """A network that reads one character at a time and carries its state."""

    def reset(self) -> None:
        """Set the carried state to zero."""

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""


class Reader(Protocol):
    """A network that reads whole texts and carries its state."""

    def reset(self) -> None:
        """Set the carried state to zero."""

    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read on in each text, shape (B, T), and give every character's logits, (B, T, V)."""


_quiet = np.errstate(over="ignore", invalid="ignore")  # `numbers` complains instead


class NumpyStepper:
    """The network written out in NumPy.

    Embedding and the first layer's input projection are multiplied out once into a table with a
    row for each character, so that a step of one layer is one matrix-vector product.

    Args:
        checkpoint: the network.
        batch_size: B, how many texts go side by side.
    """

    @_quiet
    def __init__(self, checkpoint: Checkpoint, batch_size: int = 1) -> None:
        weights, config = checkpoint.weights, checkpoint.network
        self._cells: list[Cell] = []
        for layer in range(config.layers):
            path = f"{config.layer_path(layer)}/cell/vars"
            kernel, recurrent, bias = (weights[f"{path}/{place}"] for place in range(3))
            self._cells.append(CELLS[config.cell](kernel, recurrent, bias, batch_size))
        first = self._cells[0]
        self._table: Array = weights["layers/embedding/vars/0"] @ first.kernel + first.bias
        self._dense = np.asfortranarray(weights["layers/dense/vars/0"])
        self._dense_bias = weights["layers/dense/vars/1"]

    def reset(self) -> None:
        """Set the carried state to zero."""
        for cell in self._cells:
            cell.reset()

    @_quiet
    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""
        output = self._cells[0].step(self._table[ids])  # (B, H)
        for cell in self._cells[1:]:
            output = cell.step(_projected(output, cell.kernel, cell.bias))
        return _projected(output, self._dense, self._dense_bias)

    @_quiet
    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read on in each text, shape (B, T), and give every character's logits, (B, T, V).

        Layer by layer, so that whatever does not wait for the step before is one product.
        """
        outputs = _stepped(self._cells[0], self._table[ids.T])  # (T, B, H)
        for cell in self._cells[1:]:
            outputs = _stepped(cell, _projected(outputs, cell.kernel, cell.bias))
        return _projected(outputs, self._dense, self._dense_bias).swapaxes(0, 1)


def numbers(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The logits, if that is what they are.

    Raises:
        CheckpointError: some are infinite or NaN.
    """
    if not np.isfinite(logits).all():
        raise CheckpointError(
            "the network predicts no numbers: its training diverged, choose an earlier epoch"
        )
    return logits


def _projected(signal: Array, kernel: Array, bias: Array) -> Array:
    """The product x W + b, for every x in (..., inputs) at once."""
    flat: Array = signal.reshape(-1, len(kernel)) @ kernel
    flat += bias
    return flat.reshape(*signal.shape[:-1], -1)


def _stepped(cell: Cell, projected: Array) -> Array:
    """A layer's outputs (T, B, H) from its projected inputs (T, B, gates H)."""
    return np.stack([cell.step(step).copy() for step in projected])
