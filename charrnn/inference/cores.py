"""How many cores NumPy's products use."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def use_one_core() -> AbstractContextManager[Any]:
    """Keep products on one core: they are small, and a busy second core makes them wait long."""
    limits: AbstractContextManager[Any] = _find_libraries().limit(limits=1, user_api="blas")
    return limits


@cache
def _find_libraries() -> ThreadpoolController:
    """The libraries that multiply, which takes a while to find out."""
    return ThreadpoolController()
