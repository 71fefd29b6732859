"""Texts as ids, against plain Python strings."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.data.stores import MemoryStore
from charrnn.data.text import Text, TextGatherer, count_ids
from charrnn.data.vocabulary import UNKNOWN, Vocabulary
from charrnn.errors import VocabularyError

ANY_CHARACTER = st.characters(exclude_categories=(), exclude_characters=UNKNOWN) | st.sampled_from(
    "\0\r\n\ud800\U0010ffff😀"
)
TEXTS = st.text(ANY_CHARACTER, min_size=1)
MANY = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))  # more than a byte's values


def gather(*pieces: str) -> Text:
    store = MemoryStore()
    gatherer = TextGatherer(store)
    for piece in pieces:
        gatherer.add(piece)
    assert len(gatherer) == sum(map(len, pieces))
    return gatherer.finish().make_text(store)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1))
@example(["b", "a", MANY, "c", "é" * 70_000])
@example([MANY[::-1] * 300, "a"])
def test_pieces_make_the_text_of_them_all(pieces: list[str]) -> None:
    """A text is that of its pieces one after the other, with the vocabulary of all."""
    whole = "".join(pieces)
    text = gather(*pieces)
    assert str(text) == whole
    assert text.vocabulary.characters == "".join(sorted(set(whole)))
    assert text.ids.tolist() == Vocabulary.of(whole).encode(whole).tolist()


@pytest.mark.parametrize(("distinct", "size"), [(1, 1), (256, 1), (257, 2), (65_536, 2)])
def test_a_character_takes_as_few_bytes_as_can_be(distinct: int, size: int) -> None:
    """Up to 256 different characters take a byte each, more of them two."""
    assert Text.of("".join(map(chr, range(distinct)))).ids.itemsize == size


@settings(deadline=None)
@given(TEXTS, st.integers(-5, 40), st.integers(-5, 40))
def test_a_part_is_pythons(characters: str, first: int, last: int) -> None:
    """Slices are those of the string."""
    part = Text.of(characters)[first:last]
    assert str(part) == characters[first:last]
    assert len(part) == len(characters[first:last])


@settings(deadline=None)
@given(TEXTS, TEXTS, st.integers(0, 10))
def test_another_vocabulary_gives_the_ids_of_the_string(known: str, text: str, first: int) -> None:
    """A text is encoded as its string is, or rejected with the same message; or shortened."""
    vocabulary = Vocabulary.of(known)
    part, expected = Text.of(text)[first:], text[first:]
    kept = vocabulary.drop_unknown(expected)
    assert part.encode(vocabulary, skip=True).tolist() == vocabulary.encode(kept).tolist()
    if kept == expected:
        assert part.encode(vocabulary).tolist() == vocabulary.encode(expected).tolist()
        return
    with pytest.raises(VocabularyError) as failure:
        vocabulary.encode(expected)
    with pytest.raises(VocabularyError) as again:
        part.encode(vocabulary)
    assert str(again.value) == str(failure.value)


def test_its_own_vocabulary_costs_nothing() -> None:
    """A new run's ids are the text's, without a copy; a larger vocabulary's are as small."""
    text = Text.of("hello")
    assert text.encode(Vocabulary.of("hello")) is text.ids
    assert text.encode(Vocabulary.of("hello world")).itemsize == 1


@given(st.lists(st.integers(0, 9)))
def test_ids_are_counted_as_numpy_counts_them(ids: list[int]) -> None:
    """Each id's number is that of `np.bincount`."""
    small = np.array(ids, np.uint8)
    assert count_ids(small, 10).tolist() == np.bincount(small, minlength=10).tolist()


def test_an_empty_text_is_none() -> None:
    """Without a character there is no vocabulary."""
    with pytest.raises(VocabularyError):
        Text.of("")


@given(st.text("aabbcdé水", min_size=1), st.integers(1, 4))
def test_rare_characters_become_one_unknown(characters: str, least: int) -> None:
    """Those that occur less often are one, and are counted as `str.count` counts them."""
    text = Text.of(characters)
    frequent = {character for character in characters if characters.count(character) >= least}
    if not frequent:
        with pytest.raises(VocabularyError, match=f"no character occurs {least} times"):
            text.keep_frequent(least)
        return
    vocabulary = text.keep_frequent(least)
    rare = "".join(sorted(set(characters) - frequent))
    assert vocabulary.known == "".join(sorted(frequent))
    assert (vocabulary.unknown is None) == (not rare)
    assert text.count_unknown(vocabulary) == (rare, sum(map(characters.count, rare)))
    plain = "".join(one if one in frequent else UNKNOWN for one in characters)
    assert vocabulary.decode(text.encode(vocabulary)) == plain
    kept = "".join(one for one in characters if one in frequent)
    assert vocabulary.decode(text.encode(vocabulary, skip=True)) == kept
    larger = vocabulary | Vocabulary.of("é")
    known = frequent | {"é"} if rare else set(characters)
    plain = "".join(one if one in known else UNKNOWN for one in characters)
    assert larger.decode(text.encode(larger)) == plain


def test_the_last_character_may_be_the_unknown() -> None:
    """Its id is then the same in both vocabularies, which does not make it known."""
    text, vocabulary = Text.of("ab水"), Vocabulary("ab" + UNKNOWN)
    assert text.encode(vocabulary).tolist() == [0, 1, 2]
    assert text.encode(vocabulary, skip=True).tolist() == [0, 1]


def test_a_part_counts_what_it_has() -> None:
    """A part of a text keeps the whole's vocabulary, but not what only the rest has."""
    part = Text.of("aabé")[:3]
    assert part.count_unknown(Vocabulary.of("b")) == ("a", 2)
