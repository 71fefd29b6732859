"""A terminal that keeps what is shown on it, and a clock that stands still."""

import io
import re
from collections.abc import Callable
from typing import Protocol


class FakeTerminal(io.StringIO):
    """A terminal that keeps all that was written to it."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Every line that was ever on it, without colours and cursor movements."""
        return [line for line in re.split(r"[\r\n]+", strip_codes(self.getvalue())) if line.strip()]


class MakeTerminal(Protocol):
    """Makes stderr a terminal of that width."""

    def __call__(self, width: int) -> FakeTerminal: ...


class Watch(Protocol):
    """Does something while stdout and stderr are one terminal; what it received."""

    def __call__(self, act: Callable[[], object]) -> str: ...


class Clock:
    """Stands still except when a test lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def strip_codes(shown: str) -> str:
    """What was shown, without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
