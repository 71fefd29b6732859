"""Ids to what a classifier reads, against plain Python."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.padding import (
    Examples,
    cut_review,
    group_in_batches,
    hash_bigrams,
    pad_reviews,
    round_length,
)
from charrnn.errors import ReviewsError

REVIEWS = [[1, 5, 6], [], [1, 2, 3, 4, 5, 6, 7], [1]]


def ids_of(reviews: list[list[int]]) -> list[Any]:
    return [np.array(review, np.int32) for review in reviews]


@pytest.mark.parametrize("padding", ["before", "after"])
@pytest.mark.parametrize("length", [7, 9, None])
def test_short_reviews_are_padded_with_zeros(padding: str, length: int | None) -> None:
    """Each row is a review with zeros before or after it, up to the given length or a round one."""
    rows = pad_reviews(ids_of(REVIEWS), padding, length)
    time = length or 64
    for row, review in zip(rows.tolist(), REVIEWS, strict=True):
        zeros = [0] * (time - len(review))
        assert row == (zeros + review if padding == "before" else review + zeros)
    assert rows.dtype == np.int32


@pytest.mark.parametrize(
    ("ids", "max_length", "expected"),
    [([1, 2, 3], 2, [2, 3]), ([1, 2, 3], 0, [1, 2, 3]), ([1, 2], 5, [1, 2]), ([], 2, [])],
)
def test_a_review_is_cut_to_its_end(ids: list[int], max_length: int, expected: list[int]) -> None:
    """The last tokens remain: all of them if the length is 0 or the review is shorter."""
    assert cut_review(np.array(ids, np.int32), max_length).tolist() == expected


def test_lengths_are_rounded_up_to_the_documented_ones() -> None:
    """Every length becomes the next of those in the docstring."""
    listed = [64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048]
    found = [round_length(length) for length in range(2049)]
    assert found == [next(one for one in listed if one >= length) for length in range(2049)]
    assert round_length(2049) == 2560


def plain_bigrams(ids: list[int], rows: int) -> list[int]:
    """Fibonacci hashing of ids and pairs of ids as 64 bits, in Python's integers."""
    numbers = ids + [first << 32 | second for first, second in pairwise(ids)]
    hashes = [number * 0x9E3779B97F4A7C15 % 2**64 >> 32 for number in numbers]
    return sorted({1 + number % (rows - 1) for number in hashes})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**31 - 1), max_size=12), st.sampled_from([2, 3, 100, 2**20]))
def test_bigrams_are_hashed_as_plain_integers_are(ids: list[int], rows: int) -> None:
    """Each word and pair has one row in [1, rows), the same as with Python's integers."""
    found = hash_bigrams(np.array(ids, np.int32), rows)
    assert found.tolist() == plain_bigrams(ids, rows)
    assert found.dtype == np.int32
    assert all(1 <= row < rows for row in found.tolist())
    assert len(found) <= max(0, 2 * len(ids) - 1)


def test_bigrams_depend_on_the_order() -> None:
    """In a large table two words in the other order are another pair, the same words are not."""
    forth, back, twice = (
        set(hash_bigrams(np.array(ids, np.int32), 2**20).tolist())
        for ids in ([7, 8], [8, 7], [7, 8, 7, 8])
    )
    assert len(forth) == len(back) == 3
    assert len(forth & back) == 2
    assert twice == forth | back


LENGTHS = np.random.default_rng(4).integers(0, 400, 1003)


@pytest.mark.parametrize("grouped", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
def test_each_review_is_in_one_batch(grouped: bool, shuffled: bool) -> None:
    """Batches hold each review once, and all but one are full; the same seed repeats them."""
    found = [
        group_in_batches(LENGTHS, 8, np.random.default_rng(seed) if shuffled else None, grouped)
        for seed in (1, 1, 2)
    ]
    for batches in found:
        assert sorted(np.concatenate(batches).tolist()) == list(range(1003))
        assert sorted(map(len, batches)) == [3] + [8] * 125
    first, same, other = ([batch.tolist() for batch in batches] for batches in found)
    assert first == same
    assert (first == other) is not shuffled


def test_grouped_reviews_have_similar_lengths() -> None:
    """A grouped batch's lengths are close together, but the batches are not in order of length."""
    ordered, mixed = (
        group_in_batches(LENGTHS, 8, np.random.default_rng(1), grouped) for grouped in (True, False)
    )

    def spread(batches: list[Any]) -> float:
        return float(np.mean([np.ptp(LENGTHS[batch]) for batch in batches]))

    assert spread(mixed) > 250
    assert spread(ordered) < 20
    longest = [int(LENGTHS[batch].max()) for batch in ordered]
    assert longest != sorted(longest)


def test_without_a_generator_the_order_is_fixed() -> None:
    """Without a generator the order is the reviews' own or, if grouped, by length."""
    assert np.concatenate(group_in_batches(LENGTHS, 8, None, grouped=False)).tolist() == [
        *range(1003)
    ]
    grouped = np.concatenate(group_in_batches(LENGTHS, 8, None, grouped=True)).tolist()
    assert grouped == sorted(range(1003), key=lambda place: (LENGTHS[place], place))


@pytest.mark.parametrize("bigrams", [True, False])
@pytest.mark.parametrize(("count", "fraction"), [(25_000, 0.2), (10, 0.1), (7, 0.3), (10, 0.3)])
def test_the_last_part_validates(count: int, fraction: float, bigrams: bool) -> None:
    """The border is that of Keras's validation_split, for ids, labels and bigrams."""
    ids = ids_of([[place] for place in range(count)])
    labels = (np.arange(count) % 2).astype(np.int8)
    examples = Examples(ids, labels, [part + 1 for part in ids] if bigrams else None)
    border = int(np.floor(count * (1.0 - fraction)))  # keras.src.trainers.data_adapters
    for part, places in zip(
        examples.split(fraction), (range(border), range(border, count)), strict=True
    ):
        assert [int(one[0]) for one in part.ids] == [*places]
        assert part.labels.tolist() == [place % 2 for place in places]
        assert part.lengths.tolist() == [1] * len(places)
        if part.bigrams is not None:
            assert [int(one[0]) for one in part.bigrams] == [place + 1 for place in places]
        assert (part.bigrams is not None) is bigrams


@pytest.mark.parametrize(("count", "fraction"), [(1, 0.5), (0, 0.5), (4, 0.9), (3, 1e-18)])
def test_too_few_reviews_to_split(count: int, fraction: float) -> None:
    """If a part would be empty, the error names the number of reviews and the fraction."""
    examples = Examples(ids_of([[1]] * count), np.zeros(count, np.int8))
    with pytest.raises(ReviewsError, match=f"^{count} reviews?, too few .*%"):
        examples.split(fraction)
