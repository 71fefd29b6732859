"""What the average of words and pairs begins with: Naive Bayes log-count ratios."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.padding import Examples
from charrnn.data.vocabulary import Ids

TRAINING: dict[str, Any] = {"learning_rate": 0.003, "epochs": 4, "validation": 0.1}
"""How the average learns, by fields of `ReviewTraining`, when it is trained before a network."""

BIGRAMS = tuple(f"layers/bigrams/vars/{place}" for place in range(3))
"""Where a checkpoint keeps what was learned, the bias, and the ratios."""

_SIZE = 250.0  # about how many words and pairs a review has, so that their mean weighs like a sum


def compute_ratios(learn: Examples, rows: int) -> npt.NDArray[np.float32]:
    """The ratios of the training reviews' words and pairs, in the average's scale, (rows,)."""
    return np.float32(_SIZE) * compute_log_count_ratios(learn.bigrams or [], learn.labels, rows)


def compute_log_count_ratios(
    reviews: Sequence[Ids], labels: npt.NDArray[np.int8], rows: int
) -> npt.NDArray[np.float32]:
    """How much more often a row is in positive reviews than in negative ones.

    log((p + 1) / |p + 1|) - log((n + 1) / |n + 1|) with p and n the numbers of positive and of
    negative reviews that a row is in, |.| the sum over rows (Wang & Manning 2012, equation 1).

    Args:
        reviews: the rows of each, each row once.
        labels: 1 for positive, 0 for negative, shape (N,).
        rows: of the table.

    Returns:
        shape (rows,), 0 for row 0, which is padding.
    """
    counts = []
    for label in (1, 0):
        places = [row for row, of in zip(reviews, labels, strict=True) if of == label]
        seen = np.concatenate([*places, np.empty(0, np.int32)])
        count = np.bincount(seen.astype(np.int64), minlength=rows) + 1.0
        counts.append(np.log(count / count.sum()))
    ratios = (counts[0] - counts[1]).astype(np.float32)
    ratios[0] = 0
    return np.asarray(ratios)
