"""Bytes to characters; bytes of another encoding are an error that says which it may be."""

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from charrnn.data.encodings import UTF8, guess_encodings
from charrnn.data.formats import recognize_format
from charrnn.errors import CharrnnError, CorpusError

BYTE_ORDER_MARK = "\ufeff"

_BLOCK = 2**16  # bytes
_LEADS = range(0xC2, 0xF5)  # bytes that begin a UTF-8 character of several
_LONGEST = 4  # bytes of a UTF-8 character
_DAMAGED = 0.2  # of a UTF-8 text's characters beyond ASCII, at most
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Which of four bytes are zero in most of a text.
_ZEROS = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


Locate = Callable[[], tuple[str, int]]
"""Names the part of a text that an error is in, and says how many of its bytes were decoded."""


def decode_blocks(
    read: Callable[[int], bytes],
    shown: str,
    encoding: str = UTF8,
    error_class: type[CharrnnError] = CorpusError,
    locate: Locate | None = None,
) -> Iterator[tuple[bytes, str]]:
    """Yield a text's bytes and their characters, a block at a time, up to what can't be decoded.

    Args:
        read: gives the next bytes, at most so many; none at the end.
        shown: what they are, the subject of the error's message.
        encoding: of the text.
        error_class: of the error.
        locate: what an error is about, instead of the whole text; then nothing is read ahead.

    Raises:
        CharrnnError: of the given class; they are no plain text, or of another encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    block, last, size, is_ascii = _read_start(read), b"", 0, True
    _check_start(block, shown, encoding, error_class)
    try:
        while block:
            state, last = decoder.getstate(), block
            size += len(block)
            text = decoder.decode(block)
            is_ascii = is_ascii and text.isascii()
            yield block, text
            block = read(_BLOCK)
        yield block, decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        place = size - len(error.object) + error.start
        whole = block[: max(0, len(block) - len(error.object) + error.start)]
        decoder.setstate(state)
        text = decoder.decode(whole)
        yield whole, text
        content, at = error.object, error.start
        if not block and len(last) > len(content):  # what is left over tells little
            content, at = last, at + len(last) - len(content)
        content += b"" if locate or not block else read(_BLOCK)
        byte = f"0x{content[at]:02x}"
        ends = not block or (not locate and _is_cut(content[at:], encoding))
        if ends and not (is_ascii and text.isascii() and encoding == UTF8):
            raise error_class(
                f"{shown} ends within a character (byte {place:,} is {byte}): it was cut there; "
                f"get it again, or remove what follows its first {place:,} bytes"
            ) from error
        part, place = locate() if locate else (shown, place)
        advice = _advise(content, at, encoding)
        raise error_class(
            f"{part} is not {encoding.upper()} text (byte {place:,} is {byte}): {advice}"
        ) from error


def read_text(
    file: BinaryIO,
    shown: str,
    encoding: str = UTF8,
    error_class: type[CharrnnError] = CorpusError,
) -> str:
    """A short text, without a byte order mark at its start; all else as in `decode_blocks`."""
    pieces = decode_blocks(file.read, shown, encoding, error_class)
    return "".join(piece for _, piece in pieces).removeprefix(BYTE_ORDER_MARK)


def _read_start(read: Callable[[int], bytes]) -> bytes:
    """The first block; one that ends within what may be a byte order mark, with the next."""
    start = more = read(_BLOCK)
    while more and any(mark.startswith(start) and mark != start for mark in _MARKS):
        start += (more := read(_BLOCK))
    return start


def _check_start(start: bytes, shown: str, encoding: str, error_class: type[CharrnnError]) -> None:
    """Reject what the first bytes show to be no text, or of other bytes a character.

    The first bytes of a document or an archive may be ASCII.
    """
    if known := recognize_format(start):
        raise error_class(f"{shown} is {known}")
    wide = _recognize_wide(start)
    if wide and not encoding.startswith(("utf-16", "utf-32")):
        raise error_class(
            f"{shown} is {wide.upper()} text, not {encoding.upper()}: give {wide} as `encoding`"
        )
    marks = tuple(mark for mark, marked in _MARKS.items() if marked == encoding)
    if marks and start and not start.startswith(marks):
        raise error_class(
            f"{shown} does not begin with the byte order mark of {encoding.upper()}: if it is such "
            f"a text, give {encoding}-le or {encoding}-be as `encoding`"
        )


def _recognize_wide(start: bytes) -> str:
    """Which encoding of two or four bytes a character a text is in; empty for others."""
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if b"\0" not in start:
        return ""
    quads = np.frombuffer(start, np.uint8, len(start) // 4 * 4).reshape(-1, 4)
    zeros = np.mean(quads == 0, axis=0) if len(quads) else np.zeros(4)
    return _ZEROS.get(tuple((zeros > 1 / 2).tolist()), "")


def _is_cut(rest: bytes, encoding: str) -> bool:
    """Whether nothing but the start of a character, and perhaps a line end, is left."""
    return encoding == UTF8 and len(rest) < _LONGEST and rest[0] in _LEADS


def _begin_line(content: bytes, place: int) -> bytes:
    """The bytes around a place, from the beginning of a line on, which is a whole character's."""
    begin = content.rfind(b"\n", 0, place) + 1
    return content[begin : place + _BLOCK]


def _is_mostly_utf8(content: bytes) -> bool:
    beyond = [character for character in content.decode(errors="replace") if character > "\x7f"]
    return beyond.count("\ufffd") < _DAMAGED * len(beyond)


def _advise(content: bytes, place: int, encoding: str) -> str:
    if encoding == UTF8 and _is_mostly_utf8(content):
        return "the rest is, so mend that place, or drop it with iconv -c -f UTF-8 -t UTF-8"
    found = guess_encodings(_begin_line(content, place))
    guesses = [guess for guess in found if guess != encoding]
    if guesses:
        return f"it may be {' or '.join(guesses)}, to be given as `encoding`"
    return "if it is a text, find out its encoding and give it as `encoding`"
