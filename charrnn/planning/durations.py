"""Times in words."""

_MOST_SECONDS = 100
_MOST_MINUTES = 100


def describe_duration(seconds: float) -> str:
    """A time in the unit that one would say it in."""
    if seconds < _MOST_SECONDS:
        return f"{seconds:.0f} s"
    if seconds < 60 * _MOST_MINUTES:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
