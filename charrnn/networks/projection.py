"""A recurrent layer's inputs times its kernel, all time steps at once.

Shapes: B batch, T time, E the input's width, H units, G gates, V vocabulary.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from charrnn.networks.layers import look_up
from charrnn.networks.products import multiply, multiply_sequences


class Projection(NamedTuple):
    """What to project, and how: the batch itself, or the rows of a small table that it reads.

    Attributes:
        source: sequences (B, T, E), or ids (B, T) of the table's rows.
        factor: the kernel (E, G*H), or the table's rows times the kernel, (V, G*H), in float32.
        precision: what the products' factors and results are rounded to, but for the table's, see
            docs/decisions/0006-recurrent-scans.md.
    """

    source: Any
    factor: Any
    precision: tf.DType

    @classmethod
    def from_table(cls, table: Any, ids: Any, kernel: Any, precision: tf.DType) -> "Projection":
        """Project a table (V, E): the same as its rows looked up, by V products instead of B*T."""
        return cls(ids, multiply(table, kernel, table.dtype), precision)

    def list_inputs(self) -> tuple[Any, Any]:
        """List the products, and which of them each step reads.

        Returns:
            (V, G*H) and int32 (B, T); or all, (B, T, G*H), and None.
        """
        if self.source.dtype.is_integer:
            return self.factor, tf.cast(self.source, tf.int32)
        return self.project(self.source), None

    def project(self, source: Any) -> Any:
        """Project `source`, or a part of it with its first two dimensions in any order.

        Returns:
            products, (B, T, G*H) of a source (B, T, ...).
        """
        if source.dtype.is_integer:
            return tf.cast(look_up(self.factor, source), self.precision)
        return multiply_sequences(source, self.factor, self.precision)
