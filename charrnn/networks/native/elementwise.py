"""Sigmoid and tanh of float32 arrays, in place, as loops that LLVM turns into vector code."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from charrnn.networks.native.compiling import compile_inner

ONE, TWO = np.float32(1), np.float32(2)

_HALF = np.float32(0.5)
_HIGHEST, _LOWEST = np.float32(88), np.float32(-87)  # beyond them float32's exp over- or underflows
_LOG2_E = np.float32(np.log2(np.e))
_LN_2 = np.float32(0.693359375)  # has few digits, so that its multiples are exact
_LN_2_REST = np.float32(np.log(2) - 0.693359375)
_C2, _C3, _C4, _C5, _C6 = (np.float32(1 / n) for n in (2, 6, 24, 120, 720))  # exp's own series


@compile_inner
def apply_sigmoid(numbers: Any) -> None:
    """Replace numbers (N,) by their sigmoids."""
    for n in range(numbers.shape[0]):
        numbers[n] = ONE / (ONE + _exp(-numbers[n]))


@compile_inner
def apply_tanh(numbers: Any) -> None:
    """Replace numbers (N,) by their hyperbolic tangents, to within 1e-7."""
    for n in range(numbers.shape[0]):
        numbers[n] = ONE - TWO / (ONE + _exp(TWO * numbers[n]))


@compile_inner
def _exp(x: Any) -> Any:
    """exp(x) = 2^n exp(r), |r| <= ln(2)/2; a NaN stays one."""
    x = _HIGHEST if x > _HIGHEST else x  # noqa: FURB136 - min and max would lose a NaN
    x = _LOWEST if x < _LOWEST else x  # noqa: FURB136
    n = np.floor(x * _LOG2_E + _HALF)
    r = (x - n * _LN_2) - n * _LN_2_REST
    series = ONE + r * (ONE + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * _C6)))))
    return series * _raise_two(np.int32(n))


@intrinsic  # type: ignore[untyped-decorator]
def _raise_two(_typing: Any, _power: Any) -> Any:
    """Raise two to an int32, by putting it in a float32's exponent."""

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        exponent = builder.shl(builder.add(arguments[0], whole(127)), whole(23))
        return builder.bitcast(exponent, ir.FloatType())

    return types.float32(types.int32), emit
