"""Word vectors in the text formats of GloVe and word2vec."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from charrnn.errors import ReviewsError

Vectors = Mapping[str, npt.NDArray[np.float32]]
"""Word to its vector, each (E,)."""

_LONGEST_LINE = 2**20  # bytes


def read_vectors(path: Path, wanted: frozenset[str]) -> Vectors:
    """Read the vectors of the wanted words; a line is a word and its numbers, between spaces.

    A first line of two counts, as word2vec writes it, is skipped. If a word occurs twice, its first
    vector counts.

    Returns:
        Word to vector for each wanted word that the file has, each vector of shape (E,).

    Raises:
        ReviewsError: the file can't be read, a line is no such vector, or it has none of the words.
    """
    found: dict[str, npt.NDArray[np.float32]] = {}
    try:
        with path.open("rb") as file:
            for number, word, numbers in _split_lines(path, file):
                if word in wanted and word not in found:
                    found[word] = _parse_vector(path, number, numbers)
    except OSError as error:
        raise ReviewsError(f"can't read {path}: {error.strerror}") from error
    if not found:
        raise ReviewsError(
            f"{path} has a vector for none of the reviews' words: give vectors of the same language"
        )
    if len({len(vector) for vector in found.values()}) > 1:
        raise ReviewsError(
            f"{path} has vectors of different lengths, so it is damaged: get it again"
        )
    return found


def _split_lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, str, list[bytes]]]:
    """Line number, word and numbers of each line except a first line of counts."""
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        word, *numbers = line.rstrip().split(b" ")
        if number == 1 and len(numbers) == 1:
            continue
        if not numbers or len(line) == _LONGEST_LINE:
            raise ReviewsError(
                f"{path}, line {number}, is no word vector: give a text file of GloVe or word2vec"
            )
        yield number, word.decode("utf-8", "replace"), numbers


def _parse_vector(path: Path, number: int, numbers: list[bytes]) -> npt.NDArray[np.float32]:
    problem = f"{path}, line {number}, is no word vector: a word must be followed by finite numbers"
    try:
        vector = np.array(numbers, np.float32)
    except ValueError as error:
        raise ReviewsError(problem) from error
    if not np.isfinite(vector).all():
        raise ReviewsError(problem)
    return vector
