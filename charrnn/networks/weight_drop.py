"""Weight drop: training with some of a recurrent kernel's entries set to zero at random.

This is DropConnect as in Merity, Keskar and Socher 2018, section 2.
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
        seeds: the random generator that chooses them.
    """
    attributes = cell.__dict__  # Keras's own setter would count a tensor as a new weight
    kernel = attributes["recurrent_kernel"]
    attributes["recurrent_kernel"] = keras.random.dropout(kernel, rate, seed=seeds)
    try:
        yield
    finally:
        attributes["recurrent_kernel"] = kernel
