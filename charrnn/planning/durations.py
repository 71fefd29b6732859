"""Times in words."""

_MOST_SECONDS = 100
_MOST_MINUTES = 100
_FEW = 10  # of a unit; a tenth of it then matters in a sum


def describe_duration(seconds: float) -> str:
    """A time in the unit that one would say it in."""
    if seconds < _MOST_SECONDS:
        return f"{seconds:.0f} s"
    if seconds < 60 * _MOST_MINUTES:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def describe_closely(seconds: float) -> str:
    """A time that is added to others: two digits at least, in seconds or minutes."""
    number, unit = (seconds, "s") if seconds < _MOST_SECONDS else (seconds / 60, "min")
    return f"{number:.{int(number < _FEW)}f} {unit}"
