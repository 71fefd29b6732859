"""Numbers as tiles read them: float32s, or pairs of bfloat16s, each pair in a uint32."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from charrnn.networks.native.compiling import OPTIONS, compile_inner


def store_row(numbers: Any, row: Any) -> None:
    """Store float32 numbers (K,) as a row of a product's factor, (K,) or pairs (K/2,)."""
    raise NotImplementedError  # numba compiles one of the functions below


@overload(store_row, jit_options=OPTIONS)  # type: ignore[untyped-decorator]
def _choose_store(numbers: Any, row: Any) -> Any:  # noqa: ARG001 - numba compares names
    def copy(numbers: Any, row: Any) -> None:
        for n in range(row.shape[0]):
            row[n] = numbers[n]

    def pair(numbers: Any, row: Any) -> None:
        for n in range(row.shape[0]):
            row[n] = _join(numbers[2 * n], numbers[2 * n + 1])

    return copy if row.dtype == types.float32 else pair


def store_item(matrix: Any, k: int, column: int, line: Any, place: int) -> None:
    """Store a column's number k, or pair k, at a place of a line."""
    raise NotImplementedError


@overload(store_item, jit_options=OPTIONS)  # type: ignore[untyped-decorator]
def _choose_item(matrix: Any, k: int, column: int, line: Any, place: int) -> Any:  # noqa: ARG001
    def copy(matrix: Any, k: int, column: int, line: Any, place: int) -> None:
        line[place] = matrix[k, column]

    def pair(matrix: Any, k: int, column: int, line: Any, place: int) -> None:
        line[place] = _join(matrix[2 * k, column], matrix[2 * k + 1, column])

    return copy if line.dtype == types.float32 else pair


@compile_inner
def _join(first: Any, second: Any) -> Any:
    return _round(first) | _round(second) << types.uint32(16)


@intrinsic  # type: ignore[untyped-decorator]
def _round(_typing: Any, _number: Any) -> Any:
    """Round a float32 to the bits of the nearest bfloat16, ties to even."""

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        bits = builder.bitcast(arguments[0], whole)
        upper = builder.lshr(bits, whole(16))
        half = builder.add(whole(0x7FFF), builder.and_(upper, whole(1)))
        rounded = builder.lshr(builder.add(bits, half), whole(16))
        is_nan = builder.fcmp_unordered("uno", arguments[0], arguments[0])
        return builder.select(is_nan, whole(0x7FC0), rounded)

    return types.uint32(types.float32), emit
