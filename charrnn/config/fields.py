"""What every configuration is made of: cells, checks on values, and the way to and from JSON."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from charrnn.errors import CharrnnError, UsageError

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
"""Cell name to the number of H-wide blocks in its kernels."""

CELLS = tuple(GATES)
PRECISIONS = ("float32", "bfloat16")
AUTO = "auto"  # the precision that suits the processor
SCHEDULES = ("constant", "cosine")

MOST_UNITS = 2**16  # a kernel of more would have 69 GB
MOST_LAYERS = 100
MOST_EPOCHS = 50_000  # whose results a resume file can hold
MOST_COUNTED = 10**6  # windows of a batch, characters of a window

_EXACT = 2**53  # integers below it are floats too
_LARGEST = 2**63  # integers below it fit in 64 bits
_SURROGATES = re.compile("[\ud800-\udfff]")  # halves of characters, which no file can hold

_Dataclass = TypeVar("_Dataclass")


def from_mapping(kind: type[_Dataclass], values: Mapping[str, Any]) -> _Dataclass:
    """Build a dataclass from parsed JSON, checking names and types.

    Raises:
        CharrnnError: a field is missing, unknown, of the wrong type or out of range.
    """
    fields = {field.name: field.type for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if set(values) != set(fields):
        odd = ", ".join(sorted(map(repr, set(values) ^ set(fields))))
        raise CharrnnError(f"the settings have missing or unknown fields: {odd}")
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    for name, value in values.items():
        if not _fits(value, fields[name]) or not _is_plain(value):
            raise CharrnnError(f"the setting {name} has an unexpected value: {value!r}")
    return kind(**values)


def read_mapping(kind: type[_Dataclass], values: Mapping[str, Any]) -> _Dataclass:
    """As `from_mapping`; a field that the writer did not have yet gets its default."""
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
        if field.default is not dataclasses.MISSING
    }
    return from_mapping(kind, defaults | dict(values))


def select_fields(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that are fields of a dataclass."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def list_cell_shapes(path: str, cell: str, width: int, units: int) -> dict[str, tuple[int, ...]]:
    """A cell's weights at `path`, to their shapes; `width` is its input's.

    A GRU's bias has two rows, for the input and the recurrent product (reset after).
    """
    gates = GATES[cell] * units
    bias = (2, gates) if cell == "gru" else (gates,)
    return {f"{path}/0": (width, gates), f"{path}/1": (units, gates), f"{path}/2": bias}


def name_layer(cell: str) -> str:
    """What Keras calls a cell's layer in a weights file."""
    return {"rnn": "simple_rnn"}.get(cell, cell)


def require(holds: bool, message: str) -> None:
    """Raise unless it holds.

    Raises:
        UsageError: it doesn't; settings stand in the message as `keyword`.
    """
    if not holds:
        raise UsageError(message)


def require_types(config: Any) -> None:
    """Raise unless each field of a dataclass has its type."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        wanted = field.type.__name__ if isinstance(field.type, type) else field.type
        require(_fits(value, field.type), f"`{field.name}` must be {wanted}, not {value!r}")


def require_choice(config: Any, name: str, choices: Sequence[str]) -> None:
    """Raise unless the field `name` is one of the choices."""
    value = getattr(config, name)
    require(value in choices, f"unknown `{name}` {value!r}: choose {', '.join(choices)}")


def require_at_least(config: Any, least: int, *names: str) -> None:
    """Raise unless each of the named fields is `least` or above."""
    for name in names:
        value = getattr(config, name)
        require(value >= least, f"`{name}` must be at least {least}, not {value}")


def require_at_most(config: Any, most: int, *names: str) -> None:
    """Raise unless each of the named fields is `most` or below."""
    for name in names:
        value = getattr(config, name)
        require(value <= most, f"`{name}` must be at most {most:,}, not {value}")


def require_finite(config: Any, *names: str) -> None:
    """Raise unless each of the named fields is a finite number."""
    for name in names:
        value = getattr(config, name)
        require(math.isfinite(value), f"`{name}` must be a finite number, not {value}")


def require_fraction(config: Any, *names: str) -> None:
    """Raise unless each of the named fields lies in [0, 1)."""
    for name in names:
        value = getattr(config, name)
        require(0 <= value < 1, f"`{name}` must lie in [0, 1), not {value}")


def require_training(config: Any) -> None:
    """Raise unless what every training has lies in its range."""
    require_choice(config, "precision", PRECISIONS)
    require_choice(config, "schedule", SCHEDULES)
    require_at_least(config, 1, "batch_size", "epochs")
    require_at_least(config, 0, "patience")
    require_at_most(config, MOST_EPOCHS, "epochs")
    require_at_most(config, MOST_COUNTED, "patience")
    require_finite(config, "learning_rate", "clip_norm")
    require(config.learning_rate > 0, "`learning_rate` must be above 0")
    require(config.clip_norm >= 0, "`clip_norm` must be 0 (none) or above")
    require(0 <= config.seed < 2**32, "`seed` must lie in [0, 2^32)")


def _fits(value: Any, expected: Any) -> bool:
    """Whether a value is of a field's type; an int will do for a float, a bool for neither."""
    if isinstance(expected, UnionType):
        return any(_fits(value, member) for member in get_args(expected))
    if get_origin(expected) is tuple:
        item, _ = get_args(expected)  # each tuple here is of any length, of one type
        return isinstance(value, tuple) and all(_fits(part, item) for part in value)
    if isinstance(value, bool):
        return expected is bool
    if expected is float and isinstance(value, int):
        return abs(value) < _EXACT
    return isinstance(value, expected)


def _is_plain(value: Any) -> bool:
    """Whether a value from a file can be shown and stored again."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    if isinstance(value, str):
        return not _SURROGATES.search(value)
    return not isinstance(value, int) or abs(value) < _LARGEST
