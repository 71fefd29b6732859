"""How times and losses are said."""

import math

import pytest

from charrnn.cli.terminal import duration, number


@pytest.mark.parametrize(
    ("seconds", "said"),
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
def test_duration(seconds: float, said: str) -> None:
    """Up to a hundred of a unit, a time is said in it."""
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.40054, "1.4005"),
        (0.0, "0.0000"),
        (999_999.0, "999999.0000"),
        (3.2e31, "3.2e+31"),
        (math.inf, "inf"),
    ],
)
def test_number(value: float, said: str) -> None:
    """A loss has four decimals, unless it has exploded."""
    assert number(value) == said
