"""Stock Keras's recurrent layers beside ours, with the same weights and inputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import batch_scan, parts, products, projection, recurrent
from charrnn.networks.native import scan as native_scan
from charrnn.networks.products import multiply
from charrnn.networks.scan import scan
from charrnn.networks.scan_mode import ScanMode

STOCK = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
NAMES = sorted(STOCK)
COMPILED = ["scan", "gates", "nothing"]
ENGINES = ["native", *COMPILED]
FALLBACKS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"recurrent_dropout": 0.5}) for name in NAMES),
    *((name, {"activation": "relu"}) for name in NAMES),
    *((name, {"unroll": True}) for name in NAMES),
    *((name, {"dtype": "mixed_bfloat16"}) for name in NAMES),
    *((name, {"recurrent_activation": "hard_sigmoid"}) for name in ("gru", "lstm")),
    *((name, {"implementation": 1}) for name in ("gru", "lstm")),
    ("gru", {"reset_after": False}),
]
"""Cells and options that the scan can't run, so that Keras does."""


@contextmanager
def split_batches(
    cores: int, rows: int = 1, compiled: str | None = None
) -> Iterator[list[tuple[int, str]]]:
    """Split batches for a number of cores, and run them by a given engine.

    Args:
        cores: how many there are.
        rows: the fewest in a part of TensorFlow's loops.
        compiled: "native", or what XLA compiles of TensorFlow's loops; None for what they choose.

    Yields:
        a list to which each of TensorFlow's scans adds its part's number of rows, and what XLA
        compiled.
    """
    scans: list[tuple[int, str]] = []

    def record(mode: ScanMode, x: Any, *arguments: Any) -> Any:
        scans.append((x.shape[1], mode.compiled))
        return scan(mode, x, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_scan, "scan", record)
        patch.setattr(parts, "count_cores", lambda: cores)
        patch.setattr(native_scan, "count_cores", lambda: cores)
        patch.setattr(batch_scan, "ROWS", rows)
        patch.setattr(recurrent, "runs_natively", lambda *_: compiled == "native")
        if compiled is not None:
            patch.setattr(recurrent, "choose_compiled", lambda *_, **__: compiled)
        yield scans


@contextmanager
def record_multiplied_rows() -> Iterator[list[int]]:
    """Record how many rows each projection multiplies by its kernel, in the order of the products.

    Yields:
        a list to which each product adds its number of rows.
    """
    counts: list[int] = []

    def record(a: Any, *factors: Any) -> Any:
        counts.append(a.shape[0])
        return multiply(a, *factors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projection, "multiply", record)
        patch.setattr(products, "multiply", record)
        yield counts


def draw_normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def flip_coins(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).random(shape) < 0.6


def make_states(name: str, batch: int, units: int) -> list[np.ndarray]:
    """Make initial states, each (B, H)."""
    return [draw_normal(batch, units, seed=k) for k in range(2 if name == "lstm" else 1)]


def make_twins(name: str, width: int, units: int, **options: Any) -> tuple[Any, Any]:
    """Build a stock layer and ours with the same random weights."""
    stock, ours = STOCK[name](units, **options), recurrent.LAYERS[name](units, **options)
    for layer in (stock, ours):
        layer.build((5, None, width))
    stock.set_weights([draw_normal(*w.shape) / 2 for w in stock.get_weights()])
    ours.set_weights(stock.get_weights())
    return stock, ours


def compute_results(
    layer: Any, x: Any, states: Any = None, mask: Any = None, **options: Any
) -> list[Any]:
    """Compute outputs, final states, and gradients by inputs, initial states and weights."""
    states = states or []
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        results = tf.nest.flatten(layer(x, initial_state=states or None, mask=mask, **options))
        loss = sum(tf.reduce_sum(tf.sin(r * (k + 1))) for k, r in enumerate(results))
    weights = [w.value for w in layer.trainable_weights]
    return [*results, *tape.gradient(loss, [x, *states, *weights])]


def run(layer: Any, x: Any, states: Any = None, mask: Any = None, **options: Any) -> list[Any]:
    """Do `compute_results` eagerly, from NumPy to NumPy."""
    states = [tf.constant(state) for state in states or []]
    mask = None if mask is None else tf.constant(mask)
    return to_arrays(compute_results(layer, tf.constant(x), states, mask, **options))


def to_arrays(tensors: list[Any]) -> list[np.ndarray]:
    return [tf.convert_to_tensor(tensor).numpy() for tensor in tensors]


def assert_close(ours: list[np.ndarray], stock: list[np.ndarray], tolerance: float = 1e-5) -> None:
    for a, b in zip(ours, stock, strict=True):
        assert a.dtype == b.dtype
        a, b = (np.asarray(c, "float64") for c in (a, b))  # noqa: PLW2901
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def multiply_in_bfloat16(a: Any, b: Any) -> Any:
    """The product as TensorFlow rounds it to bfloat16 on this processor, in float32.

    Processors without such products cut the result off instead of rounding it to the nearest.
    """
    return tf.cast(tf.cast(a, tf.bfloat16) @ tf.cast(b, tf.bfloat16), tf.float32).numpy()
