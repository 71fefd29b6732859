"""The text of a Word document (.docx), a paragraph a line, footnotes at its end."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from charrnn.data.parts import Parts
from charrnn.errors import CorpusError

_RELATIONS = "_rels/.rels"
_MAIN = "/officeDocument"
_NOTES = ("footnotes.xml", "endnotes.xml")
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
# Text that was moved away, and what stands in for text boxes in older programs. Deleted text has
# an element of its own, which is not read.
_LEFT_OUT = {"moveFrom", "Fallback"}


def read_docx(file: BinaryIO, shown: str) -> Iterator[str]:
    """Yield the text of a Word document; headers, footers and comments are no part of it.

    Raises:
        CorpusError: it is damaged, encrypted, a bomb, or no Word document.
    """
    parts = Parts(file, shown)
    main = _find_main(parts, shown)
    notes = [posixpath.join(posixpath.dirname(main), name) for name in _NOTES]
    for name in [main, *(name for name in notes if name in parts)]:
        body = _Body()
        parts.parse(name, body.start, body.end, body.read)
        yield "".join(body.pieces)


def _find_main(parts: Parts, shown: str) -> str:
    found: list[str] = []

    def start(tag: str, values: Mapping[str, str]) -> None:
        if tag == "Relationship" and values.get("Type", "").endswith(_MAIN):
            found.append(values.get("Target", "").lstrip("/"))

    if _RELATIONS in parts:
        parts.parse(_RELATIONS, start)
    if not found:
        raise CorpusError(f"{shown} is no Word document: save it as .docx or as a .txt file")
    return found[0]


class _Body:
    """Gathers the text of a part."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open: list[str] = []  # the elements around
        self._left_out = 0  # how many of these are left out

    def start(self, tag: str, _: Mapping[str, str]) -> None:
        self._open.append(tag)
        self._left_out += tag in _LEFT_OUT
        if tag in _SIGNS and "r" in self._open[-2:-1]:  # in a run; elsewhere a tab is a setting
            self._add(_SIGNS[tag])

    def end(self, tag: str) -> None:
        self._open.pop()
        self._left_out -= tag in _LEFT_OUT
        if tag == "p":
            self._add("\n")

    def read(self, text: str) -> None:
        if self._open[-1] == "t":
            self._add(text)

    def _add(self, text: str) -> None:
        if not self._left_out:
            self.pieces.append(text)
