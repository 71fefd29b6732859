"""How well a network predicts a text: the cross-entropy of each character but the first."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError
from charrnn.history import perplexity
from charrnn.sampling.network import Reader, numbers

_ROWS = 128  # crops side by side: twice as fast as one stream; more gain little
_BLOCK = 1024  # characters, of all rows, whose logits are in memory at a time


class Score(NamedTuple):
    """A mean over the characters that were predicted.

    Attributes:
        loss: nats per character.
        characters: how many were predicted: all of the text's but the first.
    """

    loss: float
    characters: int

    @property
    def perplexity(self) -> float:
        """exp(loss): how many characters the network is, in effect, choosing between."""
        return perplexity(self.loss)

    @property
    def bits(self) -> float:
        """The loss in bits per character."""
        return self.loss / math.log(2)


Progress = Callable[[int], None]
"""Told how many more characters have been predicted."""


def check(ids: Ids) -> None:
    """Complain of a text that has nothing to predict.

    Raises:
        UsageError: it has fewer than two characters, one to read and one to predict.
    """
    if len(ids) < 2:  # noqa: PLR2004 - see above
        raise UsageError("a text to score needs at least two characters: give a longer one")


def stream(network: Reader, ids: Ids, progress: Progress = lambda _: None) -> Score:
    """Read a text from a state of zero to its end, carrying the state.

    Args:
        network: what reads and predicts, with a batch of one.
        ids: the text, shape (N,).
        progress: told of every block of characters.

    Raises:
        UsageError: the text has fewer than two characters.
        CheckpointError: the network gives logits that are no numbers.
    """
    check(ids)
    return _mean(_losses(network, ids[None, :-1], ids[None, 1:], progress), len(ids) - 1)


def crops(
    make: Callable[[int], Reader], ids: Ids, length: int, progress: Progress = lambda _: None
) -> Score:
    """Cut a text into crops side by side and read each from a state of zero.

    Crop k reads the characters from k `length` on and predicts those from k `length` + 1 on; the
    last may be shorter, so every character but the first is predicted once.

    Args:
        make: gives what reads and predicts, with a batch of so many crops.
        ids: the text, shape (N,).
        length: characters that are predicted in a crop.
        progress: told of every block of characters.

    Raises:
        UsageError: the text has fewer than two characters, or a crop less than one.
        CheckpointError: the network gives logits that are no numbers.
    """
    check(ids)
    if length < 1:
        raise UsageError(f"the crop length must be at least 1, not {length}")
    networks = cache(make)
    losses = (
        loss
        for inputs, targets in _batches(ids, length)
        for loss in _losses(networks(len(inputs)), inputs, targets, progress)
    )
    return _mean(losses, len(ids) - 1)


def _batches(ids: Ids, length: int) -> Iterator[tuple[Ids, Ids]]:
    """Inputs and targets of the crops, each (B, T): whole ones side by side, the rest alone."""
    whole = (len(ids) - 1) // length * length
    inputs, targets = ids[:whole].reshape(-1, length), ids[1 : whole + 1].reshape(-1, length)
    for first in range(0, len(inputs), _ROWS):
        yield inputs[first : first + _ROWS], targets[first : first + _ROWS]
    if whole < len(ids) - 1:
        yield ids[None, whole:-1], ids[None, whole + 1 :]


def _losses(network: Reader, inputs: Ids, targets: Ids, progress: Progress) -> Iterator[float]:
    """The loss of each target, all (B, T), in nats; the state begins at zero."""
    network.reset()
    rows, length = inputs.shape
    steps = _BLOCK // rows
    for first in range(0, length, steps):
        block = slice(first, first + steps)
        losses = _cross_entropy(numbers(network.read(inputs[:, block])), targets[:, block])
        yield from losses.ravel().tolist()
        progress(losses.size)


def _cross_entropy(logits: npt.NDArray[np.float32], targets: Ids) -> npt.NDArray[np.float64]:
    """-log softmax of the logits (B, T, V) at the targets (B, T), in float64: shape (B, T)."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    result: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=-1)) - chosen
    return result


def _mean(losses: Iterable[float], characters: int) -> Score:
    return Score(math.fsum(losses) / characters, characters)
