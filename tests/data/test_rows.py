"""The rows of `.csv`, `.tsv` and `.jsonl` files, against Python's own writers."""

import csv
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data import rows
from charrnn.data.rows import Row, open_rows
from charrnn.errors import ReviewsError

BOM = b"\xef\xbb\xbf"
DELIMITERS = {".csv": ",", ".tsv": "\t", ".CSV": ";"}

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
AWKWARD = st.text(st.sampled_from("ab ,;\t\"'\n\r\\\u2028\x85é😀\ufeff"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | AWKWARD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def read(content: bytes, name: str = "reviews.csv") -> list[Row]:
    Path(name).write_bytes(content)
    with open_rows(Path(name)) as found:
        return list(found)


def failure_of(content: bytes, name: str = "reviews.csv") -> ReviewsError:
    with pytest.raises(ReviewsError) as failure:
        read(content, name)
    message = str(failure.value)
    assert "\n" not in message
    assert message.startswith((name, f"can't read {name}"))
    return failure.value


def write_row(values: list[str], delimiter: str, quoting: Any) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting).writerow(values)
    return file.getvalue().encode()


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXTS | AWKWARD, TEXTS | AWKWARD)),
    st.sampled_from(list(DELIMITERS)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_files_of_csv_writer_are_read(
    fields: list[tuple[str, str]], ending: str, quoting: Any, bom: bool
) -> None:
    """Whatever `csv.writer` writes is restored, with the lines in which rows begin."""
    written = [
        write_row(list(values), DELIMITERS[ending], quoting)
        for values in [("text", "label"), *fields]
    ]
    found = read(BOM * bom + b"".join(written), f"reviews{ending}")
    assert [tuple(row.values) for row in found] == fields
    assert all(list(row.columns) == ["text", "label"] for row in found)
    lines = [1 + b"".join(written[:place]).count(b"\n") for place in range(1, len(written))]
    assert [row.line for row in found] == lines


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.dictionaries(TEXTS | AWKWARD, JSON)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2),
)
def test_files_of_json_dumps_are_read(
    objects: list[dict[str, Any]], ascii_only: bool, bom: bool, blank: int
) -> None:
    """Whatever objects `json.dumps` writes are restored, with their lines; blank lines are not."""
    end = "\n" + " \r\n" * blank
    text = "".join(json.dumps(one, ensure_ascii=ascii_only) + end for one in objects)
    found = read(BOM * bom + text.encode(), "reviews.jsonl") if text or bom else []
    assert [dict(zip(row.columns, row.values, strict=True)) for row in found] == objects
    assert [row.line for row in found] == [1 + k * (1 + blank) for k in range(len(objects))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_any_system_are_read(end: str, last: bool) -> None:
    """Rows end with LF or CR LF, blank lines are skipped, and the last line end may be missing."""
    text = end.join(["text,label", "good,1", "bad,0"]) + end * last
    assert [list(row.values) for row in read(text.encode())] == [["good", "1"], ["bad", "0"]]


def test_names_of_columns_are_stripped() -> None:
    """White space around a column's name is not part of it; white space in a field is."""
    (row,) = read(b" text ,  label\n good , 1\n")
    assert list(row.columns) == ["text", "label"]
    assert list(row.values) == [" good ", " 1"]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("text;label", ["text", "label"]),
        ("text,label", ["text", "label"]),
        ("text,la;bel", ["text", "la;bel"]),
        ("text\tlabel", ["text\tlabel"]),
    ],
)
def test_semicolons_separate_without_commas(header: str, columns: list[str]) -> None:
    """In a `.csv` file semicolons separate fields only if the header has no comma."""
    line = header.replace("text", "good").replace("label", "1").replace("la;bel", "1")
    (row,) = read(f"{header}\n{line}\n".encode())
    assert list(row.columns) == columns


def test_only_tabs_separate_in_tsv() -> None:
    """In a `.tsv` file commas and semicolons are parts of fields."""
    (row,) = read(b"text\tlabel\na, good; film\t1\n", "reviews.TSV")
    assert list(row.values) == ["a, good; film", "1"]


HEADER = b"text,label\n"


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        (HEADER + b"good,1\nbad\n", 3, "has 1 field, but the header 2: quote"),
        (HEADER + b"good, bad,1\n", 2, "has 3 fields, but the header 2: quote"),
        (HEADER + b'"one\n\ntwo",1\nbad\n', 5, "has 1 field, but"),
        (HEADER + b'good,1\n"bad,0\nugly,1\n', 3, "is malformed (unexpected end of data)"),
        (HEADER + b'"so "good"",1\n', 2, "is malformed ("),
        (HEADER + b"good\rbad,1\n", 2, "is malformed ("),
        (HEADER + b"good,1\nbad\0,0\n", 3, "has a NUL character"),
        (HEADER + b"good,1\nna\xefve,0\n", 3, "is not UTF-8 text (byte 2 is 0xef)"),
        (b"\n" + HEADER, 1, "is blank: the first line must name the columns"),
        (BOM, 1, "is blank: the first line must name the columns"),
    ],
    ids=repr,
)
def test_malformed_csv_is_rejected(content: bytes, line: int, expected: str) -> None:
    """The error gives the line in which the malformed row begins, and what is wrong."""
    message = str(failure_of(content))
    assert message.startswith(f"reviews.csv, line {line}, ")
    assert expected in message


@pytest.mark.parametrize(
    ("content", "line", "expected"),
    [
        (b'{"text": "good"}\n{"text"}\n', 2, "is not JSON: put one object like"),
        (b'{"text": "good"\n}\n', 1, "is not JSON: put one object like"),
        (b'\n\n[{"text": "good"}]\n', 3, "is not a JSON object: put one object like"),
        (b'{}\n"good"\n', 2, "is not a JSON object"),
        (b"{}\n1\n", 2, "is not a JSON object"),
        (b"{}\nnull", 2, "is not a JSON object"),
        (b"[" * 100_000, 1, "is not JSON"),
        (b'{"a":' * 100_000, 1, "is not JSON"),
        (b'{"a": [' + b"[]," * 2**19 + b"1]}", 1, "is not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", 1, "is not JSON"),
        (b'{"text": "\0"}', 1, "has a NUL character"),
        (b'{}\n{"text": "na\xefve"}', 2, "is not UTF-8 text (byte 12 is 0xef)"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_malformed_json_is_rejected(content: bytes, line: int, expected: str) -> None:
    """The error gives the line, and what is wrong."""
    message = str(failure_of(content, "reviews.jsonl"))
    assert message.startswith(f"reviews.jsonl, line {line}, ")
    assert expected in message


def test_causes_are_kept() -> None:
    """A developer can see the error of Python's own reader."""
    for name, content, cause in (
        ("reviews.csv", HEADER + b'"', csv.Error),
        ("reviews.csv", b"\xff", UnicodeDecodeError),
        ("reviews.jsonl", b"{", json.JSONDecodeError),
    ):
        assert isinstance(failure_of(content, name).__cause__, cause)


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.tsv", "reviews.jsonl"])
def test_empty_file_is_rejected(name: str) -> None:
    """A file without a byte is rejected as empty."""
    assert "is empty: give" in str(failure_of(b"", name))


def test_field_has_a_limit() -> None:
    """A field of 1,048,576 characters is read, a longer one, or an open quote, is rejected."""
    most = 2**20
    (row,) = read(HEADER + b"a" * most + b",1\n")
    assert len(str(row.values[0])) == most
    for content in (b"a" * (most + 1) + b",1\n", b'"' + b"good\n" * most):
        message = str(failure_of(HEADER + b"good,1\n" + content))
        assert message.startswith("reviews.csv, line 3, is malformed (field larger than field")


@pytest.mark.parametrize(
    ("name", "first", "long"),
    [
        ("reviews.csv", HEADER, b"," * 200 + b"\n"),
        ("reviews.csv", HEADER, b'"\n",' * 50 + b"\n"),
        ("reviews.csv", b"", b"text," * 40 + b"\n"),
        ("reviews.jsonl", b"{}\n", b'{"text": "' + b"a" * 200 + b'"}\n'),
    ],
)
def test_row_has_a_limit(
    name: str, first: bytes, long: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is too long is rejected, over however many lines; many short rows are not."""
    monkeypatch.setattr(rows, "_LONGEST_ROW", 150)
    message = str(failure_of(first + long, name))
    assert f"line {2 if first else 1}, begins a row of over 150 characters" in message
    short = first + (b"{}\n" if name.endswith("l") else b"a,b\n") * 100
    assert len(read(short, name)) >= 99


def test_large_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of over 1 GiB is rejected by its size."""
    monkeypatch.setattr(rows, "_MOST", len(HEADER) + 7)
    assert len(read(HEADER + b"good,1\n")) == 1
    assert "has 19 bytes: give a file of up to 18" in str(failure_of(HEADER + b"goood,1\n"))


def test_sparse_file_of_a_gibibyte_is_not_read() -> None:
    """The limit is 1 GiB, however little disk the file takes."""
    with Path("reviews.csv").open("wb") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(ReviewsError, match="1,073,741,825 bytes"), open_rows(Path("reviews.csv")):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipe_is_not_read() -> None:
    """A pipe, whose reading would block, is rejected, and so are a folder and a missing file."""
    os.mkfifo("pipe.csv")
    Path("folder.csv").mkdir()
    for name, expected in (
        ("pipe.csv", "can't read pipe.csv: it is no regular file; give a .csv"),
        ("folder.csv", "can't read folder.csv: it is a folder; give a .csv"),
        ("nowhere.csv", "no file nowhere.csv: give a .csv, .tsv or .jsonl file"),
    ):
        with pytest.raises(ReviewsError, match=expected), open_rows(Path(name)):
            pass


def test_unreadable_file_is_rejected() -> None:
    """A path that can't be opened is an error with the system's reason."""
    Path("file").touch()
    expected = (
        r"^can't read file/reviews\.csv: Not a directory; give a \.csv, \.tsv or \.jsonl file$"
    )
    with pytest.raises(ReviewsError, match=expected), open_rows(Path("file/reviews.csv")):
        pass


def test_limit_of_the_csv_module_is_restored() -> None:
    """Other users of the csv module keep their own limit, whether or not the file is valid."""
    before = csv.field_size_limit(123)
    try:
        read(HEADER + b"good,1\n")
        failure_of(HEADER + b"bad\n")
        assert csv.field_size_limit() == 123
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.jsonl"])
def test_rows_are_read_one_by_one(name: str) -> None:
    """Reading 20 MB of rows takes little memory if they are not kept."""
    row = (
        b'{"text": "' + b"a" * 10_000 + b'"}\n'
        if name == "reviews.jsonl"
        else b"a" * 10_000 + b"\n"
    )
    Path(name).write_bytes(b"text\n" * (name == "reviews.csv") + row * 2_000)
    tracemalloc.start()
    try:
        with open_rows(Path(name)) as found:
            assert sum(1 for _ in found) == 2_000
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@settings(deadline=None)
@given(st.binary() | AWKWARD.map(str.encode), st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_bytes_are_rows_or_an_error(content: bytes, ending: str) -> None:
    """Whatever a file holds, the result is rows or an error of ours in one line."""
    message = ""
    try:
        found = read(content, f"reviews{ending}")
        assert all(len(row.columns) == len(row.values) for row in found)
    except ReviewsError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize("name", ["reviews.csv", "reviews.jsonl"])
def test_a_document_is_no_table(name: str) -> None:
    """An Excel file with another name is called what it is, not a text to be converted."""
    content = b"PK\x03\x04" + b"\xe9\n" * 13 + b"[Content_Types].xml"
    assert str(failure_of(content, name)).startswith(f"{name} is an Office document, no plain text")
