"""Files that are no plain text, made as their programs make them."""

import gzip
import io
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pytest

from charrnn.data.formats import is_markup, recognize_format


def make_zip(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return file.getvalue()


def make_database() -> bytes:
    with sqlite3.connect("notes.sqlite") as database:
        database.execute("create table notes (text)")
    database.close()
    return Path("notes.sqlite").read_bytes()


def make_tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (rb"{\rtf1\ansi Hello}", "an RTF document"),
        (make_zip(word__document_dot_xml="<w:p/>"), "an Office document"),
        (make_zip(mimetype="application/epub+zip"), "an EPUB book"),
        (make_zip(mimetype="application/vnd.oasis.opendocument.text"), "an OpenDocument file"),
        (make_zip(notes="text"), "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
        (gzip.compress(b"text", mtime=0), "a gzip file"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "an image"),
        (b"charrnn checkpoint\nformat 2\nsha256 0", "a trained network"),
    ],
)
def test_a_format_is_known_by_its_first_bytes(content: bytes, kind: str) -> None:
    """What it is comes first, then what to do."""
    known = recognize_format(content)
    assert known.startswith(f"{kind}, ")
    assert ":" in known


def test_archives_and_databases_are_known() -> None:
    """Files that Python itself writes."""
    assert recognize_format(make_tar()).startswith("a tar archive, ")
    assert recognize_format(make_database()).startswith("an SQLite database, ")


@pytest.mark.parametrize(
    "text", ["", "PK and go", "RIFF raff", "GIF is a format", "BZh1 bees", "ID3 tags", "MZ", "%PD"]
)
def test_plain_text_is_plain_text(text: str) -> None:
    """A text that begins like a format's name is none."""
    assert recognize_format(text.encode()) == ""


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("<!DOCTYPE html>\n<html>", True),
        ("\n  <html lang='en'>", True),
        ("<?xml version='1.0'?>", True),
        ("<htmlish", False),
        ("Once upon a <html>", False),
        ("", False),
    ],
)
def test_web_pages_are_known_by_their_beginning(start: str, expected: bool) -> None:
    """HTML and XML, in capitals or not, after blanks."""
    assert is_markup(start) is expected
