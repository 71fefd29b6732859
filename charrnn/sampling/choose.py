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
    if 0 < choice.top_k < result.shape[1]:
        _keep_top_k(result, choice.top_k)
    result /= result.sum(axis=1, keepdims=True)
    if choice.top_p < 1:
        _keep_top_p(result, choice.top_p)
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


def _keep_top_k(weights: npt.NDArray[np.float64], top_k: int) -> None:
    least = np.argsort(-weights, axis=1, kind="stable")[:, top_k:]
    np.put_along_axis(weights, least, 0, axis=1)


def _keep_top_p(weights: npt.NDArray[np.float64], top_p: float) -> None:
    order = np.argsort(-weights, axis=1, kind="stable")
    ranked = np.take_along_axis(weights, order, axis=1)
    before = ranked.cumsum(axis=1) - ranked  # what likelier characters already hold
    np.put_along_axis(weights, order, np.where(before < top_p, ranked, 0), axis=1)
