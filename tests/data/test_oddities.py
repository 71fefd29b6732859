"""What is odd about a text, with its count, by the kinds that people have."""

import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from charrnn.data.corpus import load_corpus, make_corpus
from charrnn.data.oddities import list_oddities
from charrnn.data.reading import make_reading

LINE = "the quick brown fox"


def notes_of(text: str) -> list[str]:
    notes = list(list_oddities(make_corpus(text)))
    assert all("\n" not in note for note in notes)
    return notes


def mend(note: str, text: str) -> str:
    """The text after the command of a note."""
    command = re.split(" removes ", note.rsplit(": ", maxsplit=1)[-1])[0]
    done = subprocess.run(  # noqa: S602 - the command under test
        command,
        shell=True,
        executable="/bin/bash",
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


@pytest.mark.parametrize("text", [LINE, f"{LINE}\n{LINE}\tand\fmore", "“naïve” 道可道 😀\n"])
def test_ordinary_text_is_not_odd(text: str) -> None:
    """Line feeds, tabs, form feeds and letters of any script need no note."""
    assert notes_of(text) == []


def reread(odd: str, **how: Any) -> str:
    """The text of a file, read with these settings."""
    Path("odd.txt").write_bytes(odd.encode())
    corpus = load_corpus(["odd.txt"], Path(), io.BytesIO(), reading=make_reading(**how))
    assert list(list_oddities(corpus)) == []
    return str(corpus.text)


@pytest.mark.parametrize(
    ("odd", "mended", "words"),
    [
        (f"{LINE}\r\n" * 1200, f"{LINE}\n" * 1200, "1,200 lines ending in CR LF"),
        (f"{LINE}\r\n", f"{LINE}\n", "1 line ending in CR LF"),
        (f"{LINE}\r" * 9, f"{LINE}\n" * 9, "9 carriage returns without a line feed"),
        (f"{LINE}\r", f"{LINE}\n", "1 carriage return without"),
    ],
)
def test_line_ends_are_counted_and_a_setting_mends_them(odd: str, mended: str, words: str) -> None:
    """The note names the number, and the setting that makes a text without the oddity."""
    (note,) = notes_of(odd)
    assert words in note
    assert "set `newlines` to unix" in note
    assert reread(odd, newlines="unix") == mended


def test_byte_order_marks_are_counted_and_a_setting_mends_them() -> None:
    """They stand where files with such a mark were joined."""
    (note,) = notes_of(f"{LINE}\ufeff" * 3)
    assert "3 byte order marks within" in note
    assert "`clean` removes them" in note
    assert reread(f"{LINE}\ufeff" * 3, clean=True) == LINE * 3


def test_control_characters_are_counted_and_a_command_removes_them() -> None:
    """The note names the number, and its command makes a text without them."""
    odd = f"{LINE}\0\x08\x1b\n" * 5
    (note,) = notes_of(odd)
    assert r"15 control characters, '\x00' '\x08'" in note
    assert mend(note, odd) == f"{LINE}\n" * 5


def test_what_would_be_the_unknown_is_noted() -> None:
    """U+FFFF is no character of texts, and means all unknown ones to a network."""
    (note,) = notes_of(f"{LINE}\uffff" * 3)
    assert "3 × U+FFFF" in note


def test_mixed_line_ends_have_two_notes() -> None:
    """Carriage returns with and without a line feed are counted apart, across blocks too."""
    first, second = notes_of(f"{LINE}\r\n" * 40_000 + f"{LINE}\r" * 7)
    assert "40,000 lines ending in CR LF" in first
    assert "7 carriage returns without" in second


def test_wrongly_converted_windows_text_is_named() -> None:
    """Quotes that became control characters, because Latin-1 was taken for cp1252."""
    (note,) = notes_of("He said “no”.\n".encode("cp1252").decode("latin-1"))
    assert "2 control characters, '\\x93' '\\x94'" in note
    assert "cp1252" in note


def test_a_web_page_is_noted() -> None:
    """Its tags may be meant, so it is no error."""
    (note,) = notes_of(f"<!DOCTYPE html>\n<p>{LINE}")
    assert "its tags are learnt too" in note
