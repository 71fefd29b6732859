"""A recurrent layer's inputs times its kernel, all time steps at once, for each part of the batch.

Shapes: B batch, T time, E the input's width, H units, G gates, V vocabulary.
"""

from typing import Any

import tensorflow as tf

from charrnn.networks.layers import look_up
from charrnn.networks.products import multiply, multiply_sequences


def project_sequences(
    sequences: Any, kernel: Any, sizes: list[Any], precision: tf.DType
) -> list[Any]:
    """Multiply sequences (B, T, E) by a kernel (E, G*H).

    Args:
        sequences: what to multiply.
        kernel: what to multiply it by.
        sizes: how many of the B rows go into each part.
        precision: what the product's factors and result are rounded to.

    Returns:
        for each part, which has B' rows, the product (T, B', G*H).
    """
    time_major = [tf.transpose(part, (1, 0, 2)) for part in tf.split(sequences, sizes)]
    return [multiply_sequences(part, kernel, precision) for part in time_major]


def project_rows(
    table: Any, ids: Any, kernel: Any, sizes: list[Any], precision: tf.DType
) -> list[Any]:
    """Multiply the rows of a table (V, E) by a kernel, then look the products up by ids (B, T).

    The result is `project_sequences` of the rows looked up, by a product of V rows instead of B*T.
    """
    products = multiply(table, kernel, precision)  # (V, G*H)
    return [look_up(products, tf.transpose(part)) for part in tf.split(ids, sizes)]
