"""Where the windows of a batch start in the text, in the two orders, and how they are cut.

A window is T + 1 characters: its first T are the inputs, its last T the targets.
"""

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import CorpusTooShortError

Starts = npt.NDArray[np.int64]

SHUFFLE_BUFFER = 10_000


def stream_starts(length: int, batch_size: int, seq_length: int, stride: int) -> Starts:
    """Starts of the windows of `batch_size` contiguous streams.

    Row b of a batch goes on in the next batch `stride` characters further on, so with a stride
    of `seq_length` a network that carries its state reads each stream without a gap, and the
    streams join: every character of the used text but the first is a target exactly once. What
    is left at the end, less than a window for each stream, is not used.

    Args:
        length: characters in the text.
        batch_size: B, the number of streams.
        seq_length: T.
        stride: distance between the starts of a stream's windows.

    Returns:
        shape (steps, B).

    Raises:
        CorpusTooShortError: fewer windows than streams.
    """
    windows = max(0, (length - 1 - seq_length) // stride + 1)
    steps = windows // batch_size
    if not steps:
        raise _too_short(length, (batch_size - 1) * stride + seq_length + 1, batch_size, seq_length)
    streams = np.arange(batch_size) * steps * stride
    return np.arange(steps)[:, None] * stride + streams


def shuffled_starts(
    length: int, batch_size: int, seq_length: int, random: np.random.Generator
) -> Starts:
    """Starts of windows lying side by side, shuffled as `tf.data` does with a buffer of 10,000.

    Args:
        length: characters in the text.
        batch_size: B; a last batch with fewer windows is dropped.
        seq_length: T; window k covers the characters from k (T + 1) on.
        random: decides the order.

    Returns:
        shape (steps, B).

    Raises:
        CorpusTooShortError: fewer windows than a batch needs.
    """
    windows = length // (seq_length + 1)
    steps = windows // batch_size
    if not steps:
        raise _too_short(length, batch_size * (seq_length + 1), batch_size, seq_length)
    order = _buffered_shuffle(windows, random)[: steps * batch_size]
    return order.reshape(steps, batch_size) * (seq_length + 1)


def cut(ids: Ids, starts: Starts, seq_length: int) -> tuple[Ids, Ids]:
    """One batch: the windows that begin at `starts`.

    Args:
        ids: the text, shape (N,).
        starts: shape (B,).
        seq_length: T.

    Returns:
        inputs and targets, each of shape (B, T); targets are inputs one character later.
    """
    windows = ids[starts[:, None] + np.arange(seq_length + 1)]  # (B, T + 1)
    return windows[:, :-1], windows[:, 1:]


def _buffered_shuffle(count: int, random: np.random.Generator) -> Starts:
    """0..count-1 in the order in which a full buffer, refilled in turn, is drawn from."""
    size = min(count, SHUFFLE_BUFFER)
    buffer = np.arange(size)
    order = np.empty(count, dtype=np.int64)
    for taken, following in enumerate(range(size, count)):
        place = random.integers(size)
        order[taken] = buffer[place]
        buffer[place] = following
    order[count - size :] = random.permutation(buffer)
    return order


def _too_short(length: int, needed: int, batch_size: int, seq_length: int) -> CorpusTooShortError:
    return CorpusTooShortError(
        f"{length:,} characters to train on are too few: one batch of {batch_size} windows of "
        f"{seq_length + 1} needs {needed:,}. Give a longer text, or a smaller --batch-size or "
        "--seq-length"
    )
