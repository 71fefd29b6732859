"""Which ids may come next in the texts that a network writes.

Shapes: B texts, V vocabulary.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import AnyVocabulary, ByteVocabulary
from charrnn.data.utf8 import FORBIDDEN, NEXT_STATE, START
from charrnn.data.vocabulary import Ids

Floats = npt.NDArray[np.floating]


class Rules(Protocol):
    """Which ids may come next in each of B texts, which begin with whole characters."""

    def rule_out(self, logits: Floats) -> Floats:
        """The logits (B, V) with which no other id is ever chosen."""

    def follow(self, ids: Ids) -> None:
        """Take note of what was chosen, shape (B,)."""


class KnownCharacters:
    """Any character may follow any other, but for the one that stands for the unknown.

    Args:
        unknown: its id; None if there is none.
    """

    def __init__(self, unknown: int | None) -> None:
        self._unknown = unknown

    def rule_out(self, logits: Floats) -> Floats:
        """As in `Rules`."""
        if self._unknown is None:
            return logits
        result = logits.copy()
        result[:, self._unknown] = -np.inf
        return result

    def follow(self, ids: Ids) -> None:
        """As in `Rules`: what comes next doesn't depend on it."""


class WholeCharacters:
    """Only bytes that make valid UTF-8 may follow.

    Args:
        count: B.
    """

    def __init__(self, count: int) -> None:
        self._states = np.full(count, START, np.int8)

    def rule_out(self, logits: Floats) -> Floats:
        """As in `Rules`."""
        return np.where(NEXT_STATE[self._states] == FORBIDDEN, -np.inf, logits)

    def follow(self, ids: Ids) -> None:
        """As in `Rules`."""
        self._states = NEXT_STATE[self._states, ids]


def make_rules(vocabulary: AnyVocabulary, count: int = 1) -> Rules:
    """The rules of so many texts in a vocabulary."""
    if isinstance(vocabulary, ByteVocabulary):
        return WholeCharacters(count)
    return KnownCharacters(vocabulary.unknown)
