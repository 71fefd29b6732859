"""Files of every format, by the end of their name."""

import csv
import gzip
import io
import json
from collections import Counter
from typing import Any

import pytest

from charrnn.data.documents import find_ending, read_text_pieces
from charrnn.data.reading import Reading
from charrnn.errors import CorpusError

TEXTS = ["once, upon", 'a "time"\nthere was', "水é", "the end"]


def read(content: bytes, name: str, **how: Any) -> tuple[str, Counter[str]]:
    counts: Counter[str] = Counter()
    pieces = read_text_pieces(io.BytesIO(content), name, name, Reading(**how), counts)
    return "".join(pieces), counts


def catch(content: bytes | str, name: str, column: str = "text") -> str:
    data = content if isinstance(content, bytes) else content.encode()
    with pytest.raises(CorpusError) as failure:
        read(data, name, text_column=column)
    return str(failure.value)


def write_csv(delimiter: str) -> bytes:
    file = io.StringIO()
    rows = csv.writer(file, delimiter=delimiter)
    rows.writerows([["id", "text"], *([str(place), text] for place, text in enumerate(TEXTS))])
    return file.getvalue().encode()


TABLES = {
    "a.csv": write_csv(","),
    "b.csv": write_csv(";"),
    "a.tsv": write_csv("\t"),
    "a.JSONL": "\n".join(json.dumps({"id": 1, "text": text}) for text in TEXTS).encode(),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_a_column_is_the_text_of_a_table(name: str, packed: bool) -> None:
    """Its rows are joined by the separator, like files; the table may be compressed."""
    content = gzip.compress(TABLES[name]) if packed else TABLES[name]
    path = f"{name}.gz" if packed else name
    text, counts = read(content, path, text_column="text", separator="|")
    assert text == "|".join(TEXTS)
    assert counts == {"row": 4}


def test_a_table_may_be_read_as_it_is() -> None:
    """Without the name of a column it is plain text like any other."""
    for name, content in TABLES.items():
        assert read(content, name) == (content.decode(), Counter())
    assert read(TABLES["a.csv"], "a.txt", text_column="text")[0] == TABLES["a.csv"].decode()


def test_rows_without_text_are_counted() -> None:
    """Blank fields, null and objects without the column are left out, and counted."""
    lines = ['{"text": "a"}', '{"text": ""}', '{"text": null}', '{"other": 1}', '{"text": "b"}']
    text, counts = read("\n".join(lines).encode(), "a.jsonl", text_column="text")
    assert text == "a\nb"
    assert counts == {"row": 2, "row without text": 3}


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("id,body\n1,a\n", "a.csv", "has no column 'text': name one of 'id', 'body' as `text_"),
        ("text,text\na,b\n", "a.csv", "has 2 column 'text': name one of 'text', 'text' as"),
        ('{"text": 3}', "a.jsonl", "a.jsonl, line 1, has no text in 'text': give the name of"),
        ('{"body": "a"}', "a.jsonl", "a.jsonl has no text in 'text': give another `text_column`"),
        ("text\n", "a.csv", "a.csv has no text in 'text': give another `text_column`"),
        ('text\n"a', "a.csv", "a.csv, line 2, is malformed"),
        ("{", "a.jsonl", "a.jsonl, line 1, is not JSON"),
        (b"text\ncaf\xe9 au lait\n", "a.csv", "a.csv, line 2, is not UTF-8 text (byte 3 is 0xe9)"),
    ],
)
def test_what_is_no_table(content: bytes | str, name: str, said: str) -> None:
    """One line that names the place."""
    assert said in catch(content, name)


@pytest.mark.parametrize("name", ["a.html", "b.HTM", "c.xhtml", "a.html.gz"])
def test_a_web_page_is_its_text(name: str) -> None:
    """In the encoding that is given, without a byte order mark."""
    page = "\ufeff<!DOCTYPE html><title>no</title><p>café</p>"
    content = gzip.compress(page.encode()) if name.endswith("gz") else page.encode()
    assert read(content, name) == ("café", {"web page": 1})
    assert read("<p>café</p>".encode("cp1252"), "a.html", encoding="cp1252")[0] == "café"
    assert read(page.encode(), "-")[0] == page.removeprefix("\ufeff")


def test_a_page_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is parsed at once, so an endless one is an error."""
    monkeypatch.setattr("charrnn.data.documents._LARGEST_PAGE", 100_000)
    with pytest.raises(CorpusError, match="is too large for a web page"):
        read(b"a" * 300_000, "a.html")


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.TXT", ".txt"), ("a.b/c.csv.GZ", ".csv"), ("a.zst", ""), ("a", ""), (".gz", "")],
)
def test_the_end_of_a_name(name: str, ending: str) -> None:
    """It is read without what says that a file is compressed."""
    assert find_ending(name) == ending
