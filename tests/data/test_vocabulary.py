"""Characters to ids and back, against plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.vocabulary import UNKNOWN, Vocabulary
from charrnn.errors import VocabularyError

SHAKESPEARE = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

ODD_CHARACTERS = "\0\r\n\ud800\U0010ffff😀"
ANY_CHARACTER = st.characters(exclude_categories=(), exclude_characters=UNKNOWN) | st.sampled_from(
    ODD_CHARACTERS
)
TEXTS = st.text(ANY_CHARACTER, min_size=1)


@settings(deadline=None)
@given(TEXTS)
def test_decoding_undoes_encoding(text: str) -> None:
    """Every text is restored, with astral characters, NUL and lone surrogates too."""
    vocabulary = Vocabulary.of(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@settings(deadline=None)
@given(TEXTS)
def test_ids_are_places_in_the_sorted_set(text: str) -> None:
    """A character's id is its place among the text's distinct characters, sorted."""
    characters = sorted(set(text))
    ids = Vocabulary.of(text).encode(text)
    assert ids.tolist() == [characters.index(character) for character in text]
    assert ids.dtype == np.int32


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_other_texts_are_encoded_or_their_unknown_characters_listed(known: str, text: str) -> None:
    """Another text is encoded exactly if the vocabulary has all its characters."""
    vocabulary = Vocabulary.of(known)
    unknown = sorted(set(text) - set(known))
    if not unknown:
        assert vocabulary.decode(vocabulary.encode(text)) == text
        return
    with pytest.raises(VocabularyError) as failure:
        vocabulary.encode(text)
    message = str(failure.value)
    assert all(repr(c) in message or f"U+{ord(c):04X}" in message for c in unknown[:10])
    assert "\n" not in message


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_dropping_unknown_characters_keeps_all_others(known: str, text: str) -> None:
    """Known characters remain in their order."""
    expected = "".join(character for character in text if character in known)
    assert Vocabulary.of(known).drop_unknown(text) == expected


@settings(deadline=None)
@given(TEXTS)
def test_a_vocabulary_is_restored_from_its_characters(text: str) -> None:
    """The characters in order, which a checkpoint stores, give the same ids again."""
    again = Vocabulary(Vocabulary.of(text).characters)
    assert again.encode(text).tolist() == Vocabulary.of(text).encode(text).tolist()
    assert len(again) == len(set(text))
    assert all(character in again for character in text)


@pytest.mark.slow
@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_the_union_has_the_characters_of_both(one: str, other: str) -> None:
    """The union of two vocabularies is that of the two texts together, in either order."""
    characters = "".join(sorted({*one, *other}))
    assert (Vocabulary.of(one) | Vocabulary.of(other)).characters == characters
    assert (Vocabulary.of(other) | Vocabulary.of(one)).characters == characters


def test_tutorials_prompt_has_its_published_ids() -> None:
    """ "All: " is 13 50 50 10 1 in Shakespeare's 65 characters, as the tutorial prints it."""
    vocabulary = Vocabulary.of(SHAKESPEARE[::-1] * 2)
    assert len(vocabulary) == 65
    assert vocabulary.encode("All: ").tolist() == [13, 50, 50, 10, 1]
    assert vocabulary.decode([13, 50, 50, 10, 1]) == "All: "


def test_unknown_characters_are_named_once_each() -> None:
    """The message lists each unknown character so that it is visible."""
    with pytest.raises(VocabularyError) as failure:
        Vocabulary.of(SHAKESPEARE).encode("2 × 2 = 4\t\u200b")
    named = str(failure.value).partition(": ")[2]
    assert named == r"'\t' '2' '4' '=' '×' '\u200b'"


def test_many_unknown_characters_are_counted() -> None:
    """For a text in another script the message lists a few characters and counts the rest."""
    with pytest.raises(VocabularyError, match=r"and 290 more$"):
        Vocabulary.of("abc").encode("".join(map(chr, range(0x4E00, 0x4E00 + 300))))


def test_empty_text_has_no_ids_and_no_vocabulary() -> None:
    """An empty text has no ids, and no vocabulary can be made from it."""
    assert Vocabulary("a").encode("").tolist() == []
    assert Vocabulary("a").decode([]) == ""
    with pytest.raises(VocabularyError):
        Vocabulary.of("")


@pytest.mark.parametrize("characters", ["", "ba", "aab", "abca"])
def test_characters_out_of_order_are_rejected(characters: str) -> None:
    """Characters that are not sorted and distinct are no vocabulary."""
    with pytest.raises(VocabularyError):
        Vocabulary(characters)


def test_large_vocabulary_is_encoded() -> None:
    """5,000 distinct characters, as in Chinese, have an id each."""
    text = "".join(chr(0x4E00 + place) for place in range(5000))
    vocabulary = Vocabulary.of(text[::-1])
    assert vocabulary.encode(text).tolist() == list(range(5000))


def test_real_text_keeps_its_length(real_text: str) -> None:
    """A real text has one id for each character, and they decode to it."""
    vocabulary = Vocabulary.of(real_text)
    ids = vocabulary.encode(real_text)
    assert ids.shape == (len(real_text),)
    assert vocabulary.decode(ids) == real_text


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_all_other_characters_are_one_unknown(known: str, text: str) -> None:
    """In a vocabulary with an unknown every text has ids; all strange characters share one."""
    vocabulary = Vocabulary.of(known + UNKNOWN)
    plain = "".join(character if character in known else UNKNOWN for character in text)
    assert vocabulary.decode(vocabulary.encode(text)) == plain
    assert vocabulary.find(UNKNOWN).tolist() == [vocabulary.unknown]
    assert vocabulary.known == "".join(sorted(set(known)))
    assert Vocabulary.of(known).unknown is None
    assert vocabulary.drop_unknown(text) == Vocabulary.of(known).drop_unknown(text)


def test_the_unknown_is_not_known() -> None:
    """What must be written as it is can't have strange characters, the unknown itself included."""
    vocabulary = Vocabulary.of("abc" + UNKNOWN)
    vocabulary.require_known("cab")
    with pytest.raises(VocabularyError, match=r"'d' '\\uffff'$"):
        vocabulary.require_known("abcd" + UNKNOWN)
