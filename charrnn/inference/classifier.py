"""A review classifier written out in NumPy: ids to logits, the way Keras computes them.

A signal is an array (T, B, W), time first: T tokens, B reviews, W wide. It comes with a mask
(T, B), true for a token that counts, or None if all do. The layers over time end in features
(B, W), one row for each review.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from charrnn.config.reviews import ClassifierConfig
from charrnn.data.vocabulary import Ids
from charrnn.inference.cells import CELL_CLASSES, Array, Cell
from charrnn.runs.checkpoint import Classifier, Weights

Mask = npt.NDArray[np.bool_]
OverTime = Callable[[Array, Mask | None], Array]

_TOKENS = 2**16  # read side by side at most, padding included
_NUMBERS = 2**23  # of the widest layer for these tokens: bounds the memory
_PROJECTED = 2**11  # tokens projected together, so that their gates stay in the cache


class NumpyClassifier:
    """The part of a classifier that reads tokens in order, without its average of bigrams.

    Args:
        checkpoint: the network; its weights are only read.
    """

    def __init__(self, checkpoint: Classifier) -> None:
        weights, config = checkpoint.weights, checkpoint.network
        self._embedding = weights["layers/embedding/vars/0"]
        self._masked = config.mask
        self._tokens = min(_TOKENS, _NUMBERS // config.width)
        self._layers = _build_layers(config, weights)
        self._dense = _find_dense(config, weights)

    def __call__(self, ids: npt.NDArray[np.int32]) -> Array:
        """Compute the logits of reviews, a few at a time so that memory stays bounded.

        Args:
            ids: padded, shape (B, T), T at least 1.

        Returns:
            Shape (B,).
        """
        rows = max(1, self._tokens // ids.shape[1])
        chunks = [self._read(ids[at : at + rows]) for at in range(0, len(ids), rows)]
        return self._judge(np.concatenate(chunks)) if chunks else np.empty(0, np.float32)

    def _read(self, ids: npt.NDArray[np.int32]) -> Array:
        """Ids (B, T) to features (B, W)."""
        signal: Array = self._embedding[ids.T]
        mask = ids.T != 0 if self._masked else None
        for layer in self._layers:
            signal = layer(signal, mask)
        return signal

    def _judge(self, features: Array) -> Array:
        """Features (B, W) to logits (B,)."""
        *hidden, (kernel, bias) = self._dense
        for hidden_kernel, hidden_bias in hidden:
            features = np.maximum(features @ hidden_kernel + hidden_bias, 0)
        logits: Array = (features @ kernel + bias)[:, 0]
        return logits


class NumpyBigrams:
    """The part of a classifier that averages what its table says of a review's bigrams."""

    def __init__(self, checkpoint: Classifier) -> None:
        learned, self._bias, ratio = (
            checkpoint.weights[f"layers/bigrams/vars/{place}"] for place in range(3)
        )
        self._table = learned * ratio

    def __call__(self, reviews: Sequence[Ids]) -> Array:
        """Compute the logits (B,) of reviews, each given by its rows (N,) from `hash_bigrams`."""
        means = [self._table[rows].sum() / max(1, len(rows)) for rows in reviews]
        return np.array(means, np.float32) + self._bias


class Recurrent:
    """A recurrent layer in one direction, or in both with their outputs side by side.

    Args:
        cell: its name in `charrnn.inference.cells.CELL_CLASSES`.
        directions: kernel, recurrent kernel and bias of the forward cell and, if the layer is
            bidirectional, of the backward cell.
        sequences: return all outputs, (T, B, W), instead of the last, (B, W).
    """

    def __init__(self, cell: str, directions: Sequence[Sequence[Array]], sequences: bool) -> None:
        self._make_cell = CELL_CLASSES[cell]
        self._directions = directions
        self._sequences = sequences

    def __call__(self, signal: Array, mask: Mask | None) -> Array:
        """Compute the outputs; a masked token leaves state and output as they were."""
        sides = []
        for weights, step in zip(self._directions, (1, -1), strict=False):  # one or both
            kernel, recurrent, bias = weights
            cell = self._make_cell(kernel, recurrent, bias, signal.shape[1])
            directed = None if mask is None else mask[::step]
            outputs = _scan(cell, len(recurrent), signal[::step], directed)
            sides.append(outputs[::step] if self._sequences else outputs[-1])
        return np.concatenate(sides, axis=-1)


def pool_average(signal: Array, mask: Mask | None) -> Array:
    """Average over the tokens that count, (B, W); zero if none does."""
    if mask is None:
        return np.asarray(signal.mean(axis=0))
    total: Array = np.where(mask[..., None], signal, 0).sum(axis=0)
    counted = np.maximum(mask.sum(axis=0, dtype=np.float32), 1)
    return np.asarray(total / counted[:, None])


def pool_maximum(signal: Array, mask: Mask | None) -> Array:
    """Take the largest values over the tokens that count, (B, W); zero if none does."""
    if mask is None:
        return np.asarray(signal.max(axis=0))
    most = np.where(mask[..., None], signal, -np.inf).max(axis=0)
    return np.where(np.asarray(mask.any(axis=0))[:, None], most, np.float32(0))


def _scan(cell: Cell, units: int, signal: Array, mask: Mask | None) -> Array:
    """Compute a cell's outputs (T, B, H), in the order of the signal.

    With a mask, each review's counting tokens are moved to the front, so that the cell itself needs
    no mask. A masked token's output is then looked up: that of the last counting token before it.
    """
    if mask is None:
        return _step_through(cell, units, signal)[1:]
    rows = np.arange(signal.shape[1])
    counted = np.cumsum(mask, axis=0)
    order = np.argsort(~mask, axis=0, kind="stable")[: counted[-1].max()]
    return _step_through(cell, units, signal[order, rows])[counted, rows]


def _step_through(cell: Cell, units: int, signal: Array) -> Array:
    """Compute zeros and then a cell's outputs, (T + 1, B, H)."""
    time, batch_size, width = signal.shape
    outputs = np.zeros((time + 1, batch_size, units), np.float32)
    steps = max(1, _PROJECTED // batch_size)
    for start in range(0, time, steps):
        block = signal[start : start + steps]
        projected = block.reshape(-1, width) @ cell.kernel + cell.bias
        for place, row in enumerate(projected.reshape(len(block), batch_size, -1), start + 1):
            outputs[place] = cell.step(row)
    return outputs


def _build_layers(config: ClassifierConfig, weights: Weights) -> list[OverTime]:
    """Build the layers from the embedding's signal to features."""
    if not config.units:
        return [pool_average]
    layers: list[OverTime] = []
    for layer in range(len(config.units)):
        paths = config.cell_paths(layer)
        directions = [[weights[f"{path}/{place}"] for place in range(3)] for path in paths]
        sequences = layer < len(config.units) - 1 or config.pooling == "max"
        layers.append(Recurrent(config.cell, directions, sequences))
    return [*layers, pool_maximum] if config.pooling == "max" else layers


def _find_dense(config: ClassifierConfig, weights: Weights) -> list[tuple[Array, Array]]:
    """Find kernel and bias of each dense layer; the last layer gives the logit."""
    names = ["dense", "dense_1"] if config.dense else ["dense"]
    return [(weights[f"layers/{n}/vars/0"], weights[f"layers/{n}/vars/1"]) for n in names]
