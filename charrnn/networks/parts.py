"""Cutting a batch into parts that run side by side, one on a core.

TensorFlow shares out each operation among the cores instead; a recurrence's are too small for
that. XLA keeps to one core for it, see `charrnn.networks.backend`.
"""

import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def sizes(batch: Any, least: int = 1) -> list[Any]:
    """How many of a batch's rows go into each part.

    Args:
        batch: a tensor or array, (B, ...); where B is unknown there is one part.
        least: rows that a part has at least, if there are two.
    """
    rows = batch.shape[0]
    if rows is None:
        return [tf.shape(batch)[0]]
    parts = max(1, min(_cores(), rows // least))
    return [(rows + part) // parts for part in range(parts)]


def join(parts: Sequence[Any]) -> Any:
    """The batch again."""
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
