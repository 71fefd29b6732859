"""Reviews from files and standard input, one a line or one in all, as soon as they arrive."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from charrnn.data.decoding import decode_utf8, reject_document
from charrnn.errors import ReviewsError

_BLOCK = 65_536  # bytes read at a time, or as many as have arrived
_BOM = b"\xef\xbb\xbf"
_STDIN = "standard input"


def read_whole() -> str:
    """One review: all of standard input but its last line end.

    Raises:
        ReviewsError: it is no text, or not UTF-8.
    """
    content = sys.stdin.buffer.read()
    reject_document(content, _STDIN, ReviewsError)
    return decode_utf8(content.removeprefix(_BOM).rstrip(b"\r\n"), _STDIN, ReviewsError)


def read_lines(path: Path) -> Iterator[list[str]]:
    """A review for each line of a file, `-` for standard input; in chunks, as they arrive.

    Lines end with a line feed; a carriage return before it is left out.

    Raises:
        ReviewsError: there is no such file, it is no text, or a line is not UTF-8; the lines
            before it are yielded first.
    """
    number = 0
    for lines in _read_complete_lines(path):
        texts: list[str] = []
        for line in lines:
            number += 1
            content = line.removeprefix(_BOM) if number == 1 else line
            try:
                shown = f"line {number:,} of {path}"
                texts.append(decode_utf8(content.removesuffix(b"\r"), shown, ReviewsError))
            except ReviewsError:
                yield texts
                raise
        yield texts


def _read_complete_lines(path: Path) -> Iterator[list[bytes]]:
    rest = bytearray()
    try:
        with _open(path) as file:
            blocks = iter(lambda: file.read1(_BLOCK), b"")  # type: ignore[attr-defined]
            for number, block in enumerate(blocks):
                if not number:
                    shown = _STDIN if path == Path("-") else str(path)
                    reject_document(block, shown, ReviewsError)
                rest += block
                if b"\n" in block:
                    *lines, last = rest.split(b"\n")
                    rest = last
                    yield list(map(bytes, lines))
    except OSError as error:
        raise ReviewsError(f"can't read {path}: {error.strerror}") from error
    if rest:
        yield [bytes(rest)]


def _open(path: Path) -> AbstractContextManager[IO[bytes]]:
    return nullcontext(sys.stdin.buffer) if path == Path("-") else path.open("rb")
