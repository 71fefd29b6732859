"""How many cores NumPy's products use."""

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits


def use_one_core() -> AbstractContextManager[Any]:
    """Keep products on one core: they are small, and a busy second core makes them wait long."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits
