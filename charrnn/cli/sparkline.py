"""A row of losses as a row of bars, in a line of text."""

import math
from collections.abc import Sequence
from itertools import pairwise

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 20  # characters, at most


def draw_sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """A bar for each value, from the lowest to the highest; a blank for NaN and infinity.

    Args:
        values: from left to right; of more than `width`, neighbours share a bar, their mean.
        width: how many bars there may be.
    """
    groups = _group(values, width)
    finite = [value for value in groups if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        _BARS[round((value - low) * scale)] if math.isfinite(value) else " " for value in groups
    )


def can_draw(encoding: str) -> bool:
    """Whether an encoding has bars."""
    try:
        _BARS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _group(values: Sequence[float], width: int) -> list[float]:
    """The means of at most `width` groups of neighbours."""
    count = min(len(values), width)
    borders = [place * len(values) // count for place in range(count + 1)] if count else [0]
    groups = [values[start:end] for start, end in pairwise(borders)]
    return [sum(group) / len(group) for group in groups]
