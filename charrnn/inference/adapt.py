"""Dynamic evaluation: a network that goes on learning while it reads.

Krause, Kahembwe, Murray and Renals 2018, "Dynamic evaluation of neural sequence models"
(arXiv:1709.07432). The text is read in pieces; after each, every weight takes a step against the
piece's gradient g, divided by the root mean square r that its gradient had on the training text,
and is pulled back to the value w0 that it started from:

    w <- w - rate * g / (r + e) + pull * (w0 - w) * r / mean(r)

Shapes: T characters of a piece, V vocabulary, H units, G gates, E embedding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from charrnn.data.vocabulary import Ids
from charrnn.inference.backward import LEARNING_CELLS, Array, LearningCell
from charrnn.inference.finite import ignore_overflow
from charrnn.runs.checkpoint import Checkpoint, Weights

_LEAST = 1e-3  # times the mean: the smallest mean root that divides a gradient


@dataclass(frozen=True)
class Adaptation:
    """How a network learns from what it reads.

    Attributes:
        rate: how far a weight moves on a gradient of its usual size.
        pull: what part of the way back a usual weight goes after each piece.
        piece: characters that are predicted before they are learnt from.
    """

    rate: float = 3e-4
    pull: float = 0.0
    piece: int = 20


class LearningNetwork:
    """A network that reads one text piece by piece, and knows its gradients.

    Args:
        checkpoint: the network; its weights are copied, not changed.

    Attributes:
        weights: the copies, which may be changed between pieces.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        config = checkpoint.network
        self.weights = {name: np.array(values) for name, values in checkpoint.weights.items()}
        self._paths = [f"{config.layer_path(layer)}/cell/vars" for layer in range(config.layers)]
        cell = LEARNING_CELLS[config.cell]
        self._cells: list[LearningCell] = [
            cell(self.weights[f"{path}/1"], self.weights[f"{path}/2"]) for path in self._paths
        ]
        self._shared = config.cell != "gru"

    def reset(self) -> None:
        """Set the carried state to zero."""
        for cell in self._cells:
            cell.reset()

    @ignore_overflow
    def read(self, ids: Ids) -> Array:
        """Read a piece, shape (T,), to the logits after each of its characters, (T, V)."""
        self._ids, self._signals = ids, [self.weights["layers/embedding/vars/0"][ids]]
        for path, cell in zip(self._paths, self._cells, strict=True):
            kernel, bias = self.weights[f"{path}/0"], np.atleast_2d(self.weights[f"{path}/2"])[0]
            self._signals.append(cell.read(self._signals[-1] @ kernel + bias))
        dense = (self.weights[f"layers/dense/vars/{place}"] for place in range(2))
        kernel, bias = dense
        self._logits: Array = self._signals[-1] @ kernel + bias
        return self._logits

    @ignore_overflow
    def compute_gradients(self, targets: Ids) -> dict[str, Array]:
        """Compute the gradients of the last piece's mean loss by each of the weights.

        Args:
            targets: the character after each of the piece's, shape (T,).
        """
        shifted = self._logits - self._logits.max(axis=1, keepdims=True)
        d_logits = np.exp(shifted)
        d_logits /= d_logits.sum(axis=1, keepdims=True)
        d_logits[np.arange(len(targets)), targets] -= 1
        d_logits /= len(targets)
        gradients = {
            "layers/dense/vars/0": self._signals[-1].T @ d_logits,
            "layers/dense/vars/1": d_logits.sum(axis=0),
        }
        d_signal = d_logits @ self.weights["layers/dense/vars/0"].T
        for layer in reversed(range(len(self._cells))):
            path = self._paths[layer]
            by = self._cells[layer].go_back(d_signal)
            gradients[f"{path}/0"] = self._signals[layer].T @ by.projected
            gradients[f"{path}/1"] = by.before.T @ by.product
            bias = by.projected.sum(axis=0)
            gradients[f"{path}/2"] = (
                bias if self._shared else np.stack([bias, by.product.sum(axis=0)])
            )
            d_signal = by.projected @ self.weights[f"{path}/0"].T
        table = np.zeros_like(self.weights["layers/embedding/vars/0"])
        np.add.at(table, self._ids, d_signal)
        gradients["layers/embedding/vars/0"] = table
        return gradients


def measure_roots(network: LearningNetwork, ids: Ids, piece: int) -> dict[str, Array]:
    """Measure the root mean square of each weight's gradient over the pieces of a text.

    Args:
        network: read from a state of zero; it does not learn.
        ids: the text, shape (N,), N at least 2.
        piece: characters of a piece.
    """
    network.reset()
    squares = {name: np.zeros_like(values) for name, values in network.weights.items()}
    count = 0
    for inputs, targets in cut_pieces(ids, piece):
        network.read(inputs)
        for name, gradient in network.compute_gradients(targets).items():
            squares[name] += gradient * gradient
        count += 1
    return {name: np.sqrt(total / count) for name, total in squares.items()}


def cut_pieces(ids: Ids, piece: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield a text's inputs and targets, each (T,); the last piece may be shorter."""
    for first in range(0, len(ids) - 1, piece):
        end = min(first + piece, len(ids) - 1)
        yield ids[first:end], ids[first + 1 : end + 1]


class Learner:
    """Steps a network's weights after each piece that it read."""

    def __init__(self, network: LearningNetwork, roots: Weights, adaptation: Adaptation) -> None:
        self._network = network
        mean = np.concatenate([values.ravel() for values in roots.values()]).mean()
        self._steps = {
            name: np.float32(-adaptation.rate) / (values + np.float32(_LEAST * mean))
            for name, values in roots.items()
        }
        self._pulls = {}
        if adaptation.pull:
            self._start = {name: values.copy() for name, values in network.weights.items()}
            self._pulls = {
                name: np.minimum(np.float32(adaptation.pull / mean) * values, np.float32(1))
                for name, values in roots.items()
            }

    def learn(self, targets: Ids) -> None:
        """Take a step on the piece that the network has just read."""
        for name, gradient in self._network.compute_gradients(targets).items():
            values = self._network.weights[name]
            gradient *= self._steps[name]
            if self._pulls:
                gradient += self._pulls[name] * (self._start[name] - values)
            values += gradient
