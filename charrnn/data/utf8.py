"""UTF-8, byte by byte: which bytes may come next, and where characters begin.

The rules are those of the Unicode Standard's table of well-formed byte sequences (table 3-7), which
Python's strict decoder follows: nothing overlong, no surrogates, nothing above U+10FFFF.
"""

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids

BYTES = 256
START = 0
"""The state between two characters."""
FORBIDDEN = -1
"""What stands in `NEXT_STATE` for a byte that may not come."""

_CONTINUATION, _MASK = 0x80, 0xC0  # a byte that begins no character: its two highest bits are 10

# States: how many continuation bytes are due, or the first bytes after which not all may come.
_ONE, _TWO, _THREE, _AFTER_E0, _AFTER_ED, _AFTER_F0, _AFTER_F4 = range(1, 8)
_ALLOWED = {
    START: [
        (0x00, 0x7F, START),
        (0xC2, 0xDF, _ONE),
        (0xE0, 0xE0, _AFTER_E0),
        (0xE1, 0xEC, _TWO),
        (0xED, 0xED, _AFTER_ED),
        (0xEE, 0xEF, _TWO),
        (0xF0, 0xF0, _AFTER_F0),
        (0xF1, 0xF3, _THREE),
        (0xF4, 0xF4, _AFTER_F4),
    ],
    _ONE: [(0x80, 0xBF, START)],
    _TWO: [(0x80, 0xBF, _ONE)],
    _THREE: [(0x80, 0xBF, _TWO)],
    _AFTER_E0: [(0xA0, 0xBF, _ONE)],
    _AFTER_ED: [(0x80, 0x9F, _ONE)],
    _AFTER_F0: [(0x90, 0xBF, _TWO)],
    _AFTER_F4: [(0x80, 0x8F, _TWO)],
}
"""State to the ranges of bytes that may come next, each with the state that it leads to."""


def _make_table() -> npt.NDArray[np.int8]:
    table = np.full((len(_ALLOWED), BYTES), FORBIDDEN, np.int8)
    for state, ranges in _ALLOWED.items():
        for first, last, following in ranges:
            table[state, first : last + 1] = following
    return table


NEXT_STATE = _make_table()
"""The state after each byte in each state, shape (states, 256)."""


def begins_character(ids: Ids) -> npt.NDArray[np.bool_]:
    """Which bytes begin a character, shape (N,) like the bytes."""
    result: npt.NDArray[np.bool_] = (ids & _MASK) != _CONTINUATION
    return result
