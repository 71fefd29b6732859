"""Word documents that python-docx wrote, and what it can't write by hand."""

import io
import zipfile
from collections.abc import Callable
from itertools import pairwise

import docx
import pytest

from charrnn.data.docx import read_docx
from charrnn.errors import CorpusError

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def read(content: bytes) -> str:
    return "".join(read_docx(io.BytesIO(content), "a.docx"))


def write(fill: Callable[[docx.document.Document], object]) -> bytes:
    """The bytes of a document of python-docx."""
    document, file = docx.Document(), io.BytesIO()
    fill(document)
    document.save(file)
    return file.getvalue()


def pack(body: str, **more: str) -> bytes:
    """The bytes of a document with this body, and notes."""
    file = io.BytesIO()
    relations = f'<Relationships><Relationship Type="{RELATION}" Target="/word/document2.xml"/>'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", f"{relations}</Relationships>")
        archive.writestr("word/document2.xml", f"<w:document {WORD}>{body}</w:document>")
        for name, content in more.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {WORD}>{content}</w:{name}>")
    return file.getvalue()


def catch(content: bytes) -> str:
    with pytest.raises(CorpusError) as failure:
        read(content)
    message = str(failure.value)
    assert "\n" not in message
    return message


def test_paragraphs_are_lines() -> None:
    """Headings, paragraphs, tabs, line breaks, lists and tables, in their order."""

    def fill(document: docx.document.Document) -> None:
        document.add_heading("A title", 1)
        paragraph = document.add_paragraph("It was “late”")
        paragraph.add_run(", and\tdark").bold = True
        paragraph.add_run().add_break()
        paragraph.add_run("水 & <tags>")
        document.add_paragraph("a point", style="List Bullet")
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "left", "right"
        document.add_paragraph("the end")
        document.sections[0].header.paragraphs[0].text = "a header"

    assert read(write(fill)) == (
        "A title\nIt was “late”, and\tdark\n水 & <tags>\na point\nleft\nright\nthe end\n"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>", "new\n"),
        ("<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "\n"),
        ("<w:p><w:moveFrom><w:r><w:t>x<w:tab/></w:t></w:r></w:moveFrom></w:p>", "\n"),
        ("<w:sdt><w:p><w:r><w:t>a field</w:t></w:r></w:p></w:sdt>", "a field\n"),
        ("<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:tab/></w:r></w:p>", "\t\n"),
        ("<w:p><w:r><w:instrText>PAGE</w:instrText><w:t>7</w:t></w:r></w:p>", "7\n"),
        ("<w:p><w:r><w:noBreakHyphen/><w:softHyphen/><w:cr/></w:r></w:p>", "\u2011\u00ad\n\n"),
        ("<w:Choice><w:r><w:t>a</w:t></w:r></w:Choice><w:Fallback><w:t>a</w:t></w:Fallback>", "a"),
    ],
)
def test_what_word_writes_beside_plain_runs(body: str, text: str) -> None:
    """Tracked insertions and fields' results are text; what was deleted or moved is not."""
    assert read(pack(body)) == text


def test_notes_follow_the_text() -> None:
    """Footnotes, then endnotes, are read after the document."""
    note = "<w:footnote><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:footnote>"
    content = pack(
        "<w:p><w:r><w:t>text</w:t></w:r></w:p>",
        footnotes=note.format("below"),
        endnotes=note.format("last"),
    )
    assert read(content) == "text\nbelow\nlast\n"


def test_what_is_no_document() -> None:
    """One line for each thing that can be wrong with it."""
    content = pack("<w:p/>")
    assert catch(b"plain text") == "a.docx is damaged: get it again"
    assert catch(content[: len(content) // 2]) == "a.docx is damaged: get it again"
    assert catch(pack("<w:p>")) == "a.docx is damaged: get it again"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "text")
    assert catch(file.getvalue()).startswith("a.docx is no Word document")


@pytest.mark.timeout(20)
def test_entities_are_not_expanded() -> None:
    """A few lines of XML may stand for gigabytes of text."""
    names = "abcdefghi"
    tens = (f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise(names))
    laughs = f'<!DOCTYPE d [<!ENTITY a "ha">{"".join(tens)}'
    for text in (f"{laughs}]><d>&i;</d>", '<!DOCTYPE d [<!ENTITY a "ha">]><d/>'):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("_rels/.rels", text)
        assert catch(file.getvalue()) == "a.docx is damaged: get it again"


def test_a_bomb_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that unpacks to far more than any text does is an error."""
    monkeypatch.setattr("charrnn.data.unpack._SMALL", 2**16)
    assert "unpacks to over 200 times its size" in catch(pack(" " * 2**23))


def test_a_long_list_of_parts_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of an archive's parts would be read at once."""
    content = pack("<w:p/>")
    monkeypatch.setattr("charrnn.data.parts._LARGEST_LIST", 50)
    monkeypatch.setattr("zipfile.ZipFile", lambda _: pytest.fail("was read"))
    assert "has more parts than any document" in catch(content)
