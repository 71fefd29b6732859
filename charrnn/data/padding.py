"""Reviews' ids to what a classifier reads: cutting, bigrams, padding and batches.

Shapes: B batch, T tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError, say_count

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Fibonacci hashing
_HALF = np.uint64(32)
_STEP = 64  # tokens between the lengths of short batches
_POOL = 50  # batches that are sorted by length together


@dataclass(frozen=True)
class Examples:
    """Reviews as a classifier reads them.

    Attributes:
        ids: of each review, cut to the length that is read.
        labels: 1 for positive, 0 for negative, shape (N,).
        bigrams: each review's rows from `hash_bigrams`; None if no network reads them.
        corrections: added to each review's logit while training, shape (N,); None for none.
    """

    ids: Sequence[Ids]
    labels: npt.NDArray[np.int8]
    bigrams: Sequence[Ids] | None = None
    corrections: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each review, shape (N,)."""
        return np.array([len(ids) for ids in self.ids], np.int64)

    def split(self, fraction: float) -> tuple["Examples", "Examples"]:
        """The first reviews, to train on, and the last `fraction` of them, to validate on.

        The border is Keras's, int(N (1 - fraction)).

        Raises:
            ReviewsError: one of the two would be empty.
        """
        border = int(len(self) * (1 - fraction))
        if not 0 < border < len(self):
            raise ReviewsError(
                f"{say_count(len(self), 'review')}, too few to hold back {100 * fraction:g}% for "
                "validation: give more reviews, or another `validation`"
            )
        return self.select(range(border)), self.select(range(border, len(self)))

    def select(self, rows: Sequence[int]) -> "Examples":
        """The reviews at these places, without corrections."""
        bigrams = None if self.bigrams is None else [self.bigrams[row] for row in rows]
        return Examples([self.ids[row] for row in rows], self.labels[rows], bigrams)


def cut_review(ids: Ids, max_length: int) -> Ids:
    """The last `max_length` of a review's ids (T,); all of them if it is 0."""
    return ids[-max_length:] if max_length else ids


def hash_bigrams(ids: Ids, rows: int) -> Ids:
    """The rows of a table for a review's words and pairs of neighbours, each row once.

    Args:
        ids: shape (T,).
        rows: how many the table has; row 0 is padding.

    Returns:
        shape (N,), ascending, N at most 2 T - 1.
    """
    words = ids.astype(np.uint64)
    pairs = (words[:-1] << _HALF) | words[1:]
    hashes = np.concatenate([words, pairs]) * _MULTIPLIER >> _HALF
    return np.unique(1 + hashes % np.uint64(rows - 1)).astype(np.int32)


def pad_reviews(
    reviews: Sequence[Ids], padding: str, length: int | None = None, most: int = 0
) -> npt.NDArray[np.int32]:
    """Reviews as one array, short ones padded with 0.

    Args:
        reviews: the ids of each review, already cut.
        padding: "before" or "after" the review.
        length: T; None for the longest review's, rounded up by `round_length`.
        most: the largest T that None may give; 0 for no limit.

    Returns:
        shape (B, T).
    """
    rounded = round_length(max(map(len, reviews)))
    time = length or min(rounded, most or rounded)
    rows = np.zeros((len(reviews), time), np.int32)
    for row, ids in zip(rows, reviews, strict=True):
        if padding == "before":
            row[time - len(ids) :] = ids
        else:
            row[: len(ids)] = ids
    return rows


def round_length(length: int) -> int:
    """Round up to 64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280 and so on.

    These are so few that compiling a network's loop for each of them pays.
    """
    step = _STEP
    while length > 8 * step:
        step *= 2
    return max(1, -(-length // step)) * step


def group_in_batches(
    lengths: npt.NDArray[np.int64],
    batch_size: int,
    random: np.random.Generator | None,
    grouped: bool,
) -> list[npt.NDArray[np.int64]]:
    """Which reviews go into which batch; each review goes into exactly one.

    Args:
        lengths: tokens of each review, shape (N,).
        batch_size: B; the last batch may be smaller.
        random: shuffles; None keeps the order or, if grouped, sorts by length.
        grouped: put reviews of similar length together, so that little padding is read.

    Returns:
        the places of each batch's reviews, shape (B,).
    """
    order = np.arange(len(lengths)) if random is None else random.permutation(len(lengths))
    if grouped and len(order):
        pool = _POOL * batch_size if random is not None else max(1, len(order))
        pools = [order[start : start + pool] for start in range(0, len(order), pool)]
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in pools])
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if grouped and random is not None:
        batches = [batches[place] for place in random.permutation(len(batches))]
    return batches
