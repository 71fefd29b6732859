"""Bytes to characters; bytes of another encoding are an error that says which it may be."""

import codecs
from collections.abc import Iterator, Sequence
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


def decode_blocks(file: BinaryIO, shown: str, encoding: str = UTF8) -> Iterator[tuple[bytes, str]]:
    """Yield a text's bytes and their characters, a block at a time.

    Args:
        file: the bytes.
        shown: what they are, the subject of the error's message.
        encoding: of the text.

    Raises:
        CorpusError: they are no plain text, or of another encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    block, size = file.read(_BLOCK), 0
    _check_start(block, shown, encoding)
    try:
        while block:
            size += len(block)
            yield block, decoder.decode(block)
            block = file.read(_BLOCK)
        yield block, decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        place = size - len(error.object) + error.start
        content = error.object + file.read(_BLOCK)
        where = f"byte {place:,} is 0x{content[error.start]:02x}"
        if not block or _is_cut(content[error.start :], encoding):
            raise CorpusError(
                f"{shown} ends within a character ({where}): it was cut there; get it again, or "
                f"remove what follows its first {place:,} bytes"
            ) from error
        advice = _advise_option(content, error.start, encoding)
        raise CorpusError(f"{shown} is not {encoding.upper()} text ({where}): {advice}") from error


def read_text(file: BinaryIO, shown: str, encoding: str = UTF8) -> str:
    """A short text, without a byte order mark at its start; all else as in `decode_blocks`."""
    text = "".join(piece for _, piece in decode_blocks(file, shown, encoding))
    return text.removeprefix(BYTE_ORDER_MARK)


def decode_utf8(content: bytes, shown: str, error_class: type[CharrnnError]) -> str:
    """The text of UTF-8 bytes, a byte order mark at its start included.

    Args:
        content: the bytes.
        shown: what they are, the subject of the error's message.
        error_class: of the error.

    Raises:
        CharrnnError: of the given class; the bytes are not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        wide = _recognize_wide(content[:_BLOCK])
        guesses = [wide] if wide else guess_encodings(_begin_line(content, error.start))
        raise error_class(
            f"{shown} is not UTF-8 text (byte {error.start:,} is 0x{content[error.start]:02x}): if "
            f"it is a text, {_advise_conversion(guesses)}"
        ) from error


def reject_document(start: bytes, shown: str, error_class: type[CharrnnError]) -> None:
    """Reject what is no plain text by its first bytes, though these may be ASCII.

    Args:
        start: the first bytes, some thousand if there are so many.
        shown: what they are of, the subject of the error's message.
        error_class: of the error.

    Raises:
        CharrnnError: of the given class; it is a document, an archive or the like.
    """
    if known := recognize_format(start):
        raise error_class(f"{shown} is {known}")


def _check_start(start: bytes, shown: str, encoding: str) -> None:
    """Reject what the first bytes show to be no text, or of other bytes a character."""
    reject_document(start, shown, CorpusError)
    wide = _recognize_wide(start)
    if wide and not encoding.startswith(("utf-16", "utf-32")):
        raise CorpusError(
            f"{shown} is {wide.upper()} text, not {encoding.upper()}: give {wide} as `encoding`"
        )
    marks = tuple(mark for mark, marked in _MARKS.items() if marked == encoding)
    if marks and start and not start.startswith(marks):
        raise CorpusError(
            f"{shown} does not begin with the byte order mark of {encoding.upper()}: if it is such "
            f"a text, give {encoding}-le or {encoding}-be as `encoding`"
        )


def _recognize_wide(start: bytes) -> str:
    """Which encoding of two or four bytes a character a text is in; empty for others."""
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
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


def _advise_option(content: bytes, place: int, encoding: str) -> str:
    if encoding == UTF8 and _is_mostly_utf8(content):
        return "the rest is, so mend that place, or drop it with iconv -c -f UTF-8 -t UTF-8"
    found = guess_encodings(_begin_line(content, place))
    guesses = [guess for guess in found if guess != encoding]
    if guesses:
        return f"it may be {' or '.join(guesses)}, to be given as `encoding`"
    return "if it is a text, find out its encoding and give it as `encoding`"


def _advise_conversion(guesses: Sequence[str]) -> str:
    if not guesses:
        return "find out its encoding and convert it to UTF-8"
    name = guesses[0].upper().replace("_", "-").replace("MAC-ROMAN", "MACINTOSH")
    also = f"; it may also be {' or '.join(guesses[1:])}" if guesses[1:] else ""
    return f"convert it first, for example with iconv -f {name} -t UTF-8{also}"
