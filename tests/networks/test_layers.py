"""Embedding and Dense are Keras's: stock Keras, or plain NumPy, is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import layers, recurrent
from tests.networks.twins import assert_close, draw_normal, to_arrays


def test_adam_steps_the_embedding_by_its_summed_gradient() -> None:
    """Three steps with repeated ids end like Adam in NumPy on a dense gradient."""
    layer = layers.Embedding(7, 4)
    layer.build()
    optimizer = keras.optimizers.Adam(0.1)
    table, m, v = layer.embeddings.numpy(), np.zeros((7, 4)), np.zeros((7, 4))
    for t in (1, 2, 3):
        ids, by_rows = np.array([[1, 3, 1], [0, 6, 1]]) % (t + 4), draw_normal(2, 3, 4, seed=t)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.constant(ids)) * by_rows)
        gradient = tape.gradient(loss, layer.embeddings.value)
        optimizer.apply([gradient], [layer.embeddings])

        dense = np.zeros((7, 4))
        np.add.at(dense, ids, by_rows)
        m, v = 0.9 * m + 0.1 * dense, 0.999 * v + 0.001 * dense**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        table -= 0.1 * m_hat / (np.sqrt(v_hat) + 1e-7)
        np.testing.assert_allclose(layer.embeddings.numpy(), table, atol=1e-5)


@pytest.mark.parametrize("words", [7, layers.ONE_HOT, layers.ONE_HOT + 1])
def test_looked_up_gradient_is_the_sum_by_id(words: int) -> None:
    """The gradient is dense, by one-hot products or, for large vocabularies, by segment sums."""
    table = draw_normal(words, 3)
    ids, by_rows = np.array([[1, 3, 1, 1], [0, words - 1, 1, 3]]), draw_normal(2, 4, 3)
    with tf.GradientTape() as tape:
        variable = tf.Variable(table)
        rows = layers.look_up(variable, tf.constant(ids))
        loss = tf.reduce_sum(rows * by_rows)
    gradient = tape.gradient(loss, variable)
    expected = np.zeros_like(table)
    np.add.at(expected, ids, by_rows)
    assert isinstance(gradient, tf.Tensor)
    np.testing.assert_array_equal(rows, table[ids])
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_embedding_computes_in_keras_dtype(policy: str) -> None:
    """A dtype policy applies to our embedding as to Keras's."""
    stock, ours = keras.layers.Embedding(7, 4, dtype=policy), layers.Embedding(7, 4, dtype=policy)
    for layer in (stock, ours):
        layer.build()
    ours.set_weights(stock.get_weights())
    ids = tf.constant([[1, 3, 1], [0, 6, 1]])
    assert_close(to_arrays([ours(ids)]), to_arrays([stock(ids)]))


@pytest.mark.parametrize("kind", recurrent.LAYERS.values())
def test_config_keeps_the_precision(kind: Any) -> None:
    """A layer rebuilt from its config, also by Bidirectional, multiplies as the original does."""
    layer = kind(4, precision="bfloat16")
    assert kind.from_config(layer.get_config()).precision == "bfloat16"
    assert kind(4).precision == kind.from_config(kind(4).get_config()).precision == "float32"
    both = keras.layers.Bidirectional(layer)
    for clone in (both.forward_layer, both.backward_layer):
        assert type(clone) is kind
        assert clone.precision == "bfloat16"
        assert clone._can_scan()


def test_unknown_precision_is_rejected() -> None:
    """A precision with an unknown name is an error, and not taken for a known one."""
    with pytest.raises(ValueError, match="float32, bfloat16, not 'bf16'"):
        recurrent.LSTM(3, precision="bf16")
