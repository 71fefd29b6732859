"""Arrays that are used again: a fresh one costs a page fault for each 4 KB that is first written.

TensorFlow takes an array over without a copy if its address suits it, and holds on to it as long
as it needs it. So an array is free once nothing but this module refers to its memory.
"""

import math
import sys
import threading
from collections import defaultdict
from typing import Any

import numpy as np

_ALIGNMENT = 64  # bytes, that TensorFlow asks of an array
_LARGEST = 2**26  # bytes of an array that is kept
_UNUSED = 3  # references: the list's, the loop's, and the argument's of `getrefcount`

_kept: dict[int, list[Any]] = defaultdict(list)
_lock = threading.Lock()


def allocate(*shape: int) -> Any:
    """Make a float32 array, with any numbers in it."""
    size = 4 * math.prod(shape)
    with _lock:
        memory = _find_unused(size)
        start = -memory.ctypes.data % _ALIGNMENT
        return memory[start : start + size].view(np.float32).reshape(shape)


def _find_unused(size: int) -> Any:
    for memory in _kept[size]:
        if sys.getrefcount(memory) == _UNUSED:
            return memory
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    if size <= _LARGEST:
        _kept[size].append(memory)
    return memory
