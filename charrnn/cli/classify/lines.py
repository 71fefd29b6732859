"""Reviews from files and standard input, a line each or one whole, as soon as they are there."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from charrnn.errors import ReviewsError

_BLOCK = 65_536  # bytes read at a time, or fewer where no more are there yet
_BOM = b"\xef\xbb\xbf"
_STDIN = "standard input"


def read_whole() -> str:
    """One review: all of standard input but the line end that closes it.

    Raises:
        ReviewsError: it is not UTF-8.
    """
    content = sys.stdin.buffer.read()
    return _decode(content.removeprefix(_BOM).rstrip(b"\r\n"), _STDIN)


def read_lines(path: Path) -> Iterator[list[str]]:
    """A review of each line of a file, `-` for standard input; in chunks, as they come.

    Lines end with a line feed, before which a carriage return is left out.

    Raises:
        ReviewsError: there is no such file, or a line is not UTF-8; the lines before it are given
            first.
    """
    number = 0
    for lines in _complete_lines(path):
        texts: list[str] = []
        for line in lines:
            number += 1
            content = line.removeprefix(_BOM) if number == 1 else line
            try:
                texts.append(_decode(content.removesuffix(b"\r"), f"line {number:,} of {path}"))
            except ReviewsError:
                yield texts
                raise
        yield texts


def _complete_lines(path: Path) -> Iterator[list[bytes]]:
    rest = bytearray()
    try:
        with _opened(path) as file:
            while block := file.read1(_BLOCK):  # type: ignore[attr-defined]
                rest += block
                if b"\n" in block:
                    *lines, last = rest.split(b"\n")
                    rest = last
                    yield list(map(bytes, lines))
    except OSError as error:
        raise ReviewsError(f"can't read {path}: {error.strerror}") from None
    if rest:
        yield [bytes(rest)]


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    return nullcontext(sys.stdin.buffer) if path == Path("-") else path.open("rb")


def _decode(content: bytes, shown: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ReviewsError(f"{shown} is not UTF-8 text: convert it first") from None
