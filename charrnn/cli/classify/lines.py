"""Reviews from files and standard input, one a line or one in all, as soon as they arrive."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from charrnn.data.decoding import read_text
from charrnn.data.encodings import UTF8
from charrnn.data.lines import decode_lines
from charrnn.errors import ReviewsError

_STDIN = "standard input"


def read_whole(encoding: str = UTF8) -> str:
    """One review: all of standard input but its last line end.

    Raises:
        ReviewsError: it is no text, or of another encoding.
    """
    return read_text(sys.stdin.buffer, _STDIN, encoding, ReviewsError).rstrip("\r\n")


class Lines(Iterator[list[str]]):
    """A review for each line of a file, `-` for standard input; in pieces, as they arrive.

    Lines end with a line feed; a carriage return before it is left out.

    Raises:
        ReviewsError: while iterating; there is no such file, it is no text, or a line is of another
            encoding; the lines before it are yielded first.
    """

    def __init__(self, path: Path, encoding: str = UTF8) -> None:
        self._path, self._encoding = path, encoding
        self._pieces = self._read()
        self._file: IO[bytes] | None = None

    def __next__(self) -> list[str]:
        return next(self._pieces)

    def fileno(self) -> int:
        """The descriptor that can be read once more has arrived, -1 if that can't be told."""
        try:
            return self._file.fileno() if self._file else -1
        except OSError:  # no file of the system's
            return -1

    def _read(self) -> Iterator[list[str]]:
        path, encoding = self._path, self._encoding
        shown = _STDIN if path == Path("-") else str(path)
        try:
            with _open(path) as file:
                self._file = file
                read = file.read1  # type: ignore[attr-defined] # what has arrived, however little
                for lines in decode_lines(
                    read, shown, lambda number: f"line {number:,} of {path}", ReviewsError, encoding
                ):
                    yield [line.removesuffix("\r") for line in lines]
        except OSError as error:
            raise ReviewsError(f"can't read {path}: {error.strerror}") from error


def _open(path: Path) -> AbstractContextManager[IO[bytes]]:
    return nullcontext(sys.stdin.buffer) if path == Path("-") else path.open("rb")
