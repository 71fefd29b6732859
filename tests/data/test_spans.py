"""Where words are in a text and in its ids, against the encoders themselves."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.encoders import Encoder
from charrnn.data.subwords import Subwords
from charrnn.data.words import UNKNOWN, Words, split_words

WORDS = Words(["good", "film", "don't", "br"])
SUBWORDS = Subwords.learn(["a good, good film. It's 1 of 10\n\nI don't"] * 3, 290)

# Awkward Unicode: lower case that is longer, white space of all kinds, half a character.
_awkward = "İıßΣσς\u0345\u0307ǅ \t\n\r\x1c\x1f\x85\xa0\u2028\u3000\u200b'.,!<>/-10é\ud83d\ude00好"
_texts = st.one_of(st.text(st.sampled_from("goodfilm it's" + _awkward), max_size=30), st.text())


@given(_texts)
def test_words_are_where_split_words_finds_them(text: str) -> None:
    """Each word of `split_words` has its place in the text, and one id after the start's."""
    ids, found = WORDS.locate_words(text)
    assert ids.tolist() == WORDS.encode(text).tolist()
    located = [text[span.start : span.end].lower() for span in found]
    # A sigma's lower case is another at the end of a word, which depends on the text around it.
    plain = [[w.replace("ς", "σ") for w in words] for words in (located, split_words(text))]
    assert plain[0] == plain[1]
    assert [(span.first, span.last) for span in found] == [
        (place, place + 1) for place in range(1, len(ids))
    ]


@given(_texts)
def test_subwords_belong_to_the_words_between_spaces(text: str) -> None:
    """Each word has the ids of the text from the end of the word before."""
    ids, found = SUBWORDS.locate_words(text)
    assert ids.tolist() == SUBWORDS.encode(text).tolist()
    ends = [0, *(span.end for span in found)]
    for (before, end), span in zip(pairwise(ends), found, strict=True):
        assert ids[span.first : span.last].tolist() == SUBWORDS.encode(text[before:end]).tolist()
        assert not text[before : span.start].strip()
        assert text[span.start : span.end].split() or span.end - span.start == 1


@pytest.mark.parametrize("encoder", [WORDS, SUBWORDS], ids=["words", "subwords"])
@given(text=_texts)
def test_words_are_in_order_and_never_empty(encoder: Encoder, text: str) -> None:
    """Words do not overlap, neither in the text nor in the ids."""
    _, found = encoder.locate_words(text)
    for span in found:
        assert span.start < span.end
        assert span.first < span.last
    for one, next_one in pairwise(found):
        assert one.end <= next_one.start
        assert one.last == next_one.first


def test_an_example_in_words() -> None:
    """Punctuation separates words, an apostrophe does not, and İ does not shift later places."""
    text = "İ don't! A <br />Good-film"
    ids, found = WORDS.locate_words(text)
    assert [text[s.start : s.end] for s in found] == ["İ", "don't", "A", "br", "Good", "film"]
    assert ids.tolist() == [1, UNKNOWN, 6, UNKNOWN, 7, 4, 5]


def test_an_example_in_subwords() -> None:
    """A word includes its punctuation, and its ids include the space before it."""
    encoder = SUBWORDS
    text = " a good,  film!\n"
    ids, found = encoder.locate_words(text)
    assert [text[s.start : s.end] for s in found] == ["a", "good,", "film!"]
    assert [encoder.decode(ids[s.first : s.last]) for s in found] == [" a", " good,", "  film!"]
    assert encoder.decode(ids[found[-1].last :]) == "\n"


@pytest.mark.parametrize("control", "\x1c\x1d\x1e\x1f")
def test_control_characters_end_no_word(control: str) -> None:
    """Four control characters, white space to Python, can be inside a subword, so inside a word."""
    text = f"a !{control}! b"
    encoder = Subwords.learn([text] * 9, 270)
    ids, found = encoder.locate_words(text)
    assert ids.tolist() == encoder.encode(text).tolist()
    assert [text[s.start : s.end] for s in found] == ["a", f"!{control}!", "b"]
