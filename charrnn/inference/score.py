"""How well a network predicts a text: the cross-entropy of each character but the first."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer
from charrnn.inference.cores import use_one_core
from charrnn.inference.finite import check_finite
from charrnn.inference.helpers import share
from charrnn.inference.language import Reader
from charrnn.runs.history import perplexity

Starts = npt.NDArray[np.int64]
Crops = tuple[Ids, Ids]
"""Inputs and targets of crops that are read side by side, each (B, T)."""

_NO_TARGET = -1
_ROWS = 128  # crops side by side: twice as fast as one stream; more gain little
_BLOCK = 1024  # characters, of all rows, whose logits are in memory at a time
_LOGITS = 2**22  # and at most so many logits, 16 MiB: a vocabulary may have a million characters


class Score(NamedTuple):
    """A mean over the predicted characters.

    Attributes:
        loss: nats per character.
        characters: how many were predicted: all of the text's but the first.
        bytes: of a network of bytes, how many the predicted characters have; else None.
    """

    loss: float
    characters: int
    bytes: int | None = None

    @property
    def perplexity(self) -> float:
        """exp(loss): how many characters the network is, in effect, choosing between."""
        return perplexity(self.loss)

    @property
    def bits(self) -> float:
        """The loss in bits per character."""
        return self.loss / math.log(2)

    @property
    def loss_per_byte(self) -> float | None:
        """The loss in nats per byte, as a network of bytes is trained; None for other networks."""
        return None if self.bytes is None else self.loss * self.characters / self.bytes


OnProgress = Callable[[int], None]
"""Called after each block with the number of characters predicted in it."""


def check_length(characters: int) -> None:
    """Reject a text with nothing to predict.

    Raises:
        UsageError: it has fewer than two characters, one to read and one to predict.
    """
    if characters < 2:  # noqa: PLR2004 - see above
        raise UsageError(
            "one character leaves nothing to predict: give a text of at least two characters"
        )


def score_stream(
    network: Reader,
    ids: Ids,
    vocabulary_size: int,
    progress: OnProgress = lambda _: None,
    starts: Starts | None = None,
) -> Score:
    """Score a text read from a state of zero to its end, the state carried throughout.

    Args:
        network: reads a batch of one.
        ids: the text, shape (N,).
        vocabulary_size: V of the network.
        progress: called after each block of characters with how many ids were predicted in it.
        starts: where characters begin among the ids of a network of bytes, shape (characters,);
            None if each id is a character.

    Raises:
        UsageError: the text has fewer than two characters.
        CheckpointError: the network produced NaN or infinity.
    """
    check_length(len(ids if starts is None else starts))
    block = limit_block(vocabulary_size)
    with use_one_core():
        losses = _compute_losses(network, ids[None, :-1], ids[None, 1:], block, progress)
        return average(skip_first(losses, starts), len(ids), starts)


def score_crops(
    make: Callable[[int], Reader],
    ids: Ids,
    length: int,
    vocabulary_size: int,
    progress: OnProgress = lambda _: None,
    starts: Starts | None = None,
    jobs: int = 1,
) -> Score:
    """Score a text cut into crops, each read from a state of zero.

    Crop k reads the characters from k `length` on and predicts those from k `length` + 1 on. The
    last crop may be shorter, so every character but the first is predicted once.

    Args:
        make: makes a network that reads a batch of so many crops.
        ids: the text, shape (N,).
        length: characters predicted in each crop.
        vocabulary_size: V of the networks.
        progress: as in `score_stream`.
        starts: as in `score_stream`.
        jobs: how many processes share the crops; with several, `make` must be what pickle takes.

    Raises:
        UsageError: the text has fewer than two characters, or `length` is not an int or below one.
        CheckpointError: the network produced NaN or infinity.
        HelperError: one of several processes died.
    """
    check_length(len(ids if starts is None else starts))
    length = require_integer("crop_length", length)
    if length < 1:
        raise UsageError(f"`crop_length` must be at least 1, not {length}")
    length = min(length, len(ids))  # NumPy can't divide by a number of any size
    block = limit_block(vocabulary_size)
    rows = min(_ROWS, block)
    crops = (
        _cut_crops(ids, length, rows) if starts is None else _pad_crops(ids, starts, length, rows)
    )
    jobs = min(jobs, -(-len(ids) // (length * rows)))
    make_reader = partial(_CropReader, make, block)
    with use_one_core():
        if jobs == 1:
            losses = make_reader().read(crops, progress)
        else:
            losses = _share_crops(make_reader, crops, jobs, progress)
        return average(losses, len(ids), starts)


class _CropReader:
    """Reads batches of crops.

    Args:
        make: as in `score_crops`.
        block: of how many characters the logits may be in memory at a time.
    """

    def __init__(self, make: Callable[[int], Reader], block: int) -> None:
        self._networks, self._block = cache(make), block

    def __call__(self, crops: Crops) -> list[float]:
        """Compute the loss of each target of one batch, in nats."""
        return [*self.read([crops])]

    def read(
        self, batches: Iterable[Crops], progress: OnProgress = lambda _: None
    ) -> Iterator[float]:
        """Yield the loss of each target in nats; `progress` as in `score_stream`."""
        for inputs, targets in batches:
            network = self._networks(len(inputs))
            yield from _compute_losses(network, inputs, targets, self._block, progress)


def _share_crops(
    make_reader: Callable[[], _CropReader],
    crops: Iterable[Crops],
    jobs: int,
    progress: OnProgress,
) -> Iterator[float]:
    """Yield the loss of each target in nats, computed by several processes."""
    for losses in share(make_reader, crops, jobs):
        progress(len(losses))
        yield from losses


def limit_block(vocabulary_size: int) -> int:
    """Of how many characters, of all rows, the logits may be in memory at a time."""
    return min(_BLOCK, max(1, _LOGITS // vocabulary_size))


def _cut_crops(ids: Ids, length: int, rows: int) -> Iterator[Crops]:
    """Yield inputs and targets, each (B, T): whole crops side by side, then the rest alone."""
    whole = (len(ids) - 1) // length * length
    inputs, targets = ids[:whole].reshape(-1, length), ids[1 : whole + 1].reshape(-1, length)
    for first in range(0, len(inputs), rows):
        yield inputs[first : first + rows], targets[first : first + rows]
    if whole < len(ids) - 1:
        yield ids[None, whole:-1], ids[None, whole + 1 :]


def _pad_crops(ids: Ids, starts: Starts, length: int, rows: int) -> Iterator[Crops]:
    """Yield crops of characters of several ids; those that a crop doesn't predict are `_NO_TARGET`.

    Crops are as in `score_crops`, each padded to the longest of its batch.
    """
    edges = np.append(starts, len(ids))
    firsts = np.arange(0, len(starts) - 1, length)  # characters
    for group in range(0, len(firsts), rows):
        first = firsts[group : group + rows]
        last = np.minimum(first + length + 1, len(starts))  # the one after the crop's
        places = edges[first][:, None] + np.arange((edges[last] - edges[first]).max())
        crops = ids[np.minimum(places, len(ids) - 1)].astype(np.int32)
        is_target = (places >= edges[first + 1][:, None]) & (places < edges[last][:, None])
        yield crops[:, :-1], np.where(is_target, crops, _NO_TARGET)[:, 1:]


def _compute_losses(
    network: Reader, inputs: Ids, targets: Ids, characters: int, progress: OnProgress
) -> Iterator[float]:
    """Yield the loss of each target in nats, from a state of zero; inputs and targets (B, T)."""
    network.reset()
    rows, length = inputs.shape
    steps = characters // rows
    for first in range(0, length, steps):
        part = slice(first, first + steps)
        logits = check_finite(network.read(inputs[:, part].astype(np.int32)))
        wanted = targets[:, part]
        losses = compute_cross_entropy(logits, wanted)[wanted != _NO_TARGET]
        yield from losses.tolist()
        progress(losses.size)


def compute_cross_entropy(logits: npt.NDArray[np.float32], targets: Ids) -> npt.NDArray[np.float64]:
    """Compute -log softmax of logits (..., V) at targets (...), in float64: shape (...)."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    result: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=-1)) - chosen
    return result


def average(losses: Iterable[float], ids: int, starts: Starts | None = None) -> Score:
    """Average a text's losses over its characters.

    Args:
        losses: of all characters' ids but the first character's.
        ids: how many the text has.
        starts: as in `score_stream`.
    """
    if starts is None:
        return Score(math.fsum(losses) / (ids - 1), ids - 1)
    characters = len(starts) - 1
    return Score(math.fsum(losses) / characters, characters, ids - int(starts[1]))


def skip_first(losses: Iterator[float], starts: Starts | None) -> Iterator[float]:
    """The losses of a stream, of all ids but the first, without the rest of the first character."""
    return losses if starts is None else islice(losses, int(starts[1]) - 1, None)
