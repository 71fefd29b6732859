"""One tile of a matrix product in vector instructions, which numba's own loops don't reach.

A tile is the product of `ROWS` rows and one panel of `WIDTH` columns. Its sums stay in registers
while the panel streams past, so the panel is read once for all rows.

A number of a tile's factors is a float32; or a uint32 that holds two bfloat16s which follow each
other in the depth of the product, the first in its lower half. Such pairs are multiplied by one
instruction, and their products added up in float32.
"""

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

HAS_PAIRS = bool(_FEATURES.get("avx512bf16"))
"""Whether the processor multiplies pairs of bfloat16s."""

ROWS = 4 if _LANES == 8 else 8  # noqa: PLR2004 - AVX2 has only 16 registers
WIDTH = _LANES * _VECTORS


class _BFloat16(ir.Type):  # type: ignore[misc]
    """LLVM's bfloat, which llvmlite has no name for."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat16)

    def __hash__(self) -> int:
        return hash(_BFloat16)


_FLOAT, _SIZE, _INT = ir.FloatType(), ir.IntType(64), ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_SUMS = ir.VectorType(_FLOAT, _LANES)
_HALVES = ir.VectorType(_BFloat16(), 2 * _LANES)
_LINE = 16  # numbers in a cache line


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
        rows: float32, or pairs, (R, K), contiguous, as are the others.
        row: the first row.
        panels: (P, K, WIDTH), of the same dtype.
        panel: which of the P.
        sums: float32 (R, P*WIDTH).
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
    multiply = _add_product if signature.args[0].dtype == types.float32 else _add_pairs
    c_rows = [builder.gep(c, [builder.add(builder.mul(line, stride), column)]) for line in lines]
    places = [_list_vectors(builder, start) for start in c_rows]

    sums = [[_load(builder, place) for place in line] for line in places]
    before = builder.block
    loop, end = builder.append_basic_block("depth"), builder.append_basic_block("end")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(_SIZE)
    running = [[builder.phi(_SUMS) for _ in line] for line in places]
    at = builder.gep(b_panel, [builder.mul(k, _SIZE(WIDTH))])
    _fetch_ahead(builder, at)
    vectors = [_load(builder, place) for place in _list_vectors(builder, at)]
    after = []
    for line, totals in zip(a_rows, running, strict=True):
        scalar = _spread(builder, builder.load(builder.gep(line, [k])))
        pairs = zip(vectors, totals, strict=True)
        after.append([multiply(builder, scalar, vector, total) for vector, total in pairs])
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


def _add_product(builder: Any, a: Any, b: Any, sums: Any) -> Any:
    kind = ir.FunctionType(_SUMS, [_SUMS] * 3)
    fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{_LANES}f32")
    return builder.call(fma, [a, b, sums])


def _add_pairs(builder: Any, a: Any, b: Any, sums: Any) -> Any:
    kind = ir.FunctionType(_SUMS, [_SUMS, _HALVES, _HALVES])
    name = f"llvm.x86.avx512bf16.dpbf16ps.{32 * _LANES}"
    dot = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(dot, [sums, builder.bitcast(a, _HALVES), builder.bitcast(b, _HALVES)])


def _list_vectors(builder: Any, start: Any) -> list[Any]:
    offsets = [_SIZE(vector * _LANES) for vector in range(_VECTORS)]
    pointer = ir.VectorType(start.type.pointee, _LANES).as_pointer()
    return [builder.bitcast(builder.gep(start, [offset]), pointer) for offset in offsets]


def _load(builder: Any, place: Any) -> Any:
    value = builder.load(place)
    value.align = 4
    return value


def _spread(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(ir.VectorType(scalar.type, _LANES), ir.Undefined)
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
