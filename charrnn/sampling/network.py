"""A checkpoint as something to be stepped: ids in, logits out."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import Checkpoint
from charrnn.data.vocabulary import Ids
from charrnn.sampling.cells import CELLS, Array, Cell


class Stepper(Protocol):
    """A network that reads one character at a time and carries its state."""

    def reset(self) -> None:
        """Set the carried state to zero."""

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""


class NumpyStepper:
    """The network written out in NumPy.

    Embedding and the first layer's input projection are multiplied out once into a table with a
    row for each character, so that a step of one layer is one matrix-vector product.

    Args:
        checkpoint: the network.
        batch_size: B, how many texts go side by side.
    """

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

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""
        output = self._cells[0].step(self._table[ids])  # (B, H)
        for cell in self._cells[1:]:
            output = cell.step(output @ cell.kernel + cell.bias)
        logits: Array = output @ self._dense
        logits += self._dense_bias
        return logits
