"""A text as the ids of its characters: a byte for each, while 256 different ones are enough."""

import sys
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import AnyVocabulary, ByteVocabulary
from charrnn.data.vocabulary import UNKNOWN, Ids, Vocabulary, to_code_points
from charrnn.errors import VocabularyError

_BLOCK = 2**16  # ids that are looked up at a time: they stay in a processor's cache
_NEW = -1

_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Text:
    """A text.

    Attributes:
        vocabulary: of its characters; a part of a text keeps the whole's.
        ids: of the characters in `vocabulary`, shape (N,).
    """

    vocabulary: Vocabulary
    ids: Ids

    @staticmethod
    def of(characters: str) -> "Text":
        """The text of a string.

        Raises:
            VocabularyError: the string is empty.
        """
        gathered = TextGatherer()
        gathered.add(characters)
        return gathered.finish()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Self:
        return type(self)(self.vocabulary, self.ids[part])

    def __str__(self) -> str:
        return self.vocabulary.decode(self.ids)

    def keep_frequent(self, least: int) -> Vocabulary:
        """The vocabulary of what occurs at least so often, with an unknown for the rest, if any.

        Raises:
            VocabularyError: nothing does.
        """
        counts = count_ids(self.ids, len(self.vocabulary))
        if counts.min() >= least:
            return self.vocabulary
        frequent = self.vocabulary.decode(np.flatnonzero(counts >= least))
        if not frequent:
            raise VocabularyError(f"no character occurs {least:,} times")
        return Vocabulary.of(frequent + UNKNOWN)

    def count_unknown(self, vocabulary: Vocabulary) -> tuple[str, int]:
        """The characters that another vocabulary lacks, and how often the text has any of them."""
        counts = count_ids(self.ids, len(self.vocabulary))
        known = np.isin(
            to_code_points(self.vocabulary.characters), to_code_points(vocabulary.known)
        )
        lacking = np.flatnonzero((counts > 0) & ~known)
        return self.vocabulary.decode(lacking), int(counts[lacking].sum())

    def encode(self, vocabulary: AnyVocabulary, *, skip: bool = False) -> Ids:
        """The ids of its characters in another vocabulary, in the smallest numbers; shape (N,).

        In bytes, a character can have up to four ids.

        Args:
            vocabulary: the other one.
            skip: leave out characters that it lacks.

        Raises:
            VocabularyError: it lacks characters; the message lists them.
        """
        if isinstance(vocabulary, ByteVocabulary):
            return self._encode_bytes(vocabulary, skip=skip)
        places = vocabulary.find(self.vocabulary.characters)
        known = places >= 0
        if skip and vocabulary.unknown is not None:
            known &= places != vocabulary.unknown
        if known.all():
            same = np.array_equal(places, np.arange(len(self.vocabulary)))
            return self.ids if same else _look_up(_shrink(places), self.ids)
        ids = self.ids[_look_up(known, self.ids)] if skip else self.ids
        occurring = np.flatnonzero(count_ids(ids, len(known)))
        vocabulary.encode(self.vocabulary.decode(occurring))  # reports what it lacks
        return _look_up(_shrink(np.maximum(places, 0)), ids)

    def _encode_bytes(self, vocabulary: ByteVocabulary, *, skip: bool) -> Ids:
        content = bytearray()
        for block in list_blocks(len(self)):
            piece = str(self[block])
            known = vocabulary.drop_unknown(piece) if skip else piece
            content += vocabulary.encode(known).tobytes()
        return np.frombuffer(content, np.uint8)


class TextGatherer:
    """Makes a text of pieces, of which it keeps the ids alone."""

    def __init__(self) -> None:
        self._places = np.full(sys.maxunicode + 1, _NEW, np.int32)  # by code point
        self._characters = ""  # in the order of their places
        self._dtype = np.dtype(np.uint8)
        self._content = bytearray()  # grows without a copy, in most allocators

    def __len__(self) -> int:
        return len(self._content) // self._dtype.itemsize

    def add(self, piece: str) -> None:
        """Add the next characters."""
        for first in range(0, len(piece), _BLOCK):
            self._add_codes(to_code_points(piece[first : first + _BLOCK]))

    def mark(self) -> tuple[int, int]:
        """How far the text has come, for `return_to`."""
        return len(self), len(self._characters)

    def return_to(self, mark: tuple[int, int]) -> None:
        """Forget what was added since the mark."""
        length, known = mark
        del self._content[length * self._dtype.itemsize :]
        self._places[to_code_points(self._characters[known:])] = _NEW
        self._characters = self._characters[:known]

    def finish(self) -> Text:
        """The text of what was added; adding is over then.

        Raises:
            VocabularyError: nothing was added.
        """
        vocabulary = Vocabulary.of(self._characters)
        ids = np.frombuffer(self._content, self._dtype)
        final = vocabulary.encode(self._characters).astype(self._dtype)
        for block in list_blocks(len(ids)):
            ids[block] = final[ids[block]]
        return Text(vocabulary, ids)

    def _add_codes(self, codes: npt.NDArray[np.uint32]) -> None:
        places = self._places[codes]
        if places.min(initial=0) == _NEW:
            new = np.unique(codes[places == _NEW])
            self._places[new] = len(self._characters) + np.arange(len(new))
            self._characters += "".join(map(chr, new))
            self._widen()
            places = self._places[codes]
        self._content += places.astype(self._dtype).tobytes()

    def _widen(self) -> None:
        dtype = np.min_scalar_type(len(self._characters) - 1)
        if dtype != self._dtype:
            held = np.frombuffer(self._content, self._dtype)
            self._content = bytearray()
            for block in list_blocks(len(held)):
                self._content += held[block].astype(dtype).tobytes()
            self._dtype = dtype


def count_ids(ids: Ids, size: int) -> npt.NDArray[np.int64]:
    """How often each of `size` ids occurs, shape (size,); as `np.bincount`, with little memory."""
    counts = np.zeros(size, np.int64)
    for block in list_blocks(len(ids)):
        counts += np.bincount(ids[block], minlength=size)
    return counts


def _look_up(table: npt.NDArray[_Scalar], ids: Ids) -> npt.NDArray[_Scalar]:
    """`table[ids]` with little memory; ids (N,)."""
    found = np.empty(len(ids), table.dtype)
    for block in list_blocks(len(ids)):
        found[block] = table[ids[block]]
    return found


def list_blocks(length: int) -> list[slice]:
    """The blocks of a text that are worked on one after the other."""
    return [slice(first, first + _BLOCK) for first in range(0, length, _BLOCK)]


def _shrink(table: npt.NDArray[np.int32]) -> Ids:
    return table.astype(np.min_scalar_type(int(table.max(initial=0))))
