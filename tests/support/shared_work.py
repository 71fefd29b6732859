"""Work for `charrnn.inference.helpers`, where a helper can import it; and a look at the helpers."""

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from charrnn.errors import CheckpointError

Work = Callable[[Any], Any]

HEAVY = ("tensorflow", "keras", "matplotlib", "click", "rich")


def make(work: Work) -> Callable[[], Work]:
    """What makes a function that does this work."""
    return functools.partial(_give, work)


def _give(work: Work) -> Work:
    return work


def square_late(number: int) -> int:
    """The first result is the last to be there."""
    time.sleep(0 if number else 0.5)
    return number**2


def reject_third(number: int) -> int:
    if number == 3:
        raise CheckpointError("the third")
    return number


def die_at_third(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def report_process(_: int) -> tuple[int, list[str], set[int]]:
    """The process, what heavy modules it has, and how many threads its products use."""
    np.ones((200, 200)) @ np.ones((200, 200))
    threads = {library["num_threads"] for library in threadpool_info()}
    return os.getpid(), [name for name in HEAVY if name in sys.modules], threads


def fill_memory(size: int) -> bytes:
    return bytes(size)


def exist(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(processes: list[int], seconds: float = 10) -> bool:
    """Whether all of them end within that time."""
    end = time.monotonic() + seconds
    while any(map(exist, processes)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(exist, processes))


def list_children(process: int) -> list[int]:
    done = subprocess.run(
        ["pgrep", "-P", str(process)],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(line) for line in done.stdout.split()]


def wait_for_children(process: int, count: int, seconds: float = 30) -> list[int]:
    end = time.monotonic() + seconds
    while len(found := list_children(process)) < count and time.monotonic() < end:
        time.sleep(0.02)
    assert len(found) == count
    return found
