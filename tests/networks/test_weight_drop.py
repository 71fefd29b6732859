"""Weight drop: stock Keras with a thinned recurrent kernel is the oracle."""

from contextlib import nullcontext
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import batch_scan, recurrent
from charrnn.networks.scan import scan
from tests.networks.twins import (
    COMPILED,
    FALLBACKS,
    NAMES,
    assert_close,
    compute_results,
    draw_normal,
    flip_coins,
    make_states,
    make_twins,
    run,
    split_batches,
    to_arrays,
)
from tests.support.slow import slow_except


def find_next_scale(layer: Any) -> np.ndarray:
    """Find what a layer's next training step multiplies its recurrent kernel by; draw nothing."""
    seeds = keras.random.SeedGenerator(0)
    seeds.state.assign(layer.drop_seeds.state)
    ones = np.ones(layer.cell.recurrent_kernel.shape, "float32")
    return to_arrays([keras.random.dropout(ones, layer.weight_drop, seed=seeds)])[0]


def make_dropping_twins(name: str, rate: float = 0.4, **options: Any) -> tuple[Any, Any]:
    """Build `make_twins` of width 3 and 4 units, ours with a weight drop."""
    stock, _ = make_twins(name, 3, 4, **options)
    ours = recurrent.LAYERS[name](4, weight_drop=rate, **options)
    ours.build((5, None, 3))
    ours.set_weights(stock.get_weights())
    return stock, ours


def run_scaled(stock: Any, scale: np.ndarray, *arguments: Any) -> list[np.ndarray]:
    """Do `run` with the recurrent kernel multiplied, and take gradients by the original one."""
    weights = stock.get_weights()
    stock.set_weights([w * scale if k == 1 else w for k, w in enumerate(weights)])
    results = run(stock, *arguments, training=True)
    stock.set_weights(weights)
    results[1 - len(weights)] *= scale
    return results


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize("name", slow_except(NAMES, "gru"))
def test_weight_drop_is_stock_keras_with_a_thinned_kernel(name: str, compiled: str) -> None:
    """In training, entries are zero, with no gradient, or scaled up; all else is stock Keras's."""
    stock, ours = make_dropping_twins(name, return_sequences=True, return_state=True)
    arguments = draw_normal(5, 9, 3), make_states(name, 5, 4), flip_coins(5, 9)
    scale = find_next_scale(ours)
    assert set(np.unique(scale)) == {np.float32(0), np.float32(1 / 0.6)}
    with split_batches(2, compiled=compiled) as scans:
        results = run(ours, *arguments, training=True)
    assert_close(results, run_scaled(stock, scale, *arguments))
    assert not results[-2][scale == 0].any()
    assert scans == [(2, compiled), (3, compiled)]


@pytest.mark.parametrize(
    ("name", "option"), [fallback for fallback in FALLBACKS if "dtype" not in fallback[1]]
)
def test_weight_drop_where_the_scan_is_left_to_keras(name: str, option: Any) -> None:
    """A layer that falls back to Keras has its recurrent kernel thinned in the same way."""
    stock, ours = make_dropping_twins(name, seed=1, **option)
    assert not ours._can_scan()
    scale = find_next_scale(ours)
    assert not scale.all()
    x = draw_normal(5, 3, 3)
    assert_close(run(ours, x, training=True), run_scaled(stock, scale, x))


@pytest.mark.parametrize("name", NAMES)
def test_weight_drop_is_new_in_each_step_of_a_graph(name: str) -> None:
    """A compiled training step draws a new mask each time, and leaves the weights as they are."""
    stock, ours = make_dropping_twins(name, return_sequences=True)
    x = draw_normal(5, 9, 3)
    graph = tf.function(partial(compute_results, ours, training=True), autograph=False)
    scales = []
    with split_batches(2, compiled="native"):
        for _ in range(3):
            scales.append(find_next_scale(ours))
            assert_close(to_arrays(graph(tf.constant(x))), run_scaled(stock, scales[-1], x))
        assert_close(run(ours, x), run(stock, x))
    assert len({scale.tobytes() for scale in scales}) == 3
    assert_close(ours.get_weights(), stock.get_weights(), 0)


def test_weight_drop_zeroes_its_fraction() -> None:
    """A rate of 0.3 makes 30% of the entries zero and divides the others by 0.7."""
    keras.utils.set_random_seed(0)
    layer = recurrent.SimpleRNN(40, weight_drop=0.3, use_bias=False)
    layer.build((40, 1, 3))
    kernel = np.random.default_rng(0).uniform(0.1, 0.5, (40, 40)).astype("float32")
    layer.set_weights([np.zeros((3, 40)), kernel])
    x, units = tf.zeros((40, 1, 3)), [tf.eye(40)]
    used = np.arctanh([layer(x, initial_state=units, training=True) for _ in range(9)])
    kept = used != 0
    assert abs(kept.mean() - 0.7) < 0.015  # four standard deviations
    np.testing.assert_allclose(used, kept * kernel / 0.7, atol=1e-5)
    assert len({mask.tobytes() for mask in kept}) == 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "training"), [(0.4, False), (0.4, None), (0.0, True)], ids=["not", "unsaid", "none"]
)
@pytest.mark.parametrize("name", slow_except(NAMES, "lstm"))
def test_weight_drop_is_training_alone(name: str, rate: float, training: bool | None) -> None:
    """Outside training, or with a rate of 0, the layer is stock Keras's and draws nothing."""
    stock, ours = make_dropping_twins(name, rate, return_sequences=True, return_state=True)
    assert hasattr(ours, "drop_seeds") == (rate > 0)
    drawn = [variable.numpy() for variable in ours.non_trainable_variables]
    assert len(drawn) == len(stock.non_trainable_variables) + (rate > 0)
    arguments = draw_normal(5, 9, 3), make_states(name, 5, 4), flip_coins(5, 9)
    with split_batches(2):
        assert_close(run(ours, *arguments, training=training), run(stock, *arguments))
    assert_close(to_arrays(ours.non_trainable_variables), drawn, 0)


def test_a_seed_decides_the_weight_drop() -> None:
    """The same Keras seed gives the same masks again, and another seed gives others."""
    results = []
    for seed in (7, 7, 8):
        keras.utils.set_random_seed(seed)
        _, ours = make_dropping_twins("rnn")
        results.append(to_arrays([ours(draw_normal(5, 3, 3), training=True) for _ in range(2)]))
    assert_close(results[1], results[0], 0)
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(results[2], results[0], strict=True))


@pytest.mark.parametrize("raised", [None, ArithmeticError])
def test_weight_drop_leaves_the_cell_its_variable(
    raised: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a training step, even a failed one, the cell has its own recurrent kernel again."""
    _, ours = make_dropping_twins("gru")
    variables, values = list(ours.trainable_weights), ours.get_weights()
    kernel = ours.cell.recurrent_kernel
    within = []

    def look(*arguments: Any) -> Any:
        within.append(ours.cell.recurrent_kernel)
        if raised:
            raise raised
        return scan(*arguments)

    monkeypatch.setattr(batch_scan, "scan", look)
    with pytest.raises(raised) if raised else nullcontext():
        ours(draw_normal(5, 3, 3), training=True)
    assert within[0] is not kernel
    assert ours.cell.recurrent_kernel is kernel
    assert [id(weight) for weight in ours.trainable_weights] == [*map(id, variables)]
    assert_close(ours.get_weights(), values, 0)


@pytest.mark.parametrize("kind", recurrent.LAYERS.values())
def test_config_keeps_the_weight_drop(kind: Any) -> None:
    """A layer rebuilt from its config, also by Bidirectional, keeps the rate."""
    layer = kind(4, weight_drop=0.3)
    assert kind.from_config(layer.get_config()).weight_drop == 0.3
    assert kind(4).weight_drop == kind.from_config(kind(4).get_config()).weight_drop == 0
    both = keras.layers.Bidirectional(layer)
    assert both.forward_layer.weight_drop == both.backward_layer.weight_drop == 0.3
