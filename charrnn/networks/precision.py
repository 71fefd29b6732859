"""Which number format a run's matrix products use, and why."""

import os
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

_FLAGS = ("amx_bf16", "avx512_bf16")
_UNITS = 256  # smaller products were measured to gain nothing, docs/decisions/0006
_CPUINFO = Path("/proc/cpuinfo")


class Precision(NamedTuple):
    """The format of products, and the reason in a few words."""

    name: str
    reason: str


def choose_precision(asked: str, units: int) -> Precision:
    """Choose `asked` itself, or for "auto" bfloat16 if the processor has it and the layers gain.

    Args:
        asked: "auto", "float32" or "bfloat16"; on a GPU the choice is always float32.
        units: of a recurrent layer.
    """
    if has_gpu():
        return Precision("float32", "on a GPU")
    if asked != "auto":
        return Precision(asked, "as asked")
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return Precision("float32", "oneDNN is off")
    flag = _find_flag()
    if flag is None:
        return Precision("float32", "no avx512_bf16 or amx_bf16 found in the processor")
    if units < _UNITS:
        return Precision("float32", f"bfloat16 gains nothing below {_UNITS} units")
    return Precision("bfloat16", f"the processor has {flag}")


def has_gpu() -> bool:
    """Whether TensorFlow computes on a GPU."""
    return bool(tf.config.get_visible_devices("GPU"))


def _find_flag() -> str | None:
    """Find the processor's instructions for bfloat16 products, by Linux's name for them."""
    try:
        flags = _CPUINFO.read_text().split()
    except OSError:
        return None
    return next((flag for flag in _FLAGS if flag in flags), None)
