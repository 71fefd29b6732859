"""Words to ids and back, against Keras's documentation and plain Python."""

import json
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.words import Words, convert_ranks, split_words
from charrnn.errors import ReviewsError

INDEX = Path("index.json")
RANKS = {"and": 2, "the": 1, "film": 4, "br": 3, "it's": 5}
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # as its documentation prints them


def vocabulary(max_words: int = 10) -> Words:
    INDEX.write_text(json.dumps(RANKS))
    return Words.from_index(INDEX, max_words)


def keras_words(text: str) -> list[str]:
    """Keras 2's text_to_word_sequence, in the words of its documentation."""
    text = text.lower()
    for character in KERAS_FILTERS:
        text = text.replace(character, " ")
    return [word for word in text.split(" ") if word]


@settings(deadline=None)
@given(st.text(st.sampled_from(string.printable[:-3] + "ÀéßİΣ\x85\xa0")))
def test_words_are_keras_words(text: str) -> None:
    """A text is split the way Keras split its reviews, odd characters included."""
    assert split_words(text.replace("\r", "")) == keras_words(text.replace("\r", ""))


def test_reviews_words_are_found() -> None:
    """Punctuation is dropped, apostrophes remain, and an HTML line break is the word br."""
    text = "It's GREAT!<br /><br />10/10, \u201cwell-made\u201d...\r\nSee\u2028it\u3000now"
    assert split_words(text) == (
        ["it's", "great", "br", "br", "10", "10", "“well", "made”", "see", "it", "now"]
    )


def test_words_have_keras_ids() -> None:
    """The start is 1, an unknown word 2, the most frequent 4."""
    ids = vocabulary().encode("The film, AND the rest: it's...")
    assert ids.tolist() == [1, 4, 7, 5, 4, 2, 8]
    assert ids.dtype == np.int32


def test_words_beyond_the_limit_are_unknown() -> None:
    """Ids stay below `max_words`, which is the embedding's size."""
    few = vocabulary(max_words=6)
    assert len(few) == 6
    assert few.encode("the and br film").tolist() == [1, 4, 5, 2, 2]
    assert len(vocabulary(max_words=100)) == len(RANKS) + 4


@settings(deadline=None)
@given(st.lists(st.integers(1, 30)), st.integers(5, 40))
def test_ranks_have_keras_ids(ranks: list[int], max_words: int) -> None:
    """Each id is the rank plus 3, or unknown from the limit on; the start comes first."""
    ids = convert_ranks(np.array(ranks, np.int32), max_words)
    expected = [1] + [rank + 3 if rank + 3 < max_words else 2 for rank in ranks]
    assert ids.tolist() == expected
    assert ids.dtype == np.int32


def test_largest_rank_does_not_overflow() -> None:
    """The largest rank in 32 bits is an unknown word like any other."""
    assert convert_ranks(np.array([2**31 - 1], np.int32), 100).tolist() == [1, 2]


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(RANKS))), st.integers(5, 12))
def test_text_and_ranks_agree(words: list[str], max_words: int) -> None:
    """A review's text and its ranks have the same ids."""
    ranks = np.array([RANKS[word] for word in words], np.int32)
    encoded = vocabulary(max_words).encode(" ".join(words))
    assert encoded.tolist() == convert_ranks(ranks, max_words).tolist()


def test_ids_are_shown_as_words() -> None:
    """Padding and start are shown as nothing, unknown words as question marks."""
    known = vocabulary()
    assert known.decode([0, 0, 1, 4, 7, 2, 3, 99, 5]) == "the film ? ? ? and"
    assert known.decode(known.encode("")) == ""
    assert known.decode(np.zeros(0, np.int32)) == ""


def test_batch_is_encoded_like_each_text() -> None:
    """Texts in a batch have the ids that each has alone."""
    texts = ["the film", "", "and and"]
    each = [vocabulary().encode(text).tolist() for text in texts]
    assert [ids.tolist() for ids in vocabulary().encode_batch(texts)] == each


def test_words_are_learned_by_frequency() -> None:
    """The most frequent words are kept; of equally frequent ones, the first."""
    learned = Words.from_texts(["B a. c", "C b d, c"], max_words=7)
    assert learned.words == ["c", "b", "a"]
    assert len(learned) == 7
    assert Words.from_texts(["B a. c", "C b d, c"], 100).words == ["c", "b", "a", "d"]


def test_vocabulary_is_restored_from_values() -> None:
    """A vocabulary is stored as a plain list, which restores it."""
    words = Words(["naïve", "it's", "\x85", "\U0001f600"])
    assert words.to_values() == words.words
    assert Words.from_values(words.to_values()).words == words.words


@pytest.mark.parametrize(
    "values", [{}, 3, [], ["a", "a"], ["a", ""], ["a", 3], {"a": 1}, None, "a"], ids=str
)
def test_damaged_values_are_rejected(values: object) -> None:
    """What is not a vocabulary raises an error."""
    with pytest.raises(ValueError, match="vocabulary"):
        Words.from_values(values)


@pytest.mark.parametrize("word", ["\ud800", "a\udfffb"])
def test_half_a_character_is_refused(word: str) -> None:
    """No file can hold half a character: it is refused before a network learns such words."""
    INDEX.write_text(json.dumps({"the": 1, word: 2}))
    with pytest.raises(ReviewsError, match=r"^index\.json can't be used: a word has half a char"):
        Words.from_index(INDEX, 100)
    with pytest.raises(ReviewsError, match=f"U\\+{ord(word.strip('ab')):04X}"):
        Words(["the", word])
    assert Words.from_index(INDEX, 5).words == ["the"]


def test_missing_index_and_no_room_are_errors() -> None:
    """A missing file, texts without words, and a limit that leaves no word are rejected."""
    with pytest.raises(ReviewsError, match="No such file"):
        Words.from_index(Path("nowhere.json"), 100)
    with pytest.raises(ReviewsError, match="no word"):
        Words.from_texts(["...", ""], 100)
    with pytest.raises(ReviewsError, match="above 4"):
        vocabulary(4)
    with pytest.raises(ReviewsError, match="above 4"):
        Words.from_texts(["a"], 4)
