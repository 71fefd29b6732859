"""Temperature, top-k and top-p against sorted loops in plain Python."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from charrnn.errors import UsageError
from charrnn.inference.choose import Choice, NextCharacter, choose, compute_probabilities
from charrnn.inference.rules import KnownCharacters

# Few distinct values give ties, many give none.
_logit = st.one_of(st.integers(-3, 3).map(float), st.floats(-30, 30, width=32))
_rows = st.lists(_logit, min_size=1, max_size=12)
_temperatures = st.sampled_from([1e-300, 1e-3, 0.2, 0.8, 1.0, 1.5, 100.0, 1e30])
_top_ks = st.integers(0, 14)
_top_ps = st.one_of(st.just(1.0), st.floats(0.001, 0.999))


def plain_softmax(row: Sequence[float], temperature: float = 1.0) -> list[float]:
    weights = [math.exp((logit - max(row)) / temperature) for logit in row]
    return [weight / sum(weights) for weight in weights]


def plain_probabilities(
    row: Sequence[float], temperature: float, top_k: int, top_p: float
) -> list[float]:
    """The distribution, from a sorted list of characters; skips what rounding decides."""
    weights = plain_softmax(row, temperature)
    ranked = sorted(range(len(row)), key=lambda place: (-row[place], place))
    if top_k:
        ranked = ranked[:top_k]
    total = math.fsum(weights[place] for place in ranked)
    kept: list[int] = []
    for place in ranked:
        reached = math.fsum(weights[earlier] for earlier in kept) / total
        assume(top_p == 1 or abs(reached - top_p) > 1e-9)
        if top_p == 1 or reached < top_p:
            kept.append(place)
    total = math.fsum(weights[place] for place in kept)
    return [weights[place] / total if place in kept else 0.0 for place in range(len(row))]


def _array(*rows: Sequence[float]) -> Any:
    return np.array(rows, np.float32)


@settings(deadline=None)
@given(_rows, _temperatures, _top_ks, _top_ps)
def test_probabilities_are_those_of_a_sorted_loop(
    row: list[float], temperature: float, top_k: int, top_p: float
) -> None:
    """Temperature, then top-k, then top-p, as one would do it by hand; of equals the first."""
    expected = plain_probabilities(row, temperature, top_k, top_p)
    actual = compute_probabilities(_array(row), Choice(temperature, top_k, top_p))[0]
    np.testing.assert_allclose(actual, expected, atol=1e-9)
    kept = [probability > 0 for probability in expected]
    np.testing.assert_array_equal(actual > 0, kept)


@settings(deadline=None)
@given(_rows, _temperatures, _top_ks, _top_ps, st.floats(0, 1, exclude_max=True))
def test_a_draw_picks_by_the_cumulative_distribution(
    row: list[float], temperature: float, top_k: int, top_p: float, draw: float
) -> None:
    """A draw u picks the first character up to which the probabilities sum to more than u."""
    expected = plain_probabilities(row, temperature, top_k, top_p)
    reached = [math.fsum(expected[: place + 1]) for place in range(len(expected))]
    assume(all(abs(border - draw) > 1e-9 or border == 0 for border in reached))
    (chosen,) = choose(_array(row), np.array([draw]), Choice(temperature, top_k, top_p))
    assert chosen == next(place for place, border in enumerate(reached) if border > draw)


@settings(deadline=None)
@given(_rows, _temperatures, _top_ks, _top_ps, st.sampled_from([0.0, 0.5, 1 - 2**-53]))
def test_an_impossible_character_is_never_chosen(
    row: list[float], temperature: float, top_k: int, top_p: float, draw: float
) -> None:
    """Even the smallest and the largest draw pick a character of probability above zero."""
    choice = Choice(temperature, top_k, top_p)
    (chosen,) = choose(_array(row), np.array([draw]), choice)
    assert compute_probabilities(_array(row), choice)[0, chosen] > 0


@settings(deadline=None)
@given(_rows, st.floats(0, 1, exclude_max=True), _top_ks, _top_ps)
def test_temperature_zero_takes_the_likeliest(
    row: list[float], draw: float, top_k: int, top_p: float
) -> None:
    """At temperature 0 the draw does not matter, and of equals the first is taken."""
    (chosen,) = choose(_array(row), np.array([draw]), Choice(0, top_k, top_p))
    assert chosen == row.index(max(row))


def test_rows_are_chosen_independently() -> None:
    """A row's choice depends on its own logits and its own draw."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (7, 5)).astype(np.float32)
    draws = random.random(7)
    for choice in (Choice(), Choice(0), Choice(0.7, 3, 0.8)):
        together = choose(logits, draws, choice)
        alone = [choose(logits[k : k + 1], draws[k : k + 1], choice)[0] for k in range(7)]
        assert together.tolist() == alone


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_many_draws_follow_the_softmax(temperature: float) -> None:
    """Characters are as frequent as the softmax of their logits over the temperature says."""
    row, count = [2.0, -1.0, 0.5, 0.0, 1.2, -2.0], 40_000
    draws = np.random.default_rng(11).random(count)
    ids = choose(_array(*[row] * count), draws, Choice(temperature))
    observed = np.bincount(ids, minlength=len(row))
    expected = np.array(plain_softmax(row, temperature)) * count
    chi_square = ((observed - expected) ** 2 / expected).sum()
    assert chi_square < 20.5  # 99.9% of 5 degrees of freedom


@settings(deadline=None)
@given(st.lists(st.lists(_logit, min_size=3, max_size=3), min_size=1, max_size=4), _top_ks, _top_ps)
def test_at_temperature_zero_the_likeliest_has_all_probability(
    rows: list[list[float]], top_k: int, top_p: float
) -> None:
    """At temperature 0 each row's first likeliest character has probability 1, the others 0."""
    probabilities = compute_probabilities(_array(*rows), Choice(0, top_k, top_p))
    expected = [[float(place == row.index(max(row))) for place in range(3)] for row in rows]
    assert probabilities.tolist() == expected
    assert probabilities.dtype == np.float64


def test_the_likeliest_next_characters() -> None:
    """They come with their probabilities, the likeliest first, of equals the first character."""
    after = NextCharacter("abcde", np.array([0.1, 0.3, 0.15, 0.3, 0.15]))
    assert after.likeliest(3) == [("b", 0.3), ("d", 0.3), ("c", 0.15)]
    assert after.likeliest(1) == [("b", 0.3)]
    assert (
        after.likeliest(99) == after.likeliest() == [*after.likeliest(3), ("e", 0.15), ("a", 0.1)]
    )
    assert all(type(probability) is float for _, probability in after.likeliest())
    assert dict(zip(*after, strict=True))["c"] == 0.15


def test_a_tiny_temperature_is_greedy() -> None:
    """Even the smallest float as temperature gives the likeliest character, not an overflow."""
    row = _array([1.0, 3.0, 2.999])
    assert compute_probabilities(row, Choice(5e-324)).tolist() == [[0, 1, 0]]


def test_a_huge_temperature_is_uniform() -> None:
    """The largest float as temperature makes all characters equally likely."""
    row = _array([1.0, 30.0, -30.0, 0.0])
    np.testing.assert_allclose(compute_probabilities(row, Choice(1.7e308)), [[0.25] * 4])


@pytest.mark.parametrize(("top_k", "top_p"), [(1, 1.0), (0, 0.3)])
def test_a_huge_temperature_keeps_the_likeliest(top_k: int, top_p: float) -> None:
    """Top-k and top-p keep the likeliest characters even if a temperature levels them all."""
    row = _array([1.0, 3.0, 2.0])
    assert compute_probabilities(row, Choice(1e30, top_k, top_p)).tolist() == [[0, 1, 0]]


def test_top_k_beyond_the_vocabulary_keeps_all() -> None:
    """A top-k larger than the vocabulary limits nothing."""
    row = _array([1.0, 3.0, 2.0])
    for top_k in (3, 4, 1000):
        np.testing.assert_array_equal(
            compute_probabilities(row, Choice(top_k=top_k)), compute_probabilities(row, Choice())
        )


def test_top_p_keeps_the_character_that_reaches_it() -> None:
    """The nucleus is the fewest likeliest characters that together reach p."""
    row = _array(np.log([0.1, 0.4, 0.2, 0.3]).tolist())
    for top_p, kept in ((0.39, [1]), (0.41, [1, 3]), (0.69, [1, 3]), (0.71, [1, 2, 3])):
        assert np.flatnonzero(compute_probabilities(row, Choice(top_p=top_p))[0]).tolist() == kept


def test_logits_are_not_changed() -> None:
    """Neither choosing nor computing probabilities changes the network's logits."""
    logits = _array([1.0, 3.0, 2.0])
    choose(logits, np.array([0.3]), Choice(0.5, 2, 0.9))
    compute_probabilities(logits, Choice(0))
    assert logits.tolist() == [[1, 3, 2]]


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": -0.5},
        {"top_p": 1.01},
        {"top_p": math.nan},
    ],
)
def test_values_out_of_range_are_rejected(values: dict[str, Any]) -> None:
    """A value outside its range is rejected; the message has its keyword and the value."""
    ((name, value),) = values.items()
    with pytest.raises(UsageError, match=f"^`{name}` must .*not {value:g}$"):
        Choice(**values)


@settings(deadline=None)
@given(st.lists(_logit, min_size=2, max_size=12), _temperatures, _top_ks, st.data())
def test_what_is_ruled_out_is_as_if_it_were_not_there(
    row: list[float], temperature: float, top_k: int, data: st.DataObject
) -> None:
    """The other probabilities are those of the row without it, at any temperature."""
    never = data.draw(st.integers(0, len(row) - 1))
    rest = [logit for place, logit in enumerate(row) if place != never]
    for heat in (temperature, 0):
        choice = Choice(heat, top_k)
        rules, logits = KnownCharacters(never), _array(row)
        allowed = rules.rule_out(logits)
        found = compute_probabilities(allowed, choice)[0]
        expected = compute_probabilities(_array(rest), Choice(heat, top_k))[0]
        np.testing.assert_allclose(np.delete(found, never), expected, atol=1e-12)
        assert found[never] == 0
        assert np.array_equal(logits, _array(row))
        for draw in (0, 0.5, np.nextafter(1, 0)):
            assert choose(allowed, np.array([draw]), choice)[0] != never
