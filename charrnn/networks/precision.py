"""Which number format the matrix products of a training use, and why."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

_FLAGS = ("amx_bf16", "avx512_bf16")
_UNITS = 256  # smaller products were measured to gain nothing, docs/decisions/0006
_CPUINFO = Path("/proc/cpuinfo")


class Precision(NamedTuple):
    """The format of the products' factors, and the reason in a few words."""

    name: str
    reason: str


def choose(asked: str, units: int) -> Precision:
    """`asked` itself, or for "auto" bfloat16 where the processor has it and the layers gain.

    Args:
        asked: "auto", "float32" or "bfloat16".
        units: of a recurrent layer.
    """
    if asked != "auto":
        return Precision(asked, "as asked")
    if tf.config.list_physical_devices("GPU"):
        return Precision("float32", "a GPU multiplies")
    flag = _hardware()
    if flag is None:
        return Precision("float32", "no bfloat16 in this processor")
    if units < _UNITS:
        return Precision("float32", f"bfloat16 gains nothing below {_UNITS} units")
    return Precision("bfloat16", f"the processor has {flag}")


def _hardware() -> str | None:
    """The processor's instructions for bfloat16 products, as Linux names them."""
    try:
        flags = _CPUINFO.read_text().split()
    except OSError:
        return None
    return next((flag for flag in _FLAGS if flag in flags), None)
