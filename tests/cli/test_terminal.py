"""How times are said."""

import pytest

from charrnn.cli.terminal import duration


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
