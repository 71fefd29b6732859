"""A text as the ids of its characters: a byte for each, while 256 different ones are enough."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import AnyVocabulary, ByteVocabulary
from charrnn.data.stores import MemoryStore, Store
from charrnn.data.vocabulary import UNKNOWN, Ids, Vocabulary, to_code_points
from charrnn.errors import VocabularyError

Counts = npt.NDArray[np.int64]
"""How often each id occurs."""

_BLOCK = 2**16  # ids that are looked up at a time: they stay in a processor's cache
_NEW = -1

_Scalar = TypeVar("_Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Text:
    """A text.

    Attributes:
        vocabulary: of its characters; a part of a text keeps the whole's.
        ids: of the characters in `vocabulary`, shape (N,).
        known_counts: how often each occurs, shape (V,), if somebody has counted.
    """

    vocabulary: Vocabulary
    ids: Ids
    known_counts: Counts | None = None

    @staticmethod
    def of(characters: str) -> "Text":
        """The text of a string.

        Raises:
            VocabularyError: the string is empty.
        """
        store = MemoryStore()
        gatherer = TextGatherer(store)
        gatherer.add(characters)
        return gatherer.finish().make_text(store)

    @cached_property
    def counts(self) -> Counts:
        """How often each character of the vocabulary occurs, shape (V,)."""
        if self.known_counts is not None:
            return self.known_counts
        return count_ids(self.ids, len(self.vocabulary))

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
        if self.counts.min() >= least:
            return self.vocabulary
        frequent = self.vocabulary.decode(np.flatnonzero(self.counts >= least))
        if not frequent:
            raise VocabularyError(f"no character occurs {least:,} times")
        return Vocabulary.of(frequent + UNKNOWN)

    def count_unknown(self, vocabulary: Vocabulary) -> tuple[str, int]:
        """The characters that another vocabulary lacks, and how often the text has any of them."""
        known = np.isin(
            to_code_points(self.vocabulary.characters), to_code_points(vocabulary.known)
        )
        lacking = np.flatnonzero((self.counts > 0) & ~known)
        return self.vocabulary.decode(lacking), int(self.counts[lacking].sum())

    def count_distinct(self, vocabulary: AnyVocabulary) -> int:
        """How many different ids another vocabulary has for its characters."""
        occurring = self.vocabulary.decode(np.flatnonzero(self.counts))
        return len(np.unique(vocabulary.encode(occurring)))

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


class Gathered(NamedTuple):
    """What a store's ids are.

    Attributes:
        vocabulary: of the characters.
        counts: how often each occurs, shape (V,).
        dtype: the numbers that the ids are kept in.
    """

    vocabulary: Vocabulary
    counts: Counts
    dtype: np.dtype[Any]

    def make_text(self, store: Store) -> Text:
        """The text of the store's ids."""
        return Text(self.vocabulary, store.view(self.dtype), self.counts)


class Mark(NamedTuple):
    """How far a text has come.

    Attributes:
        length: characters.
        known: different ones.
        counts: how often each occurred.
    """

    length: int
    known: int
    counts: Counts


class TextGatherer:
    """Makes a text of pieces, of which it keeps the ids alone.

    Args:
        store: where it keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._places = np.full(sys.maxunicode + 1, _NEW, np.int32)  # by code point
        self._characters = ""  # in the order of their places
        self._counts = np.zeros(0, np.int64)  # by place
        self._dtype, self._store = np.dtype(np.uint8), store

    def __len__(self) -> int:
        return len(self._store) // self._dtype.itemsize

    def add(self, piece: str) -> None:
        """Add the next characters."""
        for first in range(0, len(piece), _BLOCK):
            self._add_codes(to_code_points(piece[first : first + _BLOCK]))

    def mark(self) -> Mark:
        """How far the text has come, for `return_to`."""
        return Mark(len(self), len(self._characters), self._counts.copy())

    def return_to(self, mark: Mark) -> None:
        """Forget what was added since the mark."""
        self._store.truncate(mark.length * self._dtype.itemsize)
        self._places[to_code_points(self._characters[mark.known :])] = _NEW
        self._characters, self._counts = self._characters[: mark.known], mark.counts

    def finish(self) -> Gathered:
        """What was added, its ids in the store; adding is over then.

        Raises:
            VocabularyError: nothing was added.
        """
        vocabulary = Vocabulary.of(self._characters)
        final = vocabulary.encode(self._characters).astype(self._dtype)
        if np.any(final != np.arange(len(final))):
            self._rewrite(self._dtype, lambda ids: final[ids])
        counts = np.zeros(len(final), np.int64)
        counts[final] = self._counts
        return Gathered(vocabulary, counts, self._dtype)

    def _add_codes(self, codes: npt.NDArray[np.uint32]) -> None:
        places = self._places[codes]
        if places.min(initial=0) == _NEW:
            new = np.unique(codes[places == _NEW])
            self._places[new] = len(self._characters) + np.arange(len(new))
            self._characters += "".join(map(chr, new))
            self._counts = np.append(self._counts, np.zeros(len(new), np.int64))
            self._widen()
            places = self._places[codes]
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._store.write(len(self._store), places.astype(self._dtype).tobytes())

    def _widen(self) -> None:
        dtype = np.min_scalar_type(len(self._characters) - 1)
        if dtype.itemsize > self._dtype.itemsize:
            self._rewrite(dtype, lambda ids: ids)

    def _rewrite(self, dtype: np.dtype[Any], change: Callable[[Ids], Ids]) -> None:
        """Change all ids, and the numbers that they are kept in.

        From the last block to the first, since wider ones reach into those that come after.
        """
        old, length = self._dtype, len(self)
        for block in reversed(list_blocks(length)):
            first, last = block.start, min(block.stop, length)
            ids = np.frombuffer(self._store.read(first * old.itemsize, last * old.itemsize), old)
            self._store.write(first * dtype.itemsize, change(ids).astype(dtype).tobytes())
        self._dtype = dtype


def count_ids(ids: Ids, size: int) -> Counts:
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
