"""A network's layers as a summary shows them."""

import math
from collections.abc import Iterable
from typing import NamedTuple

Shapes = dict[str, tuple[int, ...]]
"""Path in a `.weights.h5` file to shape, in Keras's order."""


class LayerRow(NamedTuple):
    """A layer of a network as a summary shows it.

    Attributes:
        name: what it is.
        output: its output's shape without the batch; None for a length that varies.
        weights: path in a `.weights.h5` file to shape, in Keras's order.
        fixed: how many of its numbers are not trained.
    """

    name: str
    output: tuple[int | None, ...]
    weights: Shapes
    fixed: int = 0

    @property
    def parameters(self) -> int:
        """How many trainable numbers the layer has."""
        return sum(math.prod(shape) for shape in self.weights.values()) - self.fixed


def collect_shapes(rows: Iterable[LayerRow]) -> Shapes:
    """The weights of all layers, in Keras's order."""
    return {path: shape for row in rows for path, shape in row.weights.items()}
