"""Where the windows of a batch start in the text, in two orders, and cutting them out.

A window is T + 1 characters: its first T are the inputs, its last T the targets.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import CorpusTooShortError, say_count

Starts = npt.NDArray[np.int64]

SHUFFLE_BUFFER = 10_000

_DRAWS = 2**16  # random numbers at a time


@dataclass(frozen=True)
class Windows:
    """Where the windows of an epoch start, worked out batch by batch.

    Attributes:
        steps: how many batches there are.
        begin: gives the starts of each batch, (B,), from a step on.
    """

    steps: int
    begin: Callable[[int], Iterator[Starts]]

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Starts]:
        return self.begin(0)


def find_stream_starts(
    length: int,
    batch_size: int,
    seq_length: int,
    stride: int,
    random: np.random.Generator | None = None,
) -> Windows:
    """Starts of the windows of `batch_size` contiguous streams.

    Row b of the next batch starts `stride` characters after row b of this one. With a stride of
    `seq_length`, a network that carries its state reads each stream without a gap, and each stream
    ends where the next begins: every character of the used text but the first is a target exactly
    once. The rest, less than a window for each stream, is not used.

    Args:
        length: characters in the text.
        batch_size: B, the number of streams.
        seq_length: T.
        stride: distance between the starts of a stream's windows.
        random: chooses how much of the rest lies before the first stream; None for nothing.

    Raises:
        CorpusTooShortError: fewer windows than streams.
    """
    windows = max(0, (length - 1 - seq_length) // stride + 1)
    steps = windows // batch_size
    if not steps:
        needed = (batch_size - 1) * stride + seq_length + 1
        raise _explain_too_short(length, needed, batch_size, seq_length)
    unused = length - 1 - seq_length - (batch_size * steps - 1) * stride
    first = int(random.integers(unused + 1)) if random else 0
    streams = first + np.arange(batch_size) * steps * stride
    return Windows(steps, lambda step: (streams + at * stride for at in range(step, steps)))


def shuffle_starts(
    length: int, batch_size: int, seq_length: int, random: np.random.Generator
) -> Windows:
    """Starts of adjacent windows, shuffled the way `tf.data` does with a buffer of 10,000.

    Args:
        length: characters in the text.
        batch_size: B; a last batch with fewer windows is dropped.
        seq_length: T; window k starts at character k (T + 1).
        random: decides the order; it is left as it is.

    Raises:
        CorpusTooShortError: fewer windows than a batch needs.
    """
    windows = length // (seq_length + 1)
    steps = windows // batch_size
    if not steps:
        raise _explain_too_short(length, batch_size * (seq_length + 1), batch_size, seq_length)

    def begin(step: int) -> Iterator[Starts]:
        order = _shuffle_in_buffer(windows, deepcopy(random))
        rest = islice(order, step * batch_size, steps * batch_size)
        while row := [*islice(rest, batch_size)]:
            yield np.array(row, np.int64) * (seq_length + 1)

    return Windows(steps, begin)


def cut_windows(ids: Ids, starts: Starts, seq_length: int) -> tuple[Ids, Ids]:
    """One batch: the windows that begin at `starts`.

    Args:
        ids: the text, shape (N,).
        starts: shape (B,).
        seq_length: T.

    Returns:
        inputs and targets, each of shape (B, T); targets are the inputs one character later.
    """
    windows = ids[starts[:, None] + np.arange(seq_length + 1)].astype(np.int32)  # (B, T + 1)
    return windows[:, :-1], windows[:, 1:]


def _shuffle_in_buffer(count: int, random: np.random.Generator) -> Iterator[int]:
    """0 to count - 1, each sampled from a full buffer, whose gap the next number fills."""
    size = min(count, SHUFFLE_BUFFER)
    buffer = list(range(size))
    for first in range(size, count, _DRAWS):
        numbers = range(first, min(first + _DRAWS, count))
        places = random.integers(size, size=len(numbers)).tolist()
        for following, place in zip(numbers, places, strict=True):
            yield buffer[place]
            buffer[place] = following
    yield from random.permutation(buffer).tolist()


def _explain_too_short(
    length: int, needed: int, batch_size: int, seq_length: int
) -> CorpusTooShortError:
    return CorpusTooShortError(
        f"{say_count(length, 'character')} to train on: too few, as one batch of "
        f"{say_count(batch_size, 'window')} of {seq_length + 1} needs {needed:,}. Give a "
        "longer text, or a smaller `batch_size` or `seq_length`"
    )
