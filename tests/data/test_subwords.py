"""Byte-pair encoding: every text is restored, and the merges are the textbook's."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.subwords import Subwords
from charrnn.errors import ReviewsError

TEXTS = ["low low low low low", "lower lower", "newest newest newest newest newest newest"]
TEXTS += ["widest widest widest"]
LEARNED = Subwords.learn(TEXTS * 3, 290)


@settings(deadline=None)
@given(st.text() | st.text(st.sampled_from("low erniwdst\n<pad>[PAD]\0é😀"), max_size=50))
def test_decoding_undoes_encoding(text: str) -> None:
    """Every text in any script is restored, and has no id of padding."""
    ids = LEARNED.encode(text)
    assert LEARNED.decode(ids) == text
    assert ids.dtype == np.int32
    assert not ids.size or (ids.min() > 0 and ids.max() < len(LEARNED))


def test_merges_are_the_textbooks() -> None:
    """The most frequent pair of neighbours, counted in plain Python, is merged first."""
    words = Counter(word for text in TEXTS for word in text.split(" ")[1:])
    pairs: Counter[tuple[str, str]] = Counter()
    for word, count in words.items():
        for pair in zip(" " + word, word, strict=False):
            pairs[pair] += count
    _, count = pairs.most_common(1)[0]
    first, second = Subwords.learn(TEXTS, 290).merges[0]
    assert pairs[first.replace("Ġ", " "), second] >= count - 1  # a text's first word has no space


def test_ids_are_bytes_then_merges() -> None:
    """Without merges a text is its UTF-8 bytes; each merge adds one id."""
    plain = Subwords([])
    assert len(plain) == 257
    assert len(plain.encode("naïve 😀")) == len("naïve 😀".encode())
    assert len({int(plain.encode(chr(code))[0]) for code in range(128)}) == 128
    merged = Subwords([("l", "o"), ("lo", "w")])
    assert merged.encode("lowlo").tolist() == [258, 257]
    assert len(merged) == 259


def test_piece_of_two_merges_has_one_id() -> None:
    """A piece that two merges make has the first one's id."""
    twice = Subwords([("l", "o"), ("o", "w"), ("lo", "w"), ("l", "ow"), ("low", "e")])
    assert len(twice) == 261
    assert twice.encode("low lowe").tolist()[::2] == [259, 260]
    assert twice.decode([259, 260]) == "lowlowe"


def test_size_is_the_given_one(real_text: str) -> None:
    """With enough text the vocabulary has exactly the given size, padding included."""
    learned = Subwords.learn([real_text], 1500)
    assert len(learned) == 1500
    ids = learned.encode(real_text)
    assert ids.max() <= 1499
    assert len(ids) < len(real_text) / 2
    assert learned.decode(ids) == real_text


def test_few_texts_give_a_smaller_vocabulary() -> None:
    """Texts with too few pairs give a smaller vocabulary, not an error."""
    assert 257 < len(Subwords.learn(TEXTS, 8185)) < 300
    assert len(Subwords.learn([], 8185)) == 257
    assert len(Subwords.learn(["", "a b"], 8185)) == 257


def test_learning_is_deterministic(real_text: str) -> None:
    """The same texts give the same vocabulary, in any order."""
    texts = real_text.split("\n\n")
    first = Subwords.learn(texts, 1000)
    assert Subwords.learn(texts[::-1], 1000).to_values() == first.to_values()


def test_capitals_are_kept() -> None:
    """Upper and lower case are told apart, as in the article's vocabulary."""
    assert LEARNED.encode("Low").tolist() != LEARNED.encode("low").tolist()


def test_batch_is_encoded_like_each_text(real_text: str) -> None:
    """Texts in a batch, also in a large one, have the ids that each has alone."""
    texts = [*real_text.split("\n")[:1500], "", "low"]
    each = [LEARNED.encode(text).tolist() for text in texts]
    assert [ids.tolist() for ids in LEARNED.encode_batch(texts)] == each
    assert LEARNED.encode_batch([]) == []


def test_padding_is_shown_as_nothing() -> None:
    """Padding is decoded to nothing, and half a character to a replacement character."""
    ids = LEARNED.encode("low é").tolist()
    assert LEARNED.decode([0, 0, *ids, 0]) == "low é"
    assert LEARNED.decode(ids[:-1]) == "low \ufffd"
    assert LEARNED.decode([]) == ""


def test_lone_surrogate_is_encoded() -> None:
    """A lone surrogate, Python's sign for an undecodable byte, becomes a question mark."""
    assert LEARNED.decode(LEARNED.encode("low \udcff")) == "low ?"


def test_vocabulary_is_restored_from_values(real_text: str) -> None:
    """The values that a checkpoint stores give the same ids again."""
    learned = Subwords.learn([real_text], 1500)
    again = Subwords.from_values(learned.to_values())
    assert again.to_values() == learned.to_values()
    assert again.encode(real_text).tolist() == learned.encode(real_text).tolist()
    assert len(again) == len(learned)


@pytest.mark.parametrize(
    "values",
    [
        3,
        {},
        ["ab"],
        [["a"]],
        [["a", 1]],
        [["a", "b", "c"]],
        [["ab", "c"]],
        [["a", ""]],
        [["a", " "]],
    ],
    ids=str,
)
def test_damaged_values_are_rejected(values: object) -> None:
    """What is not a list of merges raises an error."""
    with pytest.raises(ValueError, match="subword"):
        Subwords.from_values(values)


def test_values_are_plain() -> None:
    """The values are the merges in order, as pairs, and nothing else."""
    assert Subwords([("l", "o"), ("lo", "w")]).to_values() == [["l", "o"], ["lo", "w"]]


def test_too_small_a_size_is_rejected() -> None:
    """A size below padding and bytes is rejected."""
    with pytest.raises(ReviewsError, match="at least 257"):
        Subwords.learn(TEXTS, 256)
