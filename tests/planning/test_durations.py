"""How times are put into words."""

import pytest

from charrnn.planning.durations import describe_closely, describe_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "60 s"),
        (99, "99 s"),
        (100, "2 min"),
        (29 * 60 + 31, "30 min"),
        (99 * 60, "99 min"),
        (100 * 60, "1.7 h"),
        (3600 * 25, "25.0 h"),
    ],
)
def test_a_time_is_given_in_its_unit(seconds: float, words: str) -> None:
    """Up to a hundred of a unit, a time is given in it."""
    assert describe_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.84, "9.8 s"), (59.6, "60 s"), (100, "1.7 min"), (3600, "60 min")],
)
def test_a_time_in_a_sum_has_two_digits(seconds: float, words: str) -> None:
    """In seconds or minutes, with a tenth where there are few of them."""
    assert describe_closely(seconds) == words
