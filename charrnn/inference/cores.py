"""How many cores there are, and how many NumPy's products use."""

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def count_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_one_core() -> AbstractContextManager[Any]:
    """Keep products on one core: they are small, and a busy second core makes them wait long."""
    limits: AbstractContextManager[Any] = _find_libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _find_libraries() -> ThreadpoolController:
    """The libraries that multiply, which takes a while to find out."""
    return ThreadpoolController()
