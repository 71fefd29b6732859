"""The text of an EPUB book: its chapters, in the order in which they are read."""

import posixpath
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import unquote

from charrnn.data.decoding import decode_blocks
from charrnn.data.pages import extract_text
from charrnn.data.parts import Parts
from charrnn.errors import CorpusError

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_BETWEEN = "\n\n"  # chapters


def read_epub(file: BinaryIO, shown: str) -> Iterator[str]:
    """Yield the text of a book, chapter by chapter.

    Raises:
        CorpusError: it is damaged, copy-protected, a bomb, or no book.
    """
    parts = Parts(file, shown)
    packages = _list_values(parts, _CONTAINER, "rootfile", "full-path")
    if not packages:
        raise CorpusError(f"{shown} is no EPUB book: save its text as a .txt file")
    names = _list_chapters(parts, packages[0])
    locked = set()
    if _ENCRYPTION in parts:  # fonts may be listed there too
        locked = set(map(unquote, _list_values(parts, _ENCRYPTION, "CipherReference", "URI")))
    if locked & set(names):
        raise CorpusError(f"{shown} is copy-protected: give a book without such protection")
    before = ""
    for name in names:
        if text := extract_text(_decode(parts, name, shown)):
            yield before + text
            before = _BETWEEN


def _list_chapters(parts: Parts, package: str) -> list[str]:
    """The names of the parts that are read, in their order."""
    places: dict[str, str] = {}
    spine: list[str] = []

    def start(tag: str, values: Mapping[str, str]) -> None:
        if tag == "item":
            places[values.get("id", "")] = unquote(values.get("href", ""))
        elif tag == "itemref":
            spine.append(values.get("idref", ""))

    parts.parse(package, start)
    folder = posixpath.dirname(package)
    hrefs = [places[name] for name in spine if name in places]
    return [posixpath.normpath(posixpath.join(folder, href)) for href in hrefs]


def _list_values(parts: Parts, part: str, element: str, attribute: str) -> list[str]:
    found: list[str] = []

    def start(tag: str, values: Mapping[str, str]) -> None:
        if tag == element and attribute in values:
            found.append(values[attribute])

    if part in parts:
        parts.parse(part, start)
    return found


def _decode(parts: Parts, name: str, shown: str) -> str:
    """A chapter's XHTML, which is in UTF-8 or, with its mark, UTF-16."""
    content = b"".join(parts.read(name))
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    blocks = iter([content])
    where = f"{shown}, {name},"
    return "".join(text for _, text in decode_blocks(lambda _: next(blocks, b""), where, encoding))
