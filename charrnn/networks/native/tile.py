"""One tile of a matrix product in vector instructions, which numba's own loops don't reach.

A tile is the product of `ROWS` rows and one panel of `WIDTH` columns. Its sums stay in registers
while the panel streams past, so the panel is read once for all rows.
"""

from collections.abc import Sequence
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_FEATURES = llvmlite.binding.get_host_cpu_features()
_LANES = 16 if _FEATURES.get("avx512f") else 8 if _FEATURES.get("avx2") else 4
_VECTORS = 2
_AHEAD = 512  # numbers that are fetched before they are needed: 70 to 91 GFLOP/s for 8 rows

ROWS = 4 if _LANES == 8 else 8  # noqa: PLR2004 - AVX2 has only 16 registers
WIDTH = _LANES * _VECTORS

_FLOAT, _SIZE, _INT = ir.FloatType(), ir.IntType(64), ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_VECTOR = ir.VectorType(_FLOAT, _LANES)
_LINE = 16  # floats in a cache line


@intrinsic  # type: ignore[untyped-decorator]
def add_tile(
    _typing: Any,
    rows: Any,
    row: Any,  # noqa: ARG001 - numba takes an intrinsic's parameters by their names
    panels: Any,
    panel: Any,  # noqa: ARG001
    sums: Any,
) -> Any:
    """Add rows [row, row + ROWS) times a panel to their place in `sums`.

    Args:
        rows: float32 (R, K), contiguous, as are the others.
        row: the first row.
        panels: (P, K, WIDTH).
        panel: which of the P.
        sums: (R, P*WIDTH).
    """
    signature = types.void(rows, types.intp, panels, types.intp, sums)
    return signature, _emit_tile


def _emit_tile(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    def find(place: int) -> tuple[Any, Any]:
        """Find an array's first number and its last dimension but one or last."""
        array = context.make_array(signature.args[place])(context, builder, arguments[place])
        return array.data, cgutils.unpack_tuple(builder, array.shape)[1]

    (a, depth), (b, _), (c, stride) = find(0), find(2), find(4)
    row, panel = arguments[1], arguments[3]
    lines = [builder.add(row, _SIZE(number)) for number in range(ROWS)]
    a_rows = [builder.gep(a, [builder.mul(line, depth)]) for line in lines]
    b_panel = builder.gep(b, [builder.mul(builder.mul(panel, depth), _SIZE(WIDTH))])
    column = builder.mul(panel, _SIZE(WIDTH))
    c_rows = [builder.gep(c, [builder.add(builder.mul(line, stride), column)]) for line in lines]
    places = [_list_vectors(builder, start) for start in c_rows]

    sums = [[_load(builder, place) for place in line] for line in places]
    before = builder.block
    loop, end = builder.append_basic_block("depth"), builder.append_basic_block("end")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(_SIZE)
    running = [[builder.phi(_VECTOR) for _ in line] for line in places]
    at = builder.gep(b_panel, [builder.mul(k, _SIZE(WIDTH))])
    _fetch_ahead(builder, at)
    after = _multiply_and_add(builder, [builder.gep(line, [k]) for line in a_rows], at, running)
    following = builder.add(k, _SIZE(1))
    k.add_incoming(_SIZE(0), before)
    k.add_incoming(following, loop)
    for number, line in enumerate(running):
        for vector, phi in enumerate(line):
            phi.add_incoming(sums[number][vector], before)
            phi.add_incoming(after[number][vector], loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, end)
    builder.position_at_end(end)
    for line, values in zip(places, after, strict=True):
        for place, value in zip(line, values, strict=True):
            builder.store(value, place).align = 4
    return context.get_dummy_value()


def _multiply_and_add(
    builder: Any, scalars: Sequence[Any], at: Any, sums: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    """Add to each row's sums its one scalar times the panel's line of vectors."""
    fma = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{_LANES}f32"
    )
    vectors = [_load(builder, place) for place in _list_vectors(builder, at)]
    after = []
    for place, line in zip(scalars, sums, strict=True):
        scalar = _spread(builder, builder.load(place))
        pairs = zip(vectors, line, strict=True)
        after.append([builder.call(fma, [scalar, vector, total]) for vector, total in pairs])
    return after


def _list_vectors(builder: Any, start: Any) -> list[Any]:
    offsets = [_SIZE(vector * _LANES) for vector in range(_VECTORS)]
    pointer = _VECTOR.as_pointer()
    return [builder.bitcast(builder.gep(start, [offset]), pointer) for offset in offsets]


def _load(builder: Any, place: Any) -> Any:
    value = builder.load(place)
    value.align = 4
    return value


def _spread(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, scalar, _INT(0))
    nowhere = ir.Constant(ir.VectorType(_INT, _LANES), [0] * _LANES)
    return builder.shuffle_vector(first, empty, nowhere)


def _fetch_ahead(builder: Any, at: Any) -> None:
    """Ask for the panel's numbers that are due soon; past its end this does nothing."""
    kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    read, keep, data = _INT(0), _INT(3), _INT(1)
    for offset in range(0, WIDTH, _LINE):
        place = builder.gep(at, [_SIZE(_AHEAD + offset)])
        builder.call(fetch, [builder.bitcast(place, _BYTES), read, keep, data])
