"""Weight drop: training with a part of a recurrent kernel's entries set to zero at random.

The DropConnect of Merity, Keskar and Socher 2018, section 2.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


@contextlib.contextmanager
def drop_weights(cell: Any, rate: float, seeds: keras.random.SeedGenerator) -> Iterator[None]:
    """Replace a cell's recurrent kernel (H, G*H) inside the context.

    Args:
        cell: a Keras cell.
        rate: the fraction of entries that are zero inside; the others are scaled up.
        seeds: what the entries are drawn by.
    """
    attributes = cell.__dict__  # Keras's own setter would count a tensor as a new weight
    kernel = attributes["recurrent_kernel"]
    attributes["recurrent_kernel"] = keras.random.dropout(kernel, rate, seed=seeds)
    try:
        yield
    finally:
        attributes["recurrent_kernel"] = kernel
