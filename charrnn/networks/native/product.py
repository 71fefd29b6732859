"""Products of a few rows and a matrix that is packed once for many of them.

A matrix (K, N) is packed into panels (P, K, WIDTH), P = ceil(N / WIDTH), the last filled up with
zeros: a tile then reads its panel from the first number to the last. In bfloat16 its numbers are
pairs, and K is half as many of them.
"""

from typing import Any

from charrnn.networks.native.compiling import compile_inner, compile_native
from charrnn.networks.native.pairs import store_item
from charrnn.networks.native.tile import ROWS, WIDTH, add_tile

_BLOCK = 16  # numbers in a cache line


def count_panels(columns: int) -> int:
    """How many panels `columns` columns fill."""
    return -(-columns // WIDTH)


@compile_inner
def pad_rows(rows: Any) -> Any:
    """How many rows the tiles for `rows` rows have."""
    return (rows + ROWS - 1) // ROWS * ROWS


@compile_inner
def add_product(rows: Any, panels: Any, sums: Any) -> None:
    """Add rows (R, K) times packed panels to sums (R, P*WIDTH); R is a multiple of `ROWS`."""
    for panel in range(panels.shape[0]):
        for row in range(0, rows.shape[0], ROWS):
            add_tile(rows, row, panels, panel, sums)


@compile_native
def pack(matrix: Any, panels: Any, first: int, last: int) -> None:
    """Pack a matrix (K, N) into the panels [first, last), which are zero."""
    columns = matrix.shape[1]
    for panel in range(first, last):
        start = panel * WIDTH
        for k in range(panels.shape[1]):
            for column in range(min(WIDTH, columns - start)):
                store_item(matrix, k, start + column, panels[panel, k], column)


@compile_native
def pack_transposed(matrix: Any, panels: Any, first: int, last: int) -> None:
    """Pack the transpose of a matrix (N, K) into the panels [first, last), which are zero."""
    columns, depth = len(matrix), panels.shape[1]
    for panel in range(first, last):
        start = panel * WIDTH
        for block in range(0, depth, _BLOCK):
            for column in range(min(WIDTH, columns - start)):
                for k in range(block, min(block + _BLOCK, depth)):
                    store_item(matrix.T, k, start + column, panels[panel, k], column)
