"""Matrix products with their factors rounded to a precision, and sums over a product's rows."""

from functools import partial
from typing import Any

import tensorflow as tf


def multiply(a: tf.Tensor, b: tf.Tensor, precision: tf.DType, **transpose: bool) -> tf.Tensor:
    """Multiply with both factors rounded to `precision`; the result has that dtype."""
    return tf.matmul(tf.cast(a, precision), tf.cast(b, precision), **transpose)


def multiply_transposed(a: tf.Tensor, b: tf.Tensor, precision: tf.DType) -> tf.Tensor:
    """Multiply the transpose of a (N, K) by b (N, M), as `multiply` does.

    oneDNN's float32 product of two plain factors is nearly twice as fast, and a transpose is cheap.
    """
    if precision == tf.bfloat16:
        return multiply(a, b, precision, transpose_a=True)
    return multiply(tf.transpose(a), b, precision)


def multiply_sequences(sequences: Any, kernel: Any, precision: tf.DType) -> Any:
    """Multiply (T, B, E) by (E, G*H) as one product of all T*B rows."""
    time, batch, width = sequences.shape
    x = multiply(tf.reshape(sequences, (-1, width)), kernel, precision)
    shape = tf.shape(sequences)
    x = tf.reshape(x, (shape[0], shape[1], kernel.shape[1]))
    x.set_shape((time, batch, kernel.shape[1]))
    return x


def flatten_time(sequence: tf.Tensor) -> tf.Tensor:
    """Reshape (T, B, W) to (T*B, W)."""
    return tf.reshape(sequence, (-1, sequence.shape[-1]))


def sum_rows(rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Add up rows (N, W) to (1, W) in `dtype`, faster than TensorFlow's reduction."""
    if rows.dtype != dtype:
        return _cast_and_sum_rows(rows, dtype)
    return tf.matmul(tf.ones((1, tf.shape(rows)[0]), dtype), rows)


@partial(tf.function, jit_compile=True, autograph=False)
def _cast_and_sum_rows(rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(rows, dtype), axis=0, keepdims=True)
