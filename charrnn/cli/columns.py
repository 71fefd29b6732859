"""Tables of plain text, and the units that stand in them."""

import math
import shutil
import sys
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from charrnn.cli.visible import flatten

_GAP = 2  # blanks between columns
_SIZES = ("kB", "MB", "GB", "TB")
_AGES = ((86_400, "day"), (3_600, "h"), (60, "min"))


def align(
    columns: Mapping[str, Sequence[str]], text: Collection[str], first_to_go: Sequence[str] = ()
) -> list[str]:
    """The lines of a table that fit the terminal; if they don't, columns are left out.

    Args:
        columns: a heading and the cells below it, from left to right.
        text: the headings of columns that stand on the left; figures stand on the right.
        first_to_go: the headings of the columns that matter least, the least first.
    """
    columns = {name: [*map(flatten, cells)] for name, cells in columns.items()}
    widths = {name: max(map(measure, (name, *cells))) for name, cells in columns.items()}
    for name in first_to_go:
        if name in widths and sum(widths.values()) + _GAP * (len(widths) - 1) > measure_room():
            del widths[name]
    padded = [
        [_pad(cell, width, left=name in text) for cell in (name, *columns[name])]
        for name, width in widths.items()
    ]
    return [(" " * _GAP).join(row).rstrip() for row in zip(*padded, strict=True)]


def measure_room() -> float:
    """How many characters a line may have: in a terminal its width, elsewhere any number."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


def measure(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters take two."""
    return sum(_measure_character(character) for character in text)


def format_size(size: float) -> str:
    """A number of bytes in the unit that one would say it in."""
    if size < 1000:  # noqa: PLR2004 - the SI's
        return f"{size:.0f} B"
    power = min(int(math.log(size, 1000)), len(_SIZES))
    if round(size / 1000**power, 1) >= 1000 and power < len(_SIZES):  # noqa: PLR2004 - the same
        power += 1
    return f"{size / 1000**power:.1f} {_SIZES[power - 1]}"


def format_age(seconds: float) -> str:
    """How long ago something was, in the largest unit that it has one of."""
    size, unit = next((pair for pair in _AGES if seconds >= pair[0]), (1, "s"))
    number = max(0, int(seconds / size))
    return f"{number} {unit}{'s' * (unit == 'day' and number != 1)} ago"


def _pad(cell: str, width: int, *, left: bool) -> str:
    blanks = " " * (width - measure(cell))
    return cell + blanks if left else blanks + cell


def _measure_character(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
