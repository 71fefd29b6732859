"""What `make test` leaves to `make test-all`, so that it ends within five minutes."""

from collections.abc import Iterable
from typing import Any

import pytest


def slow_except(values: Iterable[Any], *quick: Any) -> list[Any]:
    """A test's parameters, of which all but the quick ones are left to `make test-all`."""
    values = list(values)
    assert all(value in values for value in quick)
    return [
        value if value in quick else pytest.param(*_split(value), marks=pytest.mark.slow)
        for value in values
    ]


def _split(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
