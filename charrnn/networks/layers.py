"""Keras's Embedding and Dense with the same names, weights and mathematics, for recurrent nets.

The class names are Keras's own because the weight files' paths follow them
(`layers/dense/vars/0`): a file moves between stock layers and these in both directions.

Shapes: B batch, T time, E the vectors' width, H units, V vocabulary.
"""

from typing import Any

import keras
import tensorflow as tf

from charrnn.config import PRECISIONS
from charrnn.networks.scan import product

# Measured, see docs/decisions/0006-recurrent-scans.md.
PROJECTED = 2  # times the embedding's width: the largest vocabulary that is worth projecting
ONE_HOT = 1024  # the largest vocabulary whose gradient is a product with one-hot rows

register = keras.saving.register_keras_serializable(package="charrnn")


@register
class Embedding(keras.layers.Embedding):  # type: ignore[misc]
    """Keras's Embedding with a dense gradient.

    Keras's own gradient is sparse, and its Adam squares the rows of one id before it adds them
    up.

    Args:
        projected: let a recurrent layer that comes next project the table instead of the batch,
            where the table is small. The gradient then passes the vectors by: there is none by
            them.
    """

    def __init__(self, *args: Any, projected: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.projected = projected

    def get_config(self) -> dict[str, Any]:
        """Keras's config and `projected`."""
        return {**super().get_config(), "projected": self.projected}

    def call(self, inputs: Any) -> Any:
        """Ids (B, T) to vectors (B, T, E); if projected, they carry the table and the ids."""
        ids = tf.cast(inputs, tf.int32)
        table = tf.convert_to_tensor(self.embeddings)
        vectors = look_up(table, ids)
        if self.projected and self.input_dim <= PROJECTED * self.output_dim:
            vectors.lookup = (table, ids)
        return vectors


@register
class Dense(keras.layers.Dense):  # type: ignore[misc]
    """Keras's Dense, its product at `precision`.

    Args:
        precision: what the product's factors and result are rounded to.
    """

    def __init__(self, *args: Any, precision: str = "float32", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.precision = checked(precision)

    def get_config(self) -> dict[str, Any]:
        """Keras's config and the precision."""
        return {**super().get_config(), "precision": self.precision}

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Inputs (..., H) to outputs (..., V)."""
        if self.precision == "float32":
            return super().call(inputs, training=training)
        rows = tf.reshape(inputs, (-1, inputs.shape[-1]))
        outputs = tf.cast(product(rows, self.kernel, tf.bfloat16), inputs.dtype)
        outputs = outputs if self.bias is None else outputs + self.bias
        outputs = tf.reshape(outputs, tf.concat([tf.shape(inputs)[:-1], [self.units]], axis=0))
        outputs.set_shape((*inputs.shape[:-1], self.units))
        return outputs if self.activation is None else self.activation(outputs)


def checked(precision: str) -> str:
    """The precision, if there is such a one.

    Raises:
        ValueError: there is not.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    return precision


@tf.custom_gradient  # type: ignore[untyped-decorator]
def look_up(table: Any, ids: Any) -> Any:
    """Rows of a table (V, N) by ids of any shape; the table's gradient is dense."""

    def gradient(d_rows: Any) -> Any:
        words, width = table.shape
        flat, rows = tf.reshape(ids, (-1,)), tf.reshape(d_rows, (-1, width))
        if words > ONE_HOT:
            return tf.math.unsorted_segment_sum(rows, flat, words), None
        hot = tf.one_hot(flat, words, dtype=table.dtype)
        return tf.matmul(hot, rows, transpose_a=True), None

    return tf.gather(table, ids), gradient
