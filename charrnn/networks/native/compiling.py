"""How this room's functions are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
"""What numba is told of every function."""


def compile_inner(function: Function) -> Function:
    """Compile a function for those that `compile_native` compiles.

    A division by zero gives infinity as in NumPy, and a product and a sum may be rounded once.
    """
    return numba.njit(**OPTIONS)(function)  # type: ignore[no-any-return]


def compile_native(function: Function) -> Function:
    """Compile a function as `compile_inner` does, once for this machine.

    Python's lock is free while it runs. Numba keeps what it compiled beside the module, or in the
    user's cache, until the module changes; of changes to inner functions it knows nothing.
    """
    try:
        return numba.njit(**OPTIONS, cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # there is no folder to keep it in
        return compile_inner(function)
