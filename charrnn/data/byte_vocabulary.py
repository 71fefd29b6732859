"""Any text as its UTF-8 bytes, which a network reads and writes one by one."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.utf8 import BYTES, begins_character
from charrnn.data.vocabulary import Ids, Vocabulary, list_characters
from charrnn.errors import VocabularyError

CHARACTER, BYTE = "character", "byte"
UNITS = (CHARACTER, BYTE)
"""What an id of a network can stand for."""

_BLOCK = 2**16  # bytes that are looked at at a time
_AS_VALUES = {"bytes": True}


class ByteVocabulary:
    r"""The 256 bytes: a byte's id is its value. Every character is known, but no half of one.

    Halves of characters, the lone surrogates that a Python string can hold, have no UTF-8 bytes.

    Attributes:
        unit: what an id stands for.
        symbols: what each id is shown as: an ASCII character, or the byte's number as `\xNN`.
        unknown: the id of all characters outside; there is none.
    """

    unit = BYTE
    unknown = None

    def __init__(self) -> None:
        self.symbols = tuple(map(_show, range(BYTES)))

    def __len__(self) -> int:
        return BYTES

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByteVocabulary)

    def __hash__(self) -> int:
        return hash(ByteVocabulary)

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and not _is_half(character)

    def encode(self, text: str) -> Ids:
        """The bytes of a text, shape (N,).

        Raises:
            VocabularyError: the text has halves of characters; the message lists them.
        """
        try:
            return np.frombuffer(text.encode(), np.uint8)
        except UnicodeEncodeError:
            self.require_known(text)
            raise

    def require_known(self, text: str) -> None:
        """Reject a text with halves of characters.

        Raises:
            VocabularyError: there are some; the message lists them.
        """
        halves = "".join(sorted(set(filter(_is_half, text))))
        if halves:
            listed = list_characters(halves)
            raise VocabularyError(f"halves of characters, which have no UTF-8 bytes: {listed}")

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text of whole characters' bytes.

        Raises:
            VocabularyError: they are not the bytes of whole characters.
        """
        values = np.asarray(ids, np.int64)
        if np.any((values < 0) | (values >= BYTES)):
            raise VocabularyError("some ids are no bytes, which go from 0 to 255")
        try:
            return values.astype(np.uint8).tobytes().decode()
        except UnicodeDecodeError as error:
            raise VocabularyError(f"the ids are no whole UTF-8: {error.reason}") from error

    def drop_unknown(self, text: str) -> str:
        """The text without halves of characters."""
        return text.encode(errors="ignore").decode()

    def find_starts(self, ids: Ids) -> npt.NDArray[np.int64]:
        """Where characters begin, in order, shape (characters,)."""
        return np.flatnonzero(begins_character(ids))

    def count_characters(self, ids: Ids) -> int:
        """How many characters begin in some bytes."""
        blocks = (ids[first : first + _BLOCK] for first in range(0, len(ids), _BLOCK))
        return sum(int(np.count_nonzero(begins_character(block))) for block in blocks)

    def split(self, ids: Ids, validation: float) -> tuple[Ids, Ids]:
        """Split bytes where `charrnn.data.corpus.split_text` splits their characters."""
        border = int(self.count_characters(ids) * (1 - validation))
        passed = place = 0
        for first in range(0, len(ids), _BLOCK):
            begins = begins_character(ids[first : first + _BLOCK])
            count = int(np.count_nonzero(begins))
            if passed + count > border:
                place = first + int(np.flatnonzero(begins)[border - passed])
                return ids[:place], ids[place:]
            passed += count
        return ids, ids[:0]

    def to_values(self) -> Any:
        """What JSON can hold, enough for `parse_vocabulary`."""
        return dict(_AS_VALUES)


AnyVocabulary = Vocabulary | ByteVocabulary
"""What a network's ids mean."""


def parse_vocabulary(values: Any) -> AnyVocabulary:
    """The vocabulary that `to_values` gave.

    Raises:
        ValueError, VocabularyError: the values are neither characters nor what stands for bytes.
    """
    if isinstance(values, str):
        return Vocabulary(values)
    if type(values) is dict and values == _AS_VALUES and values["bytes"] is True:
        return ByteVocabulary()
    raise ValueError("the vocabulary is neither characters nor bytes")


def _show(byte: int) -> str:
    character = chr(byte)
    return character if character.isascii() else rf"\x{byte:02x}"


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
