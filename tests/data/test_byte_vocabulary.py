"""Any text as its UTF-8 bytes, against Python's own encoder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.byte_vocabulary import ByteVocabulary, parse_vocabulary
from charrnn.data.corpus import split_text
from charrnn.data.text import Text
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import VocabularyError

BYTES = ByteVocabulary()
MIXED = "Zürich, 水 und 🙂!\n"

_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(_texts)
def test_a_text_is_its_bytes(text: str) -> None:
    """Encoding is Python's, from a string and from a text that was read; decoding takes it back."""
    for ids in (BYTES.encode(text), Text.of(text).encode(BYTES)):
        assert ids.tobytes() == text.encode()
        assert BYTES.decode(ids) == text
        assert BYTES.count_characters(ids) == len(text)
    assert all(character in BYTES for character in text)


def test_a_long_text_is_held_in_a_byte_each() -> None:
    """However many different characters there are, and across the blocks that are worked on."""
    text = ("".join(map(chr, range(0x4E00, 0x4E00 + 3000))) + "a🙂") * 50
    ids = Text.of(text).encode(BYTES)
    assert ids.dtype == np.uint8
    assert ids.tobytes() == text.encode()


@given(_texts, st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]))
def test_both_parts_are_those_of_the_characters(text: str, validation: float) -> None:
    """A text's bytes are split between the same two characters as the text."""
    parts = BYTES.split(BYTES.encode(text), validation)
    expected = [text[part] for part in (slice(int(len(text) * (1 - validation))),)]
    assert BYTES.decode(parts[0]) == expected[0]
    assert BYTES.decode(parts[1]) == text[len(expected[0]) :]
    whole = split_text(Text.of(text), validation)
    assert [len(part) for part in whole] == [len(BYTES.decode(part)) for part in parts]


def test_a_long_text_is_split_the_same_way() -> None:
    """Wherever among the blocks that are looked at the border lies."""
    text = MIXED * 20_000
    for validation in (0.001, 0.1, 0.37, 0.999):
        first, rest = BYTES.split(BYTES.encode(text), validation)
        border = int(len(text) * (1 - validation))
        assert (first.tobytes(), rest.tobytes()) == (text[:border].encode(), text[border:].encode())


def test_halves_of_characters_are_rejected() -> None:
    """A lone surrogate has no bytes: it is named, or left out if that is asked for."""
    message = r"^halves of characters, which have no UTF-8 bytes: '\\ud800' '\\udfff'$"
    for encode in (BYTES.encode, lambda text: Text.of(text).encode(BYTES)):
        with pytest.raises(VocabularyError, match=message):
            encode("a\udfffb\ud800")
    assert BYTES.drop_unknown("a\udfffb\ud800水") == "ab水"
    assert Text.of("a\udfffb\ud800水").encode(BYTES, skip=True).tobytes() == "ab水".encode()
    assert "\ud800" not in BYTES


@pytest.mark.parametrize("ids", [[0xE6], [0xE6, 0xB0], [0x80], [0xED, 0xA0, 0x80], [256], [-1]])
def test_what_is_no_whole_text_is_not_decoded(ids: list[int]) -> None:
    """Halves of characters, surrogates and what is no byte."""
    with pytest.raises(
        VocabularyError, match=r"^(the ids are no whole UTF-8|some ids are no bytes)"
    ):
        BYTES.decode(ids)


def test_symbols_can_be_read() -> None:
    """An ASCII character is itself, any other byte its number; no two are the same."""
    assert len(BYTES) == len(set(BYTES.symbols)) == 256
    assert BYTES.symbols[ord("a")] == "a"
    assert BYTES.symbols[0xE6] == r"\xe6"
    assert all(symbol.isascii() for symbol in BYTES.symbols)


@pytest.mark.parametrize("vocabulary", [BYTES, Vocabulary("\nabé")])
def test_values_say_which_it_is(vocabulary: ByteVocabulary | Vocabulary) -> None:
    """What JSON holds gives the same vocabulary again."""
    again = parse_vocabulary(vocabulary.to_values())
    assert type(again) is type(vocabulary)
    assert again.to_values() == vocabulary.to_values()


@pytest.mark.parametrize(
    "values", [None, 1, [], ["a"], {}, {"bytes": False}, {"bytes": 1}, {"bytes": True, "more": 1}]
)
def test_other_values_are_rejected(values: object) -> None:
    """Only the one form stands for bytes."""
    with pytest.raises(ValueError, match="neither characters nor bytes"):
        parse_vocabulary(values)
