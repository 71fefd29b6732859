"""Splitting a batch into parts that run side by side, one on each core.

TensorFlow shares each operation among the cores instead, but a recurrence's operations are too
small for that. XLA is kept to one core per program, see `charrnn.networks.backend`.
"""

import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def choose_sizes(batch: Any, least: int = 1) -> list[Any]:
    """Choose how many of a batch's rows go into each part.

    Args:
        batch: a tensor or array, (B, ...); if B is unknown, there is one part.
        least: the fewest rows in a part, if there is more than one part.
    """
    rows = batch.shape[0]
    if rows is None:
        return [tf.shape(batch)[0]]
    parts = max(1, min(count_cores(), rows // least))
    return [(rows + part) // parts for part in range(parts)]


def join_parts(parts: Sequence[Any]) -> Any:
    """Join the parts to the whole batch."""
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
