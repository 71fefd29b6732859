"""Losses as a row of bars."""

import math

import pytest

from charrnn.cli.sparkline import can_draw, draw_sparkline


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([2.5], "▁"),
        ([2.5, 2.5], "▁▁"),
        ([3, 2, 1], "█▅▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([7, math.nan, 0, math.inf], "█ ▁ "),
        ([math.nan], " "),
    ],
)
def test_bars(values: list[float], bars: str) -> None:
    """The highest value has the whole bar and the lowest the least; the others lie between."""
    assert draw_sparkline(values) == bars


def test_many_values_share_bars() -> None:
    """However many there are, the row has a bounded length, from the first to the last of them."""
    bars = draw_sparkline([1000 - number for number in range(1000)], width=8)
    assert bars == "█▇▆▅▄▃▂▁"
    assert len(draw_sparkline([1.0] * 21)) == 20


def test_an_encoding_without_bars() -> None:
    """Where no bar can be shown, none is drawn."""
    assert can_draw("utf-8")
    assert not can_draw("ascii")
    assert not can_draw("nothing")
