"""Embedding and Dense are Keras's: stock Keras, or plain NumPy, is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import layers, recurrent
from tests.networks.twins import assert_close, draw_normal, multiply_in_bfloat16, to_arrays


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


@pytest.mark.parametrize("kind", [*recurrent.LAYERS.values(), layers.Dense])
def test_config_keeps_the_precision(kind: Any) -> None:
    """A layer rebuilt from its config, also by Bidirectional, multiplies as the original does."""
    layer = kind(4, precision="bfloat16")
    assert kind.from_config(layer.get_config()).precision == "bfloat16"
    assert kind(4).precision == kind.from_config(kind(4).get_config()).precision == "float32"
    if kind is not layers.Dense:
        both = keras.layers.Bidirectional(layer)
        for clone in (both.forward_layer, both.backward_layer):
            assert type(clone) is kind
            assert clone.precision == "bfloat16"
            assert clone._can_scan()


@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_stock_keras(bias: bool) -> None:
    """Outputs and gradients of inputs (B, T, H) are Keras's in float32, near them in bfloat16."""
    options: dict[str, Any] = {"use_bias": bias, "activation": "tanh"}
    stock, ours = keras.layers.Dense(7, **options), layers.Dense(7, **options)
    near = layers.Dense(7, precision="bfloat16", **options)
    x = tf.constant(draw_normal(5, 3, 4))
    results = []
    for layer in (stock, ours, near):
        layer.build(x.shape)
        layer.set_weights(stock.get_weights())
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        weights = [w.value for w in layer.trainable_weights]
        results.append(to_arrays([y, *tape.gradient(y, [x, *weights])]))
    assert_close(results[1], results[0])
    assert (results[2][0] != results[0][0]).any()
    assert_close(results[2], results[0], 0.1)


@pytest.mark.parametrize("shape", [(5, 3, 4), (None, None, 4), (5, 4)])
def test_dense_in_bfloat16_rounds_its_product_alone(shape: Any) -> None:
    """The result is NumPy's in float32 on a rounded product, also in graphs of unknown sizes."""
    rng = np.random.default_rng(0)
    sizes = [size or 5 for size in shape]
    x, kernel = (rng.integers(-127, 128, size) / 64 for size in (sizes, (4, 7)))
    layer = layers.Dense(7, precision="bfloat16")
    layer.build(shape)
    bias = draw_normal(7)
    layer.set_weights([kernel, bias])
    graph = tf.function(layer, input_signature=[tf.TensorSpec(shape)], autograph=False)
    rounded = multiply_in_bfloat16(x, kernel)
    assert (rounded != x @ kernel).any()
    results = graph(tf.constant(x, "float32"))
    assert results.dtype == tf.float32
    np.testing.assert_allclose(results, rounded + bias, atol=1e-6)


@pytest.mark.parametrize("kind", [recurrent.LSTM, layers.Dense])
def test_unknown_precision_is_rejected(kind: Any) -> None:
    """A precision with an unknown name is an error, and not taken for a known one."""
    with pytest.raises(ValueError, match="float32, bfloat16, not 'bf16'"):
        kind(3, precision="bf16")
