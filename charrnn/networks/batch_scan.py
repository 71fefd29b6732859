"""A batch's scan by TensorFlow's own loops, in parts that run side by side.

Shapes: B batch, T time, H units, G gates.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from charrnn.networks import parts
from charrnn.networks.projection import Projection
from charrnn.networks.scan import scan
from charrnn.networks.scan_mode import ScanMode, fills_all_cores

# Measured, see docs/decisions/0006-recurrent-scans.md.
ROWS = 8  # the fewest in a part of the batch


def scan_in_parts(
    mode: ScanMode,
    projection: Projection,
    states: Sequence[Any],
    kernel: Any,
    bias: Any,
    mask: Any = None,
) -> tuple[Any, list[Any]]:
    """Run a cell over time; the result can be differentiated once, not twice.

    Args:
        mode: which cell, and how to run it.
        projection: the inputs.
        states: initial states, each (B, H), the output's first.
        kernel: the recurrent kernel (H, G*H).
        bias: (1, G*H); (2, G*H), for the input and for the state, if the cell has both.
        mask: bool (B, T); a step that is False leaves the states as they were.

    Returns:
        the first state after each step, (B, T, H), and all states after the last, each (B, H).
    """
    source = projection.source
    laid_out = mode.lay_out_kernel(kernel)
    sizes = _choose_sizes(source, kernel.shape[0], mode)
    states_of_parts = zip(*(tf.split(state, sizes) for state in states), strict=True)
    masks = [None] * len(sizes) if mask is None else tf.split(mask, sizes)
    results = []
    for part, before, masked in zip(tf.split(source, sizes), states_of_parts, masks, strict=True):
        x = projection.project(_swap_time(part))  # (T, B', G*H)
        steps = None if masked is None else tf.transpose(masked)
        outputs, after = scan(mode, x, before, laid_out, bias, steps)
        results.append((_swap_time(outputs), *after))
    outputs, *last = map(parts.join_parts, zip(*results, strict=True))
    return outputs, last


def _choose_sizes(source: Any, units: int, mode: ScanMode) -> list[Any]:
    """Choose how many of the batch's rows go into each part."""
    if fills_all_cores(units, mode.precision):
        return [tf.shape(source)[0]]
    return parts.choose_sizes(source, ROWS)


def _swap_time(sequences: Any) -> Any:
    """Swap (B, T, ...) and (T, B, ...)."""
    return tf.transpose(sequences, (1, 0, *range(2, len(sequences.shape))))
