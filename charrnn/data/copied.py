"""Which stretches of a text stand word for word in another, such as what a network learnt from.

The pieces of `shortest` characters that both texts have are found by their hashes, of which only
the text's are kept. From each that is not part of a stretch yet, the text is compared with every
place of the source that has it, in both directions, until none goes on in the same way.

Shapes: N characters of the text, M of the source, P places.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.text import Text, list_blocks
from charrnn.data.vocabulary import Ids

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15  # odd, so that no power of it is 0 mod 2^64
_SIEVE_BITS = 22  # 4 MB, of which 100,000 pieces fill 2%
_MOST_PLACES = 10_000  # of one piece, such as a line of spaces


class CopiedStretch(NamedTuple):
    """A stretch of a text that stands word for word in another, and is part of no longer one.

    Attributes:
        start: where it begins in the text, from 0.
        length: its characters.
        offset: where it first stands in the other text, in characters from 0.
        line: the line of that place, from 1.
        times: how often it stands there; of what stands there more than 10,000 times, some.
    """

    start: int
    length: int
    offset: int
    line: int
    times: int


class Copies(NamedTuple):
    """What of a text stands word for word in another.

    Attributes:
        stretches: in the text's order; they may overlap.
        share: the part of the text's characters that belong to one, in [0, 1].
    """

    stretches: list[CopiedStretch]
    share: float


def find_copies(text: str, source: Text, shortest: int) -> Copies:
    """Find the stretches of a text that stand word for word in a source.

    Each is as long as can be, so it is no part of another one. Of a piece that the source has more
    than 10,000 times, only so many places are looked at, so that its stretch may be found shorter.

    Args:
        text: N characters.
        source: M characters.
        shortest: how many characters a stretch has at least, 1 or more.
    """
    ids = source.vocabulary.find(text)  # -1 for what the source lacks, like nothing in it
    pieces = _SharedPieces(ids, source, shortest)
    found: list[tuple[int, int, Places]] = []
    covered = end = at = 0
    while (piece := pieces.find_next(at)) is not None:
        at = piece + 1
        places = pieces.list_places(piece)
        if not len(places):  # a piece of the same hash
            continue
        before, places = _extend_back(ids, source.ids, piece, places)
        start, places = piece - before, places - before
        length, places = _extend(ids, source.ids, start, places)
        found.append((start, length, places))
        covered += start + length - max(end, start)
        end = start + length
        at = max(end + 1 - shortest, 0)  # the next one has a character more at its end
    lines = _find_line_starts(source)
    stretches = [
        CopiedStretch(
            start,
            length,
            int(places[0]),
            int(np.searchsorted(lines, places[0], "right")),
            len(places),
        )
        for start, length, places in found
    ]
    return Copies(stretches, covered / len(ids) if len(ids) else 0.0)


class _SharedPieces:
    """The pieces of so many characters that a text (N,) and a source have in common."""

    def __init__(self, ids: Ids, source: Text, size: int) -> None:
        self._ids, self._source, self._size = ids, source.ids, size
        vocabulary_size = len(source.vocabulary) + 1  # and what is not in it
        codes = np.random.default_rng(0).integers(2**64, size=vocabulary_size, dtype=np.uint64)
        own = _hash_pieces(codes[ids], size)
        self._known, self._classes = np.unique(own, return_inverse=True)
        offsets, classes = self._search(codes)
        order = np.argsort(classes, kind="stable")
        self._offsets = offsets[order]
        self._borders = np.searchsorted(classes[order], np.arange(len(self._known) + 1))
        shared = self._borders[1:] > self._borders[:-1]
        self._starts = np.flatnonzero(shared[self._classes])

    def find_next(self, start: int) -> int | None:
        """The first piece of the text, from a place on, that the source has."""
        place = int(np.searchsorted(self._starts, start))
        return int(self._starts[place]) if place < len(self._starts) else None

    def list_places(self, start: int) -> Places:
        """Where in the source the text's piece that begins there stands, (P,), in order."""
        of_class = self._classes[start]
        places = self._offsets[self._borders[of_class] : self._borders[of_class + 1]][:_MOST_PLACES]
        piece = self._ids[start : start + self._size]
        same = np.ones(len(places), np.bool_)
        for place, character in enumerate(piece):
            same &= self._source[places + place] == character
        return places[same]

    def _search(self, codes: Hashes) -> tuple[Places, npt.NDArray[np.intp]]:
        """Where the source has one of the known hashes, in order, and which."""
        sieve = np.zeros(2**_SIEVE_BITS, np.bool_)
        sieve[self._known >> np.uint64(64 - _SIEVE_BITS)] = True
        offsets, classes = [np.empty(0, np.int64)], [np.empty(0, np.intp)]
        for block in list_blocks(len(self._source)) if len(self._known) else []:
            part = self._source[block.start : block.stop + self._size - 1]
            hashes = _hash_pieces(codes[part], self._size)
            likely = np.flatnonzero(sieve[hashes >> np.uint64(64 - _SIEVE_BITS)])
            nearest = np.searchsorted(self._known, hashes[likely])
            same = self._known[np.minimum(nearest, len(self._known) - 1)] == hashes[likely]
            offsets.append(block.start + likely[same])
            classes.append(nearest[same])
        return np.concatenate(offsets), np.concatenate(classes)


def _hash_pieces(codes: Hashes, size: int) -> Hashes:
    """Hash every piece of `size` characters: codes (N,) to (N - size + 1,), or none.

    Two pieces of the same length are joined into one of twice the length, as often as the binary
    digits of `size` say.
    """
    if len(codes) < size:
        return codes[:0]
    hashes, length = codes, 1
    for digit in f"{size:b}"[1:]:
        hashes = hashes[:-length] * np.uint64(pow(_BASE, length, 2**64)) + hashes[length:]
        length *= 2
        if digit == "1":
            hashes = hashes[:-1] * np.uint64(_BASE) + codes[length:]
            length += 1
    return hashes


def _extend(ids: Ids, source: Ids, start: int, places: Places) -> tuple[int, Places]:
    """How many characters from a start on stand at any of the places (P,), and at which they do."""
    length = 0
    for character in ids[start:]:
        going = places[places + length < len(source)]
        going = going[source[going + length] == character]
        if not len(going):
            break
        places, length = going, length + 1
    return length, places


def _extend_back(ids: Ids, source: Ids, start: int, places: Places) -> tuple[int, Places]:
    """The same for the characters before a start: how many, and the places (P,) that remain."""
    backwards = len(source) - places  # where the reversed source goes on
    length, kept = _extend(ids[::-1], source[::-1], len(ids) - start, backwards)
    return length, len(source) - kept


def _find_line_starts(source: Text) -> Places:
    """Where lines begin, in order."""
    if "\n" not in source.vocabulary:
        return np.zeros(1, np.int64)
    ends = source.ids == source.vocabulary.find("\n")[0]
    return np.concatenate([[0], np.flatnonzero(ends) + 1])
