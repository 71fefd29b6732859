"""How times are put into words."""

import pytest

from charrnn.planning.durations import describe_duration


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
