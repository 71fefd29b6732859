"""Arrays that are used again: a fresh one costs a page fault for each 4 KB that is first written.

TensorFlow takes an array over without a copy if its address suits it, and holds on to it as long
as it needs it. So an array is free once nothing but this module refers to its memory.
"""

import math
import sys
import threading
from typing import Any

import numpy as np

_ALIGNMENT = 64  # bytes, that TensorFlow asks of an array
_MOST = 2**28  # bytes that are kept
_UNUSED = 3  # references: the list's, the loop's, and the argument's of `getrefcount`

_kept: list[Any] = []
_lock = threading.Lock()


def allocate(*shape: int) -> Any:
    """Make a float32 array, with any numbers in it."""
    size = 4 * math.prod(shape)
    with _lock:
        memory = _find_memory(size + _ALIGNMENT)
        start = -memory.ctypes.data % _ALIGNMENT
        return memory[start : start + size].view(np.float32).reshape(shape)


def _find_memory(size: int) -> Any:
    unused = [memory for memory in _kept if sys.getrefcount(memory) == _UNUSED]
    for memory in unused:
        if len(memory) == size:
            return memory
    fresh = np.empty(size, np.uint8)
    if size + sum(map(len, _kept)) > _MOST:
        gone = set(map(id, unused))
        _kept[:] = [memory for memory in _kept if id(memory) not in gone]
    if size + sum(map(len, _kept)) <= _MOST:
        _kept.append(fresh)
    return fresh
