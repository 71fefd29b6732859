"""Logits to an id: temperature, top-k and top-p, each in this one place."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """How the next character is drawn.

    Attributes:
        temperature: logits are divided by it; 0 takes the likeliest character.
        top_k: draw among the k likeliest only; 0 for all.
        top_p: draw among the likeliest that together reach this probability (the nucleus of
            Holtzman et al. 2020, arXiv:1904.09751); 1 for all.

    Raises:
        UsageError: a value outside its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"the temperature must be 0 or above, not {self.temperature:g}")
        if self.top_k < 0:
            raise UsageError(f"top-k must be 0 (no limit) or above, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p must lie in (0, 1], not {self.top_p:g}")


def probabilities(logits: Floats, choice: Choice) -> npt.NDArray[np.float64]:
    """The distribution that characters are drawn from.

    Top-k comes first, then top-p of what is left, as is usual. Of equal logits at a border the
    one with the lower id is kept.

    Args:
        logits: shape (B, V).
        choice: a temperature above 0, top-k and top-p.

    Returns:
        shape (B, V), rows summing to 1.
    """
    scaled = np.subtract(logits, logits.max(axis=1, keepdims=True), dtype=np.float64)
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf
        scaled /= choice.temperature
    result: npt.NDArray[np.float64] = np.exp(scaled, out=scaled)
    if choice.top_k or choice.top_p < 1:
        order = np.argsort(-logits, axis=1, kind="stable")
        ranked = np.take_along_axis(result, order, axis=1)
        _cut_off(ranked, choice)
        np.put_along_axis(result, order, ranked, axis=1)
    result /= result.sum(axis=1, keepdims=True)
    return result


def choose(logits: Floats, draws: npt.NDArray[np.float64], choice: Choice) -> Ids:
    """One id for each row of logits.

    Args:
        logits: shape (B, V).
        draws: uniform in [0, 1), shape (B,); a row's draw picks by the inverse of its
            cumulative distribution, so the same draws give the same ids on every engine.
        choice: temperature, top-k, top-p.

    Returns:
        ids, shape (B,).
    """
    if choice.temperature == 0:
        best: Ids = np.argmax(logits, axis=1).astype(np.int32)
        return best
    cumulative = probabilities(logits, choice).cumsum(axis=1)
    passed: npt.NDArray[np.bool_] = cumulative <= draws[:, None] * cumulative[:, -1:]
    ids: Ids = passed.sum(axis=1, dtype=np.int32)
    return ids


def _cut_off(ranked: npt.NDArray[np.float64], choice: Choice) -> None:
    """Set to zero what top-k and top-p leave out of rows (B, V) that fall from the likeliest."""
    if choice.top_k:
        ranked[:, choice.top_k :] = 0
    if choice.top_p < 1:
        likelier = ranked.cumsum(axis=1) - ranked
        ranked[likelier >= choice.top_p * ranked.sum(axis=1, keepdims=True)] = 0
