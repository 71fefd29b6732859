"""How much of its time and room a download leaves to a host."""

import time
from dataclasses import dataclass

_OVERHEAD = 2**20  # bytes of headers and the like


@dataclass(frozen=True)
class Patience:
    """How long to wait for a host, in seconds, and how often to try."""

    connect: float = 10.0
    silence: float = 20.0  # between two pieces of the response
    least: float = 500.0  # bytes a second, a tenth of what a modem of 1995 brought
    window: float = 30.0  # over which these are counted
    longest: float = 3600.0  # for all attempts together; the next download resumes this one
    attempts: int = 4  # that bring nothing; others don't count
    backoff: float = 0.5  # before the second attempt, doubled each time


PATIENCE = Patience()
"""How patient the program is."""


class Allowance:
    """What a host may still take for one request.

    Args:
        patience: with the host.
        size: bytes of the file.
        ends: when all attempts must have ended, by `time.monotonic`.
    """

    problem = ""
    """What the host did wrong, once it has used its allowance up."""

    def __init__(self, patience: Patience, size: int, ends: float) -> None:
        self.patience = patience
        self._size, self._ends = size, ends
        self._left = 2 * size + _OVERHEAD
        self._since, self._received = time.monotonic(), 0

    def measure_wait(self) -> float:
        """How many seconds the next read may take.

        Raises:
            TimeoutError: none, because the host is too slow.
        """
        now = time.monotonic()
        passed = now - self._since
        if passed > self.patience.window:
            if self._received < self.patience.least * passed:
                self._end(f"sends fewer than {self.patience.least:,.0f} bytes a second")
            self._since, self._received = now, 0
        if now >= self._ends:
            self._end(f"took longer than {self.patience.longest:,.0f} s")
        return min(self.patience.silence, self._ends - now)

    def count(self, received: int) -> None:
        """Count bytes of any kind that came from the host.

        Raises:
            TimeoutError: they are many more than the file has.
        """
        self._received += received
        self._left -= received
        if self._left < 0:
            self._end(f"sends much more than the {self._size:,} bytes expected")

    def _end(self, problem: str) -> None:
        self.problem = problem
        raise TimeoutError(problem)
