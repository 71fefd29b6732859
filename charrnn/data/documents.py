"""The text of a file of any format: plain, or of a table, a web page, a book or a document."""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from charrnn.data.decoding import BYTE_ORDER_MARK, decode_blocks
from charrnn.data.docx import read_docx
from charrnn.data.epub import read_epub
from charrnn.data.pages import extract_text
from charrnn.data.reading import Reading
from charrnn.data.rows import ENDINGS, read_rows
from charrnn.data.unpack import Stream, unpack
from charrnn.errors import CorpusError

ROW = "row"
BLANK_ROW = "row without text"

PACKED = (".gz", ".zst")
_PAGES = (".html", ".htm", ".xhtml")
_LARGEST_PAGE = 2**26  # characters, which are parsed at once
_SHOWN = 20  # columns in a message

# The end of a document's name, what it is, and what reads it.
_DOCUMENTS: dict[str, tuple[str, Callable[[Any, str], Iterator[str]]]] = {
    ".docx": ("Word document", read_docx),
    ".epub": ("EPUB book", read_epub),
}


def find_ending(name: str) -> str:
    """How a file's name ends, in small letters and without what says that it is compressed."""
    stem, ending = posixpath.splitext(name.lower())
    return posixpath.splitext(stem)[1] if ending in PACKED else ending


def read_text_pieces(
    file: Stream, name: str, shown: str, reading: Reading, counts: Counter[str]
) -> Iterator[str]:
    """Yield a file's text, without a byte order mark at its start.

    Args:
        file: its bytes, perhaps compressed; a document's must be a file that can be searched.
        name: the file's, whose end says what it is.
        shown: what to call it in an error.
        reading: how it is read.
        counts: is told how many documents, pages and rows there are, by what they are.

    Raises:
        CorpusError: it is not what its name says, or of another encoding.
        OSError: it can't be read.
    """
    ending = find_ending(name)
    if ending in _DOCUMENTS:
        noun, read = _DOCUMENTS[ending]
        counts[noun] += 1
        yield from read(file, shown)
    elif ending in _PAGES:
        counts["web page"] += 1
        yield extract_text(_read_page(file, shown, reading.encoding))
    elif ending in ENDINGS and reading.text_column:
        yield from _read_column(file, ending, shown, reading, counts)
    else:
        yield from _decode(file, shown, reading.encoding)


def _decode(file: Stream, shown: str, encoding: str) -> Iterator[str]:
    mark = BYTE_ORDER_MARK
    for _, piece in decode_blocks(unpack(file, shown).read, shown, encoding):
        yield piece.removeprefix(mark)
        mark = "" if piece else mark


def _read_page(file: Stream, shown: str, encoding: str) -> str:
    pieces, length = [], 0
    for piece in _decode(file, shown, encoding):
        pieces.append(piece)
        length += len(piece)
        if length > _LARGEST_PAGE:
            raise CorpusError(f"{shown} is too large for a web page: save its text as a .txt file")
    return "".join(pieces)


def _read_column(
    file: Stream, ending: str, shown: str, reading: Reading, counts: Counter[str]
) -> Iterator[str]:
    """Yield the texts of a table's column, with the separator between them."""
    separator, column = "", reading.text_column
    stream = unpack(file, shown)
    for row in read_rows(stream.read, shown, ending, reading.encoding, CorpusError):
        if row.columns.count(column) != 1 and ending != ".jsonl":
            count = row.columns.count(column) or "no"
            columns = ", ".join(map(repr, row.columns[:_SHOWN]))
            raise CorpusError(
                f"{shown} has {count} column {column!r}: name one of {columns} as `text_column`"
            )
        text = dict(zip(row.columns, row.values, strict=True)).get(column)
        if text is not None and not isinstance(text, str):
            raise CorpusError(
                f"{shown}, line {row.line}, has no text in {column!r}: give the name of a column "
                "of texts as `text_column`"
            )
        counts[ROW if text else BLANK_ROW] += 1
        if text:
            yield separator + text
            separator = reading.separator
    if not counts[ROW]:
        raise CorpusError(f"{shown} has no text in {column!r}: give another `text_column`")
