"""Checks of the types that a Python caller gives; each error names the argument as `keyword`."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from charrnn.config.fields import require
from charrnn.config.language import Adaptation
from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError


def require_integer(name: str, value: Any) -> int:
    """The value as an int; NumPy's integers are fine, bools and floats such as 2.0 are not.

    Raises:
        UsageError: it is not an integer.
    """
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    require(fits, f"`{name}` must be int, not {_name_type(value)}")
    return int(value)


def require_range(name: str, value: int, least: int, most: int) -> None:
    """Raise unless the value lies between two others, or is one of them.

    Raises:
        UsageError: it doesn't; the message names both.
    """
    require(least <= value <= most, f"`{name}` must lie in {least:,} to {most:,}, not {value}")


def require_number(name: str, value: Any) -> float:
    """The value as a float; NumPy's numbers are fine, bools are not.

    Raises:
        UsageError: it is not a real number, or an int too large for a float.
    """
    fits = isinstance(value, Real) and not isinstance(value, bool)
    require(fits, f"`{name}` must be float, not {_name_type(value)}")
    try:
        return float(value)
    except OverflowError as error:
        raise UsageError(f"`{name}` is too large for a float: give a smaller one") from error


def require_text(name: str, value: Any) -> str:
    """The value itself.

    Raises:
        UsageError: it is not a str.
    """
    require(isinstance(value, str), f"`{name}` must be str, not {_name_type(value)}")
    text: str = value
    return text


def require_texts(name: str, values: Any) -> list[str]:
    """The values as a list; a single str, which is a sequence of letters, is rejected.

    Raises:
        UsageError: they are a single str, no list, or not all str.
    """
    fits = isinstance(values, Iterable) and not isinstance(values, str | bytes)
    require(fits, f"`{name}` must be a list, not {_name_type(values)}: give a list, even of one")
    texts = list(values)
    for text in texts:
        require(isinstance(text, str), f"`{name}` must be a list of str, not of {_name_type(text)}")
    return texts


def require_adaptation(value: Any) -> Adaptation:
    """The value itself.

    Raises:
        UsageError: it is not an `Adaptation`.
    """
    fits = isinstance(value, Adaptation)
    require(fits, f"adaptation must be a charrnn.Adaptation, not {_name_type(value)}")
    adaptation: Adaptation = value
    return adaptation


def require_ids(name: str, value: Any) -> Ids:
    """The value itself.

    Raises:
        UsageError: it is not an array of integers of shape (N,).
    """
    fits = isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu"
    require(fits, f"`{name}` must be str or an array (N,) of ids, not {_name_type(value)}")
    ids: Ids = value
    return ids


def _name_type(value: Any) -> str:
    return type(value).__name__
