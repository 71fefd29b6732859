"""Books, written the way the EPUB specification has them."""

import io
import zipfile

import pytest

from charrnn.data.epub import read_epub
from charrnn.errors import CorpusError

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
<item id="two" href="text/chapter%202.xhtml"/><item id="one" href="../one.xhtml"/>
<item id="css" href="style.css"/><item id="cover" href="cover.xhtml"/>
</manifest><spine><itemref idref="cover"/><itemref idref="one"/><itemref idref="two"/>
<itemref idref="gone"/></spine></package>"""
PARTS = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/content.opf": PACKAGE,
    "OEBPS/cover.xhtml": "<html><body><img src='cover.jpg'/></body></html>",
    "one.xhtml": '<?xml version="1.0"?><html><head><title>1</title></head><p>Once é</p></html>',
    "OEBPS/text/chapter 2.xhtml": "<html><body><h1>Two</h1><p>upon</p></body></html>",
    "OEBPS/style.css": "p { color: red }",
}


def write(parts: dict[str, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def read(content: bytes) -> str:
    return "".join(read_epub(io.BytesIO(content), "a.epub"))


def catch(**changes: bytes | str | None) -> str:
    """What is wrong with a book in which some parts are others, or none."""
    names = {name.rpartition("/")[2].partition(".")[0]: name for name in PARTS}
    parts: dict[str, bytes | str] = {**PARTS}
    for name, content in changes.items():
        parts.pop(names.get(name, ""), None)
        if content is not None:
            parts[names.get(name, f"META-INF/{name}.xml")] = content
    with pytest.raises(CorpusError) as failure:
        read(write(parts))
    return str(failure.value)


def test_chapters_are_read_in_the_books_order() -> None:
    """The spine says in which; pictures and styles are no text."""
    assert read(write({**PARTS})) == "Once é\n\nTwo\n\nupon"


def test_a_chapter_may_be_in_utf_16() -> None:
    """The other encoding that books can have."""
    assert read(write({**PARTS, "one.xhtml": "<p>Once é</p>".encode("utf-16")})) == (
        "Once é\n\nTwo\n\nupon"
    )


def test_what_is_no_book() -> None:
    """One line for each thing that can be wrong with it."""
    assert catch(container=None) == "a.epub is no EPUB book: save its text as a .txt file"
    assert catch(container="<container") == "a.epub is damaged: get it again"
    assert catch(one=None) == "a.epub lacks its part one.xhtml: get it again"
    assert catch(content=None) == "a.epub lacks its part OEBPS/content.opf: get it again"
    assert catch(one=b"<p>caf\xe9 and so on</p>").startswith(
        "a.epub, one.xhtml, is not UTF-8 text (byte 6 is 0xe9)"
    )


def test_a_protected_book_is_named() -> None:
    """If a chapter is encrypted, that is said; fonts often are, and are not needed."""
    locked = '<encryption><CipherReference URI="{}"/></encryption>'
    message = catch(encryption=locked.format("OEBPS/text/chapter%202.xhtml"))
    assert message == "a.epub is copy-protected: give a book without such protection"
    font = locked.format("OEBPS/font.ttf")
    assert read(write({**PARTS, "META-INF/encryption.xml": font})).startswith("Once é")


def test_an_encrypted_archive_is_named() -> None:
    """zipfile asks for a password by a RuntimeError."""
    content = bytearray(write({**PARTS}))
    for place in range(len(content) - 10):
        if content[place : place + 4] == b"PK\x01\x02":
            content[place + 8] |= 1
        if content[place : place + 4] == b"PK\x03\x04":
            content[place + 6] |= 1
    with pytest.raises(CorpusError, match=r"a\.epub is encrypted: save it without a password"):
        read(bytes(content))
