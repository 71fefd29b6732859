"""A text's ids, and what becomes of characters that the network doesn't know."""

from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import UsageError, VocabularyError
from charrnn.inference.encode import encode_prompt, encode_text

VOCABULARY = Vocabulary("\nabc")


class Encode(Protocol):
    """Encodes a text, rejecting characters that the vocabulary lacks."""

    def __call__(self, vocabulary: Vocabulary, text: str, /) -> Ids: ...


def test_a_text_is_encoded_unchanged() -> None:
    """The ids are those of the text's own characters, none added, in prompts and in texts."""
    assert encode_text(VOCABULARY, "cab\n").tolist() == [3, 1, 2, 0]
    assert encode_prompt(VOCABULARY, "cab").tolist() == [3, 1, 2]
    assert encode_text(VOCABULARY, "").tolist() == []


@pytest.mark.parametrize("encode", [encode_text, encode_prompt])
def test_unknown_characters_are_named(encode: Encode) -> None:
    """Unknown characters are rejected; the message names them and the way around them."""
    message = r"'x' 'é'; to leave them out, set `unknown` to skip$"
    with pytest.raises(VocabularyError, match=message) as caught:
        encode(VOCABULARY, "axbé")
    assert isinstance(caught.value.__cause__, VocabularyError)


@given(st.text(st.sampled_from("\nabcxé好\ud83d")))
def test_skipping_leaves_exactly_the_known_characters(text: str) -> None:
    """With "skip" the ids spell the text without its unknown characters."""
    kept = "".join(character for character in text if character in "\nabc")
    assert VOCABULARY.decode(encode_text(VOCABULARY, text, "skip")) == kept
    assert VOCABULARY.decode(encode_prompt(VOCABULARY, text, "skip")) == (kept or "\n")


@pytest.mark.parametrize(("characters", "first"), [("\t\n ab", 1), ("abc", 0)])
@pytest.mark.parametrize("prompt", ["", "xyz"])
def test_a_prompt_of_nothing_is_a_line_end(characters: str, first: int, prompt: str) -> None:
    """A prompt with no known characters is a line end or, if unknown, the first character."""
    assert encode_prompt(Vocabulary(characters), prompt, "skip").tolist() == [first]


@pytest.mark.parametrize("unknown", ["", "keep", "SKIP"])
def test_other_ways_are_rejected(unknown: str) -> None:
    """There are two ways to treat unknown characters; the message lists them."""
    message = f'`unknown` must be "error" or "skip", not \'{unknown}\''
    with pytest.raises(UsageError, match=message):
        encode_text(VOCABULARY, "abc", unknown)
