"""Units whose output follows a property of the text, found by correlation.

Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks" (2015), found such units by
looking: one that counts the characters of a line, one that is on inside quotation marks.

Shapes: N characters, H units, L layers.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.errors import UsageError
from charrnn.inference.cells import Array
from charrnn.inference.units import Unit

Floats = npt.NDArray[np.float64]

_OPENING, _CLOSING = "([{", ")]}"
_QUOTES = {"“": "”", "„": "“", "«": "»", '"': '"'}
_DEVIATIONS = 2  # beyond the mean where the property holds: what is suggested to hold a unit at


class FoundUnit(NamedTuple):
    """A unit whose output follows a property of the text.

    Attributes:
        unit: its layer and number, both counted from 0.
        chosen: its correlation with the property (Pearson's r) on the text's first half, by which
            it was chosen.
        confirmed: the same on the second half.
        value: what to hold the unit at to make a text more like where the property holds, or is
            above its mean: the mean output there and two standard deviations more, within what
            outputs can be.
        opposite: the same for where it doesn't hold.
    """

    unit: Unit
    chosen: float
    confirmed: float
    value: float
    opposite: float


def find_followers(text: str, outputs: Array, what: str, count: int) -> list[FoundUnit]:
    """Find the units that follow a property; arguments and errors as in `Inspection.find_units`.

    Args:
        text: N characters.
        outputs: of the units of each layer after each character, shape (L, N, H).
        what: the property.
        count: how many units, at most.
    """
    measured = require_property(text, what)
    half = len(text) // 2
    chosen = _correlate(measured[:half], outputs[:, :half])
    confirmed = _correlate(measured[half:], outputs[:, half:])
    order = np.argsort(-np.abs(chosen).ravel(), kind="stable")[: max(count, 0)]
    units = [Unit(*divmod(int(place), outputs.shape[2])) for place in order]
    holds = measured[:half] > measured[:half].mean()
    return [
        FoundUnit(
            unit,
            float(chosen[unit]),
            float(confirmed[unit]),
            *_suggest_values(outputs[unit.layer, :half, unit.number], holds),
        )
        for unit in units
    ]


def measure_property(text: str, what: str) -> Floats:
    """Measure a property at each character of a text, itself included.

    Args:
        text: N characters.
        what: a name in `PROPERTIES`, or a regular expression.

    Returns:
        Shape (N,): 0 and 1 for what holds or not, else a number of characters or brackets.

    Raises:
        UsageError: what is no regular expression.
    """
    if what in PROPERTIES:
        return np.array(PROPERTIES[what](text), np.float64)
    try:
        matches = [*re.finditer(what, text, re.MULTILINE)]
    except (re.error, RecursionError, OverflowError) as error:
        names = ", ".join(PROPERTIES)
        raise UsageError(
            f"{what} is no regular expression ({error}), and none of {names}: see Python's re"
        ) from error
    inside = np.zeros(len(text))
    for match in matches:
        inside[match.start() : match.end()] = 1
    return inside


def require_property(text: str, what: str) -> Floats:
    """Measure a property that each half of a text has in some places and not in others.

    Raises:
        UsageError: one hasn't, or what is no regular expression.
    """
    measured = measure_property(text, what)
    if what not in PROPERTIES and not measured.any():
        close = get_close_matches(what, PROPERTIES, 1)
        hint = f": did you mean {close[0]}?" if close else ""
        raise UsageError(f"{what} is nowhere in these {len(text):,} characters{hint}")
    half = len(text) // 2
    if min(np.ptp(measured[:half]), np.ptp(measured[half:])) == 0:
        raise UsageError(
            f"{what} is the same all over one half of these {len(text):,} characters: give more "
            "text, or another `find`"
        )
    return measured


def _correlate(measured: Floats, outputs: Array) -> Floats:
    """Pearson's r of a property (N,) with each unit's outputs (L, N, H): (L, H)."""
    unit_deviations = outputs.std(axis=1, dtype=np.float64)
    score = ((measured - measured.mean()) / measured.std()).astype(np.float32)
    means = outputs.mean(axis=1, dtype=np.float64, keepdims=True)
    centred = outputs - means.astype(outputs.dtype)  # else a saturated unit's mean is its rounding
    covariance = np.stack([score @ layer for layer in centred]).astype(np.float64) / len(measured)
    return covariance / np.where(unit_deviations > 0, unit_deviations, np.inf)


def _suggest_values(output: Array, holds: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """What to hold a unit at for the property, and against it; output and holds are (N,)."""
    inside, outside = float(output[holds].mean()), float(output[~holds].mean())
    step = _DEVIATIONS * float(output.std()) * (1 if inside >= outside else -1)
    limited = np.clip([inside + step, outside - step], -1, 1)
    return round(float(limited[0]), 2), round(float(limited[1]), 2)


def _find_quotes(text: str) -> list[int]:
    """1 between two quotation marks and on the first; a blank line ends what nothing closed."""
    inside, closing, before = [], "", ""
    for character in text:
        if closing:
            if character == closing or character == before == "\n":
                closing = ""
        else:
            closing = _QUOTES.get(character, "")
        before = character
        inside.append(int(bool(closing)))
    return inside


def _count_in_line(text: str) -> list[int]:
    """How many characters the line has so far; 0 at its end."""
    counts, count = [], 0
    for character in text:
        count = 0 if character == "\n" else count + 1
        counts.append(count)
    return counts


def _count_brackets(text: str) -> list[int]:
    """How many brackets of any kind are open."""
    depths, depth = [], 0
    for character in text:
        depth += (character in _OPENING) - (character in _CLOSING)
        depth = max(depth, 0)
        depths.append(depth)
    return depths


def _measure_indent(text: str) -> list[int]:
    """How many spaces and tabs the line began with, as far as it is read."""
    indents, indent, begins = [], 0, True
    for character in text:
        if character == "\n":
            indent, begins = 0, True
        elif begins and character in " \t":
            indent += 1
        else:
            begins = False
        indents.append(indent)
    return indents


PROPERTIES: dict[str, Callable[[str], list[int]]] = {
    "quotes": _find_quotes,
    "newlines": _count_in_line,
    "brackets": _count_brackets,
    "indent": _measure_indent,
    "capitals": lambda text: [int(character.isupper()) for character in text],
}
"""Property of a text to what measures it, a number for each character."""
