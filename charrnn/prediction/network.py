"""A review classifier written out in NumPy: ids in, logits out, as Keras computes them.

A signal is an array (T, B, W), time first: T tokens, B reviews, W wide. With it goes a mask
(T, B), true where a token counts, or None where all do. The layers over time end in features
(B, W), one row for each review.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import Classifier, Weights
from charrnn.classifiers import ClassifierConfig
from charrnn.data.vocabulary import Ids
from charrnn.sampling.cells import CELLS, Array, Cell

Mask = npt.NDArray[np.bool_]
OverTime = Callable[[Array, Mask | None], Array]

_TOKENS = 2**16  # that are read side by side, padding included: bounds the memory
_PROJECTED = 2**11  # tokens that are projected together: their gates stay in the cache


class NumpyClassifier:
    """The network that reads a checkpoint's reviews in order, without its average of bigrams.

    Args:
        checkpoint: the network; its weights are only read.
    """

    def __init__(self, checkpoint: Classifier) -> None:
        weights, config = checkpoint.weights, checkpoint.network
        self._embedding = weights["layers/embedding/vars/0"]
        self._masked = config.mask
        self._over_time = _over_time(config, weights)
        self._dense = _dense(config, weights)

    def __call__(self, ids: npt.NDArray[np.int32]) -> Array:
        """The logits of reviews, a few of them at a time so that memory stays bounded.

        Args:
            ids: padded, shape (B, T); T at least 1.

        Returns:
            shape (B,).
        """
        rows = max(1, _TOKENS // ids.shape[1])
        chunks = [self._features(ids[at : at + rows]) for at in range(0, len(ids), rows)]
        return self._logits(np.concatenate(chunks)) if chunks else np.empty(0, np.float32)

    def _features(self, ids: npt.NDArray[np.int32]) -> Array:
        """Ids (B, T) to (B, W)."""
        signal: Array = self._embedding[ids.T]
        mask = ids.T != 0 if self._masked else None
        for layer in self._over_time:
            signal = layer(signal, mask)
        return signal

    def _logits(self, features: Array) -> Array:
        """Features (B, W) to (B,)."""
        *hidden, (kernel, bias) = self._dense
        for hidden_kernel, hidden_bias in hidden:
            features = np.maximum(features @ hidden_kernel + hidden_bias, 0)
        logits: Array = (features @ kernel + bias)[:, 0]
        return logits


class NumpyBigrams:
    """The average of a checkpoint's bigrams: what each row of the table says, and a bias."""

    def __init__(self, checkpoint: Classifier) -> None:
        learned, self._bias, ratio = (
            checkpoint.weights[f"layers/bigrams/vars/{place}"] for place in range(3)
        )
        self._said = learned * ratio

    def __call__(self, reviews: Sequence[Ids]) -> Array:
        """The logits (B,) of each review's rows (N,), as from `hash_bigrams`, without padding."""
        sums = [self._said[rows].sum() / max(1, len(rows)) for rows in reviews]
        return np.array(sums, np.float32) + self._bias


class Recurrent:
    """A recurrent layer in one direction, or in both with their outputs side by side.

    Args:
        cell: its name in `charrnn.sampling.cells.CELLS`.
        directions: kernel, recurrent kernel and bias of the forward cell, and the backward one's.
        sequences: give all outputs, (T, B, W), and not only the last, (B, W).
    """

    def __init__(self, cell: str, directions: Sequence[Sequence[Array]], sequences: bool) -> None:
        self._make = CELLS[cell]
        self._directions = directions
        self._sequences = sequences

    def __call__(self, signal: Array, mask: Mask | None) -> Array:
        """The outputs; a masked token leaves state and output as they were."""
        sides = []
        for weights, step in zip(self._directions, (1, -1), strict=False):  # forward alone, or both
            kernel, recurrent, bias = weights
            cell = self._make(kernel, recurrent, bias, signal.shape[1])
            turned = None if mask is None else mask[::step]
            outputs = _scan(cell, len(recurrent), signal[::step], turned)
            sides.append(outputs[::step] if self._sequences else outputs[-1])
        return np.concatenate(sides, axis=-1)


def average(signal: Array, mask: Mask | None) -> Array:
    """The mean over the tokens that count, (B, W); zero where none does."""
    if mask is None:
        return np.asarray(signal.mean(axis=0))
    total: Array = np.where(mask[..., None], signal, 0).sum(axis=0)
    counted = np.maximum(mask.sum(axis=0, dtype=np.float32), 1)
    return np.asarray(total / counted[:, None])


def maximum(signal: Array, mask: Mask | None) -> Array:
    """The largest values over the tokens that count, (B, W); zero where none does."""
    if mask is None:
        return np.asarray(signal.max(axis=0))
    most = np.where(mask[..., None], signal, -np.inf).max(axis=0)
    return np.where(np.asarray(mask.any(axis=0))[:, None], most, np.float32(0))


def _scan(cell: Cell, units: int, signal: Array, mask: Mask | None) -> Array:
    """A cell's outputs (T, B, H), in the order in which it is given the signal.

    Where tokens are masked, each review's others move together, so that the cell knows no mask;
    a masked token's output is then looked up: the one after as many tokens as counted before.
    """
    if mask is None:
        return _outputs(cell, units, signal)[1:]
    rows = np.arange(signal.shape[1])
    counted = np.cumsum(mask, axis=0)
    order = np.argsort(~mask, axis=0, kind="stable")[: counted[-1].max()]
    return _outputs(cell, units, signal[order, rows])[counted, rows]


def _outputs(cell: Cell, units: int, signal: Array) -> Array:
    """The state of zero and a cell's outputs after it, (T + 1, B, H)."""
    time, batch_size, width = signal.shape
    outputs = np.zeros((time + 1, batch_size, units), np.float32)
    steps = max(1, _PROJECTED // batch_size)
    for start in range(0, time, steps):
        block = signal[start : start + steps]
        projected = block.reshape(-1, width) @ cell.kernel + cell.bias
        for place, row in enumerate(projected.reshape(len(block), batch_size, -1), start + 1):
            outputs[place] = cell.step(row)
    return outputs


def _over_time(config: ClassifierConfig, weights: Weights) -> list[OverTime]:
    """The layers from the embedding's signal to features."""
    if not config.units:
        return [average]
    layers: list[OverTime] = []
    for layer in range(len(config.units)):
        paths = config.cell_paths(layer)
        directions = [[weights[f"{path}/{place}"] for place in range(3)] for path in paths]
        sequences = layer < len(config.units) - 1 or config.pooling == "max"
        layers.append(Recurrent(config.cell, directions, sequences))
    return [*layers, maximum] if config.pooling == "max" else layers


def _dense(config: ClassifierConfig, weights: Weights) -> list[tuple[Array, Array]]:
    """Kernel and bias of the dense layers, the one that gives the logit last."""
    names = ["dense", "dense_1"] if config.dense else ["dense"]
    return [(weights[f"layers/{n}/vars/0"], weights[f"layers/{n}/vars/1"]) for n in names]
