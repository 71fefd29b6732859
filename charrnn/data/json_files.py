"""JSON that a stranger may have written, parsed within bounded memory."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from charrnn.data.files import read_bounded

_MOST_VALUES = 2**20  # lists, objects and what they hold, which take up to 80 bytes each
_LARGEST = 2**63  # integers below it fit in 64 bits
_LONGEST = 21  # characters of an integer, after which it is too large in any case


def read_json(path: Path, most: int, values: int = _MOST_VALUES) -> Any:
    """What a file of up to `most` bytes and `values` values says.

    Raises:
        OSError: it can't be read, is no regular file, or is larger.
        ValueError: it is not JSON in UTF-8; has too many values or too deep ones, a number that is
            not finite or an integer of over 64 bits.
    """
    text = read_bounded(path, most).decode()
    require_few_values(text, values)
    try:
        return json.loads(
            text,
            parse_int=_parse_integer,
            parse_float=_parse_number,
            parse_constant=_reject,
        )
    except RecursionError as error:
        raise ValueError("lists in lists in lists") from error


def require_few_values(text: str, most: int = _MOST_VALUES) -> None:
    """Reject JSON that would become many times its own size.

    Raises:
        ValueError: it has too many values.
    """
    if sum(map(text.count, "[{,:")) > most:
        raise ValueError(f"over {most:,} values")


def _parse_integer(text: str) -> int:
    number = int(text[:_LONGEST])
    return number if abs(number) < _LARGEST else _reject(text)


def _parse_number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _reject(text)


def _reject(text: str) -> NoReturn:
    raise ValueError(f"a number is {text[:10]}")
