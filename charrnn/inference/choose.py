"""Logits to probabilities to an id: temperature, top-k and top-p, each in this one place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer, require_number

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """How the next character is sampled.

    Attributes:
        temperature: logits are divided by it; 0 always takes the likeliest character.
        top_k: sample from the k likeliest characters only; 0 for all.
        top_p: sample from the fewest likeliest characters that together reach this probability
            (the nucleus of Holtzman et al. 2020, arXiv:1904.09751); 1 for all.

    Raises:
        UsageError: a value of the wrong type or outside its range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        for name in ("temperature", "top_p"):
            object.__setattr__(self, name, require_number(name, getattr(self, name)))
        object.__setattr__(self, "top_k", require_integer("top_k", self.top_k))
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"`temperature` must be 0 or above, not {self.temperature:g}")
        if self.top_k < 0:
            raise UsageError(f"`top_k` must be 0 (no limit) or above, not {self.top_k}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"`top_p` must lie in (0, 1], not {self.top_p:g}")


class NextCharacter(NamedTuple):
    r"""How probable each character is to come next or, of a network of bytes, each byte.

    As a dictionary: `dict(zip(*model.next_probabilities("ROME")))`.

    Attributes:
        characters: the V characters of the vocabulary; a tuple of the V bytes, each as its ASCII
            character or, if it is none, its number such as `\xe6`.
        probabilities: of each of them, shape (V,), float64; their sum is 1.
    """

    characters: Sequence[str]
    probabilities: npt.NDArray[np.float64]

    def likeliest(self, count: int = 5) -> list[tuple[str, float]]:
        """The `count` likeliest characters with their probabilities, the likeliest first.

        Raises:
            UsageError: `count` is not an int.
        """
        count = require_integer("count", count)
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.characters[place], float(self.probabilities[place])) for place in order]


def compute_probabilities(logits: Floats, choice: Choice) -> npt.NDArray[np.float64]:
    """Compute the distribution that characters are sampled from.

    Top-k comes first, then top-p of what is left, as is usual. Of equal logits at the cutoff the
    one with the lower id is kept.

    Args:
        logits: shape (B, V); -inf for what is never chosen, in no row of all.
        choice: temperature, top-k and top-p.

    Returns:
        Shape (B, V), rows summing to 1; at temperature 0 the likeliest character has it all.
    """
    if choice.temperature == 0:
        certain = np.zeros(logits.shape)
        np.put_along_axis(certain, logits.argmax(axis=1, keepdims=True), 1, axis=1)
        return certain
    scaled = np.subtract(logits, logits.max(axis=1, keepdims=True), dtype=np.float64)
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf
        scaled /= choice.temperature
    result: npt.NDArray[np.float64] = np.exp(scaled, out=scaled)
    if choice.top_k or choice.top_p < 1:
        order = np.argsort(-logits, axis=1, kind="stable")
        ranked = np.take_along_axis(result, order, axis=1)
        _discard_unlikely(ranked, choice)
        np.put_along_axis(result, order, ranked, axis=1)
    result /= result.sum(axis=1, keepdims=True)
    return result


def choose(logits: Floats, draws: npt.NDArray[np.float64], choice: Choice) -> Ids:
    """Choose one id for each row of logits.

    Args:
        logits: shape (B, V), as in `compute_probabilities`.
        draws: uniform in [0, 1), shape (B,). A row's draw picks by the inverse of the cumulative
            distribution, so the same draws give the same ids on every engine.
        choice: temperature, top-k and top-p.

    Returns:
        Ids, shape (B,).
    """
    if choice.temperature == 0:
        best: Ids = np.argmax(logits, axis=1).astype(np.int32)
        return best
    cumulative = compute_probabilities(logits, choice).cumsum(axis=1)
    passed: npt.NDArray[np.bool_] = cumulative <= draws[:, None] * cumulative[:, -1:]
    ids: Ids = passed.sum(axis=1, dtype=np.int32)
    return ids


def _discard_unlikely(ranked: npt.NDArray[np.float64], choice: Choice) -> None:
    """Zero what top-k and top-p leave out of rows (B, V), sorted from the likeliest down."""
    if choice.top_k:
        ranked[:, choice.top_k :] = 0
    if choice.top_p < 1:
        likelier = ranked.cumsum(axis=1) - ranked
        ranked[likelier >= choice.top_p * ranked.sum(axis=1, keepdims=True)] = 0
