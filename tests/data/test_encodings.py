"""Encodings by name, and guesses against texts that Python encoded."""

import pytest

from charrnn.data.encodings import find_encoding, guess_encodings
from charrnn.errors import UsageError
from tests.support.messages import catch_message

TEXTS = {
    "quotes": "He said “it’s fine” — and left.\n" * 5,
    "french": "À la fenêtre où naît la lumière, il rêvait d'un été déjà brûlé.\n" * 5,
    "german": "Die Mädchen hören schöne Lieder über große Bäume.\n" * 5,
    "polish": "Zażółć gęślą jaźń, wszyscy ludzie rodzą się wolni.\n" * 5,
    "turkish": "Bütün insanlar hür, haysiyet bakımından eşit doğarlar.\n" * 5,
    "russian": "Все счастливые семьи похожи друг на друга.\n" * 5,
    "greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.\n" * 5,
    "hebrew": "כל בני אדם נולדו בני חורין ושווים בערכם.\n" * 5,
    "chinese": "道可道，非常道。名可名，非常名。无名天地之始。\n" * 5,
    "traditional": "無名天地之始；有名萬物之母。故常無，欲以觀其妙。\n" * 5,
    "japanese": "吾輩は猫である。名前はまだ無い。\n" * 5,
    "korean": "모든 인간은 태어날 때부터 자유로우며 평등하다.\n" * 5,
}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("quotes", "cp1252"),
        ("quotes", "mac_roman"),
        ("french", "cp1252"),
        ("french", "mac_roman"),
        ("german", "cp1252"),
        ("german", "cp850"),
        ("polish", "cp1250"),
        ("turkish", "cp1254"),
        ("russian", "cp1251"),
        ("russian", "koi8-r"),
        ("russian", "cp866"),
        ("greek", "cp1253"),
        ("hebrew", "cp1255"),
        ("chinese", "gb18030"),
        ("traditional", "big5"),
        ("japanese", "cp932"),
        ("japanese", "euc_jp"),
        ("korean", "euc_kr"),
    ],
)
def test_a_texts_encoding_is_the_first_guess(text: str, encoding: str) -> None:
    """Ordinary text in a common encoding is recognised, also if it is cut anywhere at its end."""
    content = TEXTS[text].encode(encoding)
    assert guess_encodings(content)[0] == encoding
    assert guess_encodings(content[:-2])[0] == encoding


def test_noise_is_in_no_encoding() -> None:
    """Bytes that are no text give no guess."""
    noise = bytes(number * number % 251 for number in range(5000))
    assert guess_encodings(noise) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [("UTF8", "utf-8"), ("windows-1252", "cp1252"), ("Latin-1", "iso8859-1"), ("gbk", "gbk")],
)
def test_any_spelling_that_python_knows(name: str, found: str) -> None:
    """An encoding has many names; a recipe keeps one of them."""
    assert find_encoding(name) == found


UNKNOWN = ["utf-9", "", "a\0b", "\ud800", "x" * 999, 7, None]
NOT_OF_FILES = ["charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "utf7", "hex"]


@pytest.mark.parametrize("name", [*UNKNOWN, *NOT_OF_FILES, "unicode-escape", "rot13", "zip"])
def test_what_is_no_text_encoding_is_rejected(name: object) -> None:
    """Unknown names and Python's other codecs are one short line with examples."""
    message = catch_message(UsageError, lambda: find_encoding(name))
    assert message.startswith("`encoding` can't be ")
    assert "cp1252" in message
    assert len(message) < 200
