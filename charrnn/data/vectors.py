"""Word vectors in the text formats of GloVe and word2vec."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from charrnn.data.files import open_regular
from charrnn.errors import ReviewsError

Vectors = Mapping[str, npt.NDArray[np.float32]]
"""Word to its vector, each (E,)."""

_LONGEST_LINE = 2**20  # bytes
_WIDEST = 4096  # numbers of a vector; an embedding has one for each word of the vocabulary
_HEAD = 2  # counts: of words, and of numbers in a vector


def read_vectors(path: Path, wanted: frozenset[str]) -> Vectors:
    """Read the vectors of the wanted words; a line is a word and its numbers, between spaces.

    A first line of two counts, as word2vec writes it, is skipped. The first vector says how many
    numbers a vector has: a word may have spaces, as some of GloVe's do, and they end the line. If
    a word occurs twice, its first vector counts. A pipe is read as it comes, for the user typed it.

    Returns:
        Word to vector for each wanted word that the file has, each vector of shape (E,).

    Raises:
        ReviewsError: the file can't be read, a line is no such vector, or it has none of the words.
    """
    found: dict[str, npt.NDArray[np.float32]] = {}
    try:
        with path.open("rb") if path.is_fifo() else open_regular(path) as file:
            lines = _split_lines(path, file)
            for number, fields, width in _measure_vectors(path, lines):
                word = fields[0].decode("utf-8", "replace")
                if word in wanted and word not in found and not _has_spaces(fields, width):
                    found[word] = _parse_vector(path, number, fields, width)
    except OSError as error:
        raise ReviewsError(f"can't read {path}: {error.strerror}") from error
    if not found:
        raise ReviewsError(
            f"{path} has a vector for none of the reviews' words: give vectors of the same language"
        )
    return found


def _split_lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Line number and fields of each line."""
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        fields = line.rstrip().split(b" ")
        if len(fields) == 1 or len(line) == _LONGEST_LINE:
            raise ReviewsError(
                f"{path}, line {number}, is no word vector: give a text file of GloVe or word2vec"
            )
        yield number, fields


def _measure_vectors(
    path: Path, lines: Iterator[tuple[int, list[bytes]]]
) -> Iterator[tuple[int, list[bytes], int]]:
    """Line number, fields, and how many of these are the vector, of each line except the head."""
    width = 0
    for number, fields in lines:
        if number == 1 and len(fields) == _HEAD and all(map(bytes.isdigit, fields)):
            continue
        if not width:
            width = _count_numbers(path, number, fields)
        yield number, fields, width


def _count_numbers(path: Path, number: int, fields: Sequence[bytes]) -> int:
    """How many numbers, which must be finite, end a line."""
    width = sum(1 for _ in itertools.takewhile(_is_number, reversed(fields[1:])))
    if not width or b"" in fields or not all(map(math.isfinite, map(float, fields[-width:]))):
        raise ReviewsError(_describe(path, number))
    if width > _WIDEST:
        raise ReviewsError(f"{path} has vectors of over {_WIDEST:,} numbers: give shorter ones")
    return width


def _has_spaces(fields: Sequence[bytes], width: int) -> bool:
    """Whether the word before the numbers has spaces, which no word of a review has."""
    return len(fields) > width + 1 and not _is_number(fields[-width - 1])


def _parse_vector(
    path: Path, number: int, fields: Sequence[bytes], width: int
) -> npt.NDArray[np.float32]:
    if len(fields) != width + 1:
        raise ReviewsError(
            f"{path} has vectors of different lengths, {width} and in line {number} "
            f"{len(fields) - 1}, so it is damaged: get it again"
        )
    try:
        with np.errstate(over="ignore"):
            vector = np.array(fields[1:], np.float32)
    except ValueError as error:
        raise ReviewsError(_describe(path, number)) from error
    if not np.isfinite(vector).all():
        raise ReviewsError(_describe(path, number))
    return vector


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _describe(path: Path, number: int) -> str:
    return f"{path}, line {number}, is no word vector: a word must be followed by finite numbers"
