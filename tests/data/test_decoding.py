"""Bytes to characters, and the advice that fits the bytes."""

import io

import pytest

from charrnn.data.decoding import read_text
from charrnn.errors import CorpusError, ReviewsError
from tests.support.messages import catch_message

WINDOWS = "He said “it’s fine” — and left.\n".encode("cp1252") * 9
RUSSIAN = "Все счастливые семьи похожи друг на друга.\n".encode("cp1251") * 9
UTF8 = "He said “it’s fine” — and left.\n".encode() * 9


def read(content: bytes, encoding: str = "utf-8") -> str:
    return read_text(io.BytesIO(content), "old.txt", encoding)


def explain(content: bytes, encoding: str = "utf-8") -> str:
    return catch_message(CorpusError, lambda: read(content, encoding))


def test_windows_quotes_are_windows() -> None:
    """Bytes of 0x80 to 0x9f as Windows uses them are cp1252, never LATIN1."""
    assert explain(WINDOWS).startswith(
        "old.txt is not UTF-8 text (byte 8 is 0x93): it may be cp1252 or "
    )
    assert read(WINDOWS, "cp1252").startswith("He said “it’s fine”")


def test_the_guess_is_from_where_the_error_is() -> None:
    """Many blocks of ASCII before it don't hide which encoding the rest is in."""
    before = b"plain text\n" * 100_000
    message = explain(before + RUSSIAN)
    assert f"(byte {len(before):,} is 0xc2): it may be cp1251 or " in message


@pytest.mark.parametrize("end", [b"\xe2", b"\xe2\x80", b"\xe2\x80\n", b"\xc3"])
def test_an_error_at_the_end_is_a_cut(end: bytes) -> None:
    """A text that ends within a character is told so, with the bytes that are whole."""
    message = explain(UTF8 + end)
    assert message.startswith(f"old.txt ends within a character (byte {len(UTF8)} is 0x")
    assert message.endswith(f"remove what follows its first {len(UTF8)} bytes")


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis"])
def test_a_cut_is_known_in_other_encodings(encoding: str) -> None:
    """Half a character is left there too."""
    assert "ends within a character" in explain("日本語".encode(encoding)[:-1], encoding)


def test_one_damaged_place_is_no_other_encoding() -> None:
    """A UTF-8 text with a wrong byte is not called big5 or the like."""
    assert explain(UTF8 + b"\xe9t\n" + UTF8).endswith(
        "the rest is, so mend that place, or drop it with iconv -c -f UTF-8 -t UTF-8"
    )


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32-le", "utf-32-le"),
        ("utf-32-be", "utf-32-be"),
    ],
)
@pytest.mark.parametrize("text", ["Once upon a time.\n" * 9, "Naïve été.\n" * 9])
def test_wide_text_is_recognised(text: str, encoding: str, named: str) -> None:
    """With a mark or without, also if its bytes happen to be UTF-8; and it can be read then."""
    content = text.encode(encoding)
    message = explain(content)
    assert message == f"old.txt is {named.upper()} text, not UTF-8: give {named} as `encoding`"
    assert read(content, named) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_wide_text_without_a_mark_needs_its_byte_order(encoding: str, order: str) -> None:
    """The encoding's name alone does not say it, so the error gives the two that do."""
    content = "Once upon a time.\n".encode(f"{encoding}-{order}")
    assert explain(content, encoding) == (
        f"old.txt does not begin with the byte order mark of {encoding.upper()}: if it is such a "
        f"text, give {encoding}-le or {encoding}-be as `encoding`"
    )


def test_bytes_of_no_encoding_give_no_names() -> None:
    """What is no text in any common encoding is left to the user."""
    noise = bytes(number * number % 251 for number in range(1, 5000))
    assert explain(noise).endswith(
        "if it is a text, find out its encoding and give it as `encoding`"
    )


def test_documents_are_told_to_be_saved_as_text() -> None:
    """A PDF is named, and no encoding is asked for, whichever was given."""
    content = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"
    expected = "old.txt is a PDF document, no plain text: save its text as a .txt file"
    assert explain(content) == expected
    assert explain(content, "latin-1") == expected


def test_an_error_is_of_the_class_that_was_asked_for() -> None:
    """What is wrong with reviews is an error of reviews, in the same words."""
    wrong = (RUSSIAN, b"%PDF-1.7", "wide".encode("utf-16"), UTF8 + b"\xe2")
    for content in wrong:
        message = catch_message(
            ReviewsError,
            lambda content=content: read_text(  # type: ignore[misc]
                io.BytesIO(content), "old.txt", error_class=ReviewsError
            ),
        )
        assert message == explain(content)


@pytest.mark.parametrize("end", [b"caf\xe9", b"caf\xe9\n"])
def test_an_accent_at_the_end_is_no_cut(end: bytes) -> None:
    """Nothing before it speaks for UTF-8: it is a letter of another encoding."""
    start = "old.txt is not UTF-8 text (byte 3 is 0xe9): it may be cp1252 or "
    assert explain(end).startswith(start)
