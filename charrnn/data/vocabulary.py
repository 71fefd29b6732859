"""Characters to ids and back."""

import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import VocabularyError

Ids = npt.NDArray[np.integer[Any]]
"""Ids of characters or tokens, in numbers of any size."""

UNKNOWN = "\uffff"
"""What stands in a vocabulary for all characters that are not in it.

Unicode reserves this code point for a program's own use: no text has it.
"""

_NONE = -1


class Vocabulary:
    """The distinct characters of a text, sorted by code point; a character's id is its place.

    If `UNKNOWN` is one of them, its id is that of all characters outside.

    Attributes:
        unit: what an id stands for.
        characters: those given.
        unknown: the id of all characters outside; None if there is none.

    Args:
        characters: the characters in the order of their ids, sorted, each once.

    Raises:
        VocabularyError: the characters are not sorted and distinct, or there are none.
    """

    unit = "character"

    def __init__(self, characters: str) -> None:
        if len(characters) > sys.maxunicode + 1:
            raise VocabularyError("a vocabulary can't have more characters than there are")
        self.characters = characters
        self._codes = to_code_points(characters)
        if not characters or np.any(self._codes[:-1] >= self._codes[1:]):
            raise VocabularyError("a vocabulary must hold distinct characters in sorted order")
        place = characters.find(UNKNOWN)  # -1 if it is none of them
        self.unknown = None if place == _NONE else place
        self._ids = np.full(sys.maxunicode + 1, place, np.int32)  # by code point
        self._ids[self._codes] = np.arange(len(self._codes))

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """The vocabulary of all characters in `text`.

        Raises:
            VocabularyError: the text is empty.
        """
        return cls("".join(sorted(set(text))))

    @property
    def known(self) -> str:
        """The characters, without the one that stands for the unknown."""
        return self.characters.replace(UNKNOWN, "")

    @property
    def symbols(self) -> str:
        """What each id is shown as: its character."""
        return self.characters

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and character in self.characters

    def __or__(self, other: "Vocabulary") -> "Vocabulary":
        """The characters of both; ids are those of the new vocabulary."""
        return Vocabulary.of(self.characters + other.characters)

    def encode(self, text: str) -> Ids:
        """The ids of `text`'s characters, shape (N,).

        Raises:
            VocabularyError: the text has characters outside the vocabulary, which has no id for
                them; the message lists them.
        """
        ids = self.find(text)
        if np.any(ids == _NONE):
            self.require_known(text)
        return ids

    def require_known(self, text: str) -> None:
        """Reject a text with characters outside the vocabulary.

        Raises:
            VocabularyError: there are some; the message lists them.
        """
        strange = set(text) - set(self.known)
        if strange:
            listed = list_characters("".join(sorted(strange)))
            raise VocabularyError(f"not in this network's vocabulary: {listed}")

    def find(self, text: str) -> npt.NDArray[np.int32]:
        """The ids of `text`'s characters, shape (N,).

        The id of those outside the vocabulary is that of the unknown, or -1 if there is none.
        """
        found: npt.NDArray[np.int32] = self._ids[to_code_points(text)]
        return found

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text of the given ids."""
        return _to_text(self._codes[np.asarray(ids, dtype=np.int64)])

    def drop_unknown(self, text: str) -> str:
        """The text without the characters outside the vocabulary."""
        return "".join(character for character in text if character in self)

    def find_starts(self, ids: Ids) -> None:
        """Where characters begin: None, as each id is one."""

    def count_characters(self, ids: Ids) -> int:
        """How many characters some ids are."""
        return len(ids)

    def to_values(self) -> str:
        """What JSON can hold."""
        return self.characters


def list_characters(characters: str, most: int = 10) -> str:
    """The first characters in quotes, and how many more there are."""
    shown = " ".join(map(_quote, characters[:most]))
    rest = len(characters) - most
    return shown + (f" and {rest} more" if rest > 0 else "")


def to_code_points(text: str) -> npt.NDArray[np.uint32]:
    """The numbers of a text's characters in Unicode, shape (N,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _to_text(codes: npt.NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _quote(character: str) -> str:
    """The character in quotes, or its code point if it would combine with the quote before it."""
    return f"U+{ord(character):04X}" if unicodedata.combining(character) else repr(character)
