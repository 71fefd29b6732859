"""A language model in NumPy that computes its gradients, for one text.

Shapes: T characters of a piece, V vocabulary, H units, G gates, E embedding.
"""

import numpy as np

from charrnn.data.vocabulary import Ids
from charrnn.inference.backward import LEARNING_CELLS, Array, LearningCell
from charrnn.inference.finite import ignore_overflow
from charrnn.runs.checkpoint import Checkpoint

_TABLE = "layers/embedding/vars/0"
_DENSE, _DENSE_BIAS = "layers/dense/vars/0", "layers/dense/vars/1"


class LearningNetwork:
    """A network that reads a text piece by piece, and backpropagates through the last piece.

    Args:
        checkpoint: the network; its weights are copied, not changed.

    Attributes:
        weights: the copies, which may be changed in place between pieces.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        config = checkpoint.network
        self.weights = {name: np.array(values) for name, values in checkpoint.weights.items()}
        self._paths = [f"{config.layer_path(layer)}/cell/vars" for layer in range(config.layers)]
        make = LEARNING_CELLS[config.cell]
        self._cells: list[LearningCell] = [
            make(self.weights[f"{path}/1"], self.weights[f"{path}/2"]) for path in self._paths
        ]

    def reset(self) -> None:
        """Set the carried state to zero."""
        for cell in self._cells:
            cell.reset()

    @ignore_overflow
    def read(self, ids: Ids) -> Array:
        """Read a piece, shape (T,), and return the logits after each character, (T, V)."""
        signal = self.weights[_TABLE][ids]
        self._ids, self._inputs = ids, [signal]
        for path, cell in zip(self._paths, self._cells, strict=True):
            bias = np.atleast_2d(self.weights[f"{path}/2"])[0]
            signal = cell.read(signal @ self.weights[f"{path}/0"] + bias)
            self._inputs.append(signal)
        self._logits: Array = signal @ self.weights[_DENSE] + self.weights[_DENSE_BIAS]
        return self._logits

    @ignore_overflow
    def compute_gradients(self, targets: Ids) -> dict[str, Array]:
        """Compute the gradient of the last piece's mean loss with respect to each weight.

        Args:
            targets: the character after each of the piece's, shape (T,).
        """
        d_logits = self._find_logits_gradient(targets)
        gradients = {
            _DENSE_BIAS: d_logits.sum(axis=0),
            _DENSE: self._inputs[-1].T @ d_logits,
        }
        d_signal = d_logits @ self.weights[_DENSE].T
        for place in reversed(range(len(self._cells))):
            path = self._paths[place]
            found = self._cells[place].backpropagate(d_signal)
            gradients[f"{path}/2"] = found.sum_biases(self.weights[f"{path}/2"].shape)
            gradients[f"{path}/1"] = found.before.T @ found.product
            gradients[f"{path}/0"] = self._inputs[place].T @ found.projected
            d_signal = found.projected @ self.weights[f"{path}/0"].T
        gradients[_TABLE] = np.zeros_like(self.weights[_TABLE])
        np.add.at(gradients[_TABLE], self._ids, d_signal)
        return gradients

    def _find_logits_gradient(self, targets: Ids) -> Array:
        """Softmax minus one at the target, over the T characters: (T, V)."""
        result: Array = np.exp(self._logits - self._logits.max(axis=1, keepdims=True))
        result /= result.sum(axis=1, keepdims=True)
        result[np.arange(len(targets)), targets] -= 1
        result /= np.float32(len(targets))
        return result
