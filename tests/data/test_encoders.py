"""What words and subwords have in common, each against the other's plain meaning."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.encoders import ENCODERS, Encoder, parse_encoder
from charrnn.data.subwords import Subwords
from charrnn.data.words import PADDING, START, UNKNOWN, Words, split_words

VOCABULARY = ["the", "film", "don't", "a", "good"]
WORDS = Words(VOCABULARY)
TEXTS = ["the film is a good film, a great film", "the bad film, the awful film"] * 5
SUBWORDS = Subwords.learn(TEXTS, 300)

encoders = pytest.mark.parametrize("encoder", [WORDS, SUBWORDS], ids=["words", "subwords"])


@encoders
def test_an_encoder_is_restored_from_its_values(encoder: Encoder) -> None:
    """An encoder's values and kind, which a checkpoint stores as JSON, give the same ids again."""
    (kind,) = [name for name, made in ENCODERS.items() if isinstance(encoder, made)]
    again = parse_encoder(kind, json.loads(json.dumps(encoder.to_values())))
    assert len(again) == len(encoder)
    assert again.word_ids == encoder.word_ids
    for text in TEXTS:
        assert again.encode(text).tolist() == encoder.encode(text).tolist()


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize("values", [None, 3, "the", {"the": 4}, [4], [None], [["a"]], [["a", 1]]])
def test_other_values_are_no_encoder(kind: str, values: object) -> None:
    """JSON of any other shape is rejected, whichever encoder it is said to be."""
    with pytest.raises(ValueError, match="list of"):
        parse_encoder(kind, values)


def test_whole_words_have_ids() -> None:
    """The id of each word is the one that encodes it; ids below all of them are reserved."""
    assert list(WORDS.word_ids) == VOCABULARY
    for word, number in WORDS.word_ids.items():
        assert WORDS.encode(word).tolist() == [START, number]
    assert min(WORDS.word_ids.values()) > max(PADDING, START, UNKNOWN)
    assert sorted(WORDS.word_ids.values()) == [*range(4, len(WORDS))]


def test_word_ids_can_not_be_changed() -> None:
    """The ids of a vocabulary are for reading only."""
    with pytest.raises(TypeError):
        WORDS.word_ids["new"] = 3  # type: ignore[index]


def test_pieces_are_no_words() -> None:
    """Subwords have no ids of whole words."""
    assert dict(SUBWORDS.word_ids) == {}


def test_frequent_words_are_in_order() -> None:
    """Words come in the order of their frequency, which is that of their ids."""
    learned = Words.from_texts(TEXTS, 100)
    counts = Counter(word for text in TEXTS for word in split_words(text))
    found = learned.frequent_words(4)
    assert found == [word for word, _ in counts.most_common(4)]
    assert found[0] == "film"
    assert learned.frequent_words(1000) == list(learned.word_ids)
    assert learned.frequent_words(0) == []


def test_frequent_words_of_subwords_are_pieces_that_begin_words() -> None:
    """They are the learned pieces of a space and three letters or more, in order."""
    pieces = [a + b for a, b in SUBWORDS.merges]
    expected = [p[1:] for p in dict.fromkeys(pieces) if p[0] == "Ġ" and len(p) > 3]
    assert SUBWORDS.frequent_words(1000) == [word for word in expected if word.isalpha()]
    assert SUBWORDS.frequent_words(2) == expected[:2]
    assert "film" in expected
    assert "a" not in SUBWORDS.frequent_words(1000)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*VOCABULARY, "other", "Film!"])))
def test_words_are_counted(words: list[str]) -> None:
    """A text has as many tokens as words, and those outside the vocabulary are unknown."""
    text = " ".join(words)
    assert WORDS.count_tokens(text) == (len(words), words.count("other"))


@settings(deadline=None)
@given(st.text())
def test_no_subword_is_unknown(text: str) -> None:
    """A text has as many tokens as ids, and all are known."""
    assert SUBWORDS.count_tokens(text) == (len(SUBWORDS.encode(text)), 0)


def test_a_word_alone_is_encoded_as_in_a_review() -> None:
    """A word alone has the ids that it has inside a review: for subwords, after a space."""
    assert WORDS.encode_word("Film").tolist() == WORDS.encode("film").tolist()
    assert WORDS.encode_word("other").tolist() == [START, UNKNOWN]
    inside = SUBWORDS.encode("the film").tolist()
    assert SUBWORDS.encode_word("film").tolist() == inside[len(SUBWORDS.encode("the")) :]
    assert SUBWORDS.decode(SUBWORDS.encode_word("film")) == " film"


@encoders
def test_all_encoders_give_the_same_types(encoder: Encoder) -> None:
    """Whatever gives ids gives 32-bit arrays of one dimension."""
    ids, spans = encoder.locate_words("the film")
    for found in (ids, encoder.encode_word("film"), *encoder.encode_batch(["", "a"])):
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.int32
        assert found.ndim == 1
    assert [pair for pair in pairwise(spans) if pair[0].end > pair[1].start] == []


@pytest.mark.parametrize("learn", [Words.from_texts, Subwords.learn])
def test_vocabularies_are_learned_from_texts(learn: Callable[..., Encoder]) -> None:
    """Both kinds are learned from texts and a size, which is an upper limit."""
    assert len(learn(TEXTS, 270)) <= 270
