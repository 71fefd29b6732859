"""Scans: gradients are the derivatives of what they compute; only products are rounded."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import cells
from charrnn.networks.scan import scan
from charrnn.networks.scan_mode import ScanMode
from tests.networks.twins import multiply_in_bfloat16
from tests.support.slow import slow_except

B, T, H = 2, 3, 2
CELLS: dict[str, tuple[cells.Cell, int, int]] = {
    "rnn": (cells.SimpleCell(), 1, 1),
    "lstm": (cells.LSTMCell(), 4, 2),
    "gru": (cells.GRUCell(), 3, 1),
}


def draw(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(sum(shape)).normal(size=shape), tf.float64)


def draw_short(*shape: int) -> np.ndarray:
    """Draw numbers of seven bits: exact in bfloat16, and sums of their products in float32."""
    return (np.random.default_rng(sum(shape)).integers(-127, 128, shape) / 64).astype(np.float32)


def sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-a)))


def step(name: str, x: np.ndarray, u: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
    """Step a cell by Keras's equations, in NumPy; the biases are in x and u."""
    if name == "rnn":
        return [np.tanh(x + u)]
    if name == "lstm":
        i, f, g, o = np.split(x + u, 4, axis=1)
        c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    (x_z, x_r, x_n), (u_z, u_r, u_n) = np.split(x, 3, axis=1), np.split(u, 3, axis=1)
    z = sigmoid(x_z + u_z)
    return [z * states[0] + (1 - z) * np.tanh(x_n + sigmoid(x_r + u_r) * u_n)]


@pytest.mark.parametrize("compiled", ["scan", "gates", "nothing"])
@pytest.mark.parametrize("masked", slow_except([False, True], True))
@pytest.mark.parametrize("name", slow_except(CELLS, "gru"))
def test_gradients_match_finite_differences(name: str, masked: bool, compiled: Any) -> None:
    """In float64, by every argument, with and without a mask, whatever XLA compiles."""
    cell, gates, n_states = CELLS[name]
    mask = tf.constant([[True, False], [False, True], [True, True]]) if masked else None
    mode = ScanMode(cell, tf.float64, compiled)

    def loss(x: tf.Tensor, weights: tf.Tensor, bias: tf.Tensor, *states: tf.Tensor) -> tf.Tensor:
        outputs, last = scan(mode, x, states, mode.lay_out_kernel(weights), bias, mask)
        return tf.reduce_sum(outputs * draw(T, B, H)) + sum(tf.reduce_sum(s * s) for s in last)

    weights, bias = draw(H, gates * H), draw(1 + cell.reset_after, gates * H)
    states = [draw(B, H) / (k + 1) for k in range(n_states)]
    arguments = [draw(T, B, gates * H), weights, bias, *states]
    analytic, numeric = tf.test.compute_gradient(loss, arguments, delta=1e-6)
    for a, n in zip(analytic, numeric, strict=True):
        np.testing.assert_allclose(a, n, atol=1e-6)


@pytest.mark.parametrize("compiled", ["gates", "nothing"])
@pytest.mark.parametrize("name", CELLS)
def test_bfloat16_rounds_products_alone(name: str, compiled: Any) -> None:
    """One step is NumPy's in float32, except that the recurrent product is rounded."""
    cell, gates, n_states = CELLS[name]
    x, weights = draw_short(1, B, gates * H), draw_short(H, gates * H)
    states = [draw_short(B, H + k)[:, :H] for k in range(n_states)]
    bias = np.array(draw(1 + cell.reset_after, gates * H), np.float32)
    exact = states[0] @ weights
    rounded = multiply_in_bfloat16(states[0], weights)
    assert (rounded != exact).any(), "there is nothing to round"
    u = rounded + bias[1] if cell.reset_after else rounded
    expected = step(name, x[0] + bias[0], u, states)

    mode = ScanMode(cell, tf.bfloat16, compiled)
    kernel = mode.lay_out_kernel(tf.constant(weights))
    narrow = tf.constant(x, tf.bfloat16)
    start = [tf.constant(state) for state in states]
    outputs, last = scan(mode, narrow, start, kernel, tf.constant(bias))
    assert {outputs.dtype, *(state.dtype for state in last)} == {tf.float32}
    for a, b in zip([outputs[0], *last], [expected[0], *expected], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", ["gates", "nothing"])
@pytest.mark.parametrize("name", slow_except(CELLS, "lstm"))
def test_bfloat16_stays_near_float32(name: str, compiled: Any) -> None:
    """States, outputs and all gradients but the rounded inputs' are float32, and near float32's."""
    cell, gates, n_states = CELLS[name]
    bias = tf.cast(draw(1 + cell.reset_after, gates * H), tf.float32)
    weights = tf.cast(draw(H, gates * H), tf.float32) / 2
    states = [tf.cast(draw(B, H), tf.float32)] * n_states
    results = []
    for precision in (tf.float32, tf.bfloat16):
        mode, x = ScanMode(cell, precision, compiled), tf.cast(draw(T, B, gates * H), precision)
        arguments = [weights, bias, *states]
        with tf.GradientTape() as tape:
            tape.watch([x, *arguments])
            kernel = mode.lay_out_kernel(weights)
            outputs, last = scan(mode, x, states, kernel, bias)
            loss = tf.reduce_sum(outputs) + sum(tf.reduce_sum(s * s) for s in last)
        by_x, *grads = tape.gradient(loss, [x, *arguments])
        assert by_x.dtype == precision
        assert {a.dtype for a in (outputs, *last, *grads)} == {tf.float32}
        results.append([outputs, *last, tf.cast(by_x, tf.float32), *grads])
    assert (results[0][0].numpy() != results[1][0].numpy()).any()
    for exact, near in zip(*results, strict=True):
        np.testing.assert_allclose(near, exact, atol=0.05, rtol=0.05)
