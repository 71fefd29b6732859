"""The recurrent layers are Keras's: stock Keras, on the same weights and inputs, is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from charrnn.networks import recurrent, scan_mode
from tests.networks.twins import (
    COMPILED,
    ENGINES,
    FALLBACKS,
    NAMES,
    STOCK,
    assert_close,
    compute_results,
    draw_normal,
    flip_coins,
    make_states,
    make_twins,
    multiply_in_bfloat16,
    run,
    split_batches,
    to_arrays,
)
from tests.support.slow import slow_except


@pytest.mark.parametrize("compiled", slow_except(ENGINES, "native", "gates"))
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    name=st.sampled_from(NAMES),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(1, 5)),
    flags=st.fixed_dictionaries(
        {
            flag: st.booleans()
            for flag in (
                "return_sequences",
                "return_state",
                "go_backwards",
                "use_bias",
                "zero_output_for_mask",
            )
        }
    ),
    masked=st.booleans(),
    stated=st.booleans(),
    cores=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_results_and_gradients_are_stock_keras(
    compiled: str,
    name: str,
    shape: Any,
    flags: Any,
    masked: bool,
    stated: bool,
    cores: int,
    seed: int,
) -> None:
    """For every cell, shape (also T = 1), direction, mask, initial state, and engine."""
    batch, time, width, units = shape
    x = draw_normal(batch, time, width, seed=seed)
    mask = flip_coins(batch, time, seed=seed) if masked else None
    states = make_states(name, batch, units) if stated else None
    stock, ours = make_twins(name, width, units, **flags)
    expected = run(stock, x, states, mask)
    with split_batches(cores, compiled=compiled):
        assert_close(run(ours, x, states, mask), expected)


SIZES = ([2, 3], [3, 3], [1, 2, 2])


@pytest.mark.parametrize("compiled", COMPILED)
@pytest.mark.parametrize(
    ("name", "sizes"),
    slow_except(
        [("gru", sizes) for sizes in SIZES] + [("lstm", [2, 3]), ("rnn", [2, 3])],
        ("gru", SIZES[0]),
    ),
)
def test_parts_of_the_batch_are_the_whole(name: str, compiled: str, sizes: list[int]) -> None:
    """However the batch is split, with a mask and backward, no row or step is lost or moved."""
    batch = sum(sizes)
    options = {"return_sequences": True, "return_state": True, "go_backwards": True}
    stock, ours = make_twins(name, 3, 4, **options)
    arguments = draw_normal(batch, 9, 3), make_states(name, batch, 4), flip_coins(batch, 9)
    with split_batches(len(sizes), compiled=compiled) as scans:
        assert_close(run(ours, *arguments), run(stock, *arguments))
    assert scans == [(size, compiled) for size in sizes]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("cores", "rows", "batch", "sizes"),
    [
        (2, 32, 63, [63]),
        (2, 32, 64, [32, 32]),
        (2, 32, 99, [49, 50]),
        (8, 32, 64, [32, 32]),
        (3, 2, 5, [2, 3]),
        (2, 2, 1, [1]),
    ],
)
def test_parts_have_enough_rows(
    cores: int, rows: int, batch: int, sizes: list[int], precision: str
) -> None:
    """There are at most as many parts as cores, of like sizes, and none is too small to gain."""
    layer, x = recurrent.SimpleRNN(4, precision=precision), tf.zeros((batch, 1, 3))
    with split_batches(cores, rows) as scans, pytest.MonkeyPatch.context() as patch:
        layer(x)
        assert [size for size, _ in scans] == sizes
        scans.clear()
        patch.setattr(scan_mode, "UNITS", 4)
        layer(x)
        # oneDNN itself shares large float32 products among the cores.
        assert [size for size, _ in scans] == ([batch] if precision == "float32" else sizes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "units", "expected"),
    slow_except(
        [
            *((name, (5, 9), scan_mode.UNITS, [(2, "scan"), (3, "scan")]) for name in NAMES),
            *((name, (None, None), scan_mode.UNITS, [(None, "nothing")]) for name in NAMES),
            ("gru", (5, None), scan_mode.UNITS, [(2, "gates"), (3, "gates")]),
            ("lstm", (5, None), 4, [(5, "gates")]),
        ],
        ("rnn", (None, None), scan_mode.UNITS, [(None, "nothing")]),
        ("gru", (5, None), scan_mode.UNITS, [(2, "gates"), (3, "gates")]),
    ),
)
def test_graphs_are_stock_keras(
    name: str, shape: Any, units: int, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a tf.function of known or unknown sizes, masked, XLA compiles what the layer chooses."""
    monkeypatch.setattr(scan_mode, "UNITS", units)
    stock, ours = make_twins(name, 3, 4, return_sequences=True, return_state=True)
    states, time = make_states(name, 5, 4), shape[1] or 9
    arguments = draw_normal(5, time, 3), states, flip_coins(5, time)
    state = tf.TensorSpec((shape[0], 4))
    signature = tf.TensorSpec((*shape, 3)), [state] * len(states), tf.TensorSpec(shape, tf.bool)
    graph = tf.function(
        lambda *inputs: compute_results(ours, *inputs), input_signature=signature, autograph=False
    )
    with split_batches(2) as scans:
        results = graph(*tf.nest.map_structure(tf.constant, arguments))
    assert_close(to_arrays(results), run(stock, *arguments))
    assert scans == expected


def test_what_xla_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole scan if its sizes are known, small and float32; else the gates, or nothing."""

    def choose(
        batch: Any, steps: Any, precision: Any = tf.float32, *, few_lengths: bool = False
    ) -> str:
        return scan_mode.choose_compiled(batch, steps, 4, precision, few_lengths=few_lengths)

    known = {1: "nothing", 7: "nothing", 8: "scan", 100: "scan", None: "gates"}
    for steps, compiled in known.items():
        assert choose(64, steps) == compiled
        assert choose(None, steps) == "nothing"
    assert choose(64, None, few_lengths=True) == "scan"
    assert choose(64, 100, tf.bfloat16) == "gates"
    monkeypatch.setattr(scan_mode, "UNITS", 4)
    assert choose(64, 100) == "gates"


@pytest.mark.slow
@pytest.mark.parametrize("name", slow_except(NAMES, "gru"))
def test_float64_is_stock_keras(name: str) -> None:
    """A float64 layer computes in float64 throughout."""
    stock, ours = make_twins(name, 3, 4, return_sequences=True, dtype="float64")
    x = draw_normal(5, 9, 3).astype("float64")
    assert ours._can_scan()
    assert_close(run(ours, x), run(stock, x), 1e-12)


@pytest.mark.parametrize(
    ("name", "engine"),
    slow_except([*((name, "native") for name in NAMES), ("lstm", "scan")], ("lstm", "native")),
)
def test_stateful_layers_carry_the_same_state(name: str, engine: str) -> None:
    """The state is carried over three batches, and is zero again after a reset."""
    stock, ours = make_twins(name, 3, 4, stateful=True, return_sequences=True)
    x = draw_normal(5, 7, 3)
    with split_batches(2, compiled=engine):
        for _ in range(3):
            assert_close(run(ours, x), run(stock, x))
            assert_close(to_arrays(ours.states), to_arrays(stock.states))
        for layer in (stock, ours):
            layer.reset_state()
        assert_close(run(ours, x), run(stock, x))


def test_stateful_layers_reject_another_batch_size() -> None:
    """A batch with fewer rows than there are carried states is an error, as in Keras."""
    for layer in make_twins("gru", 3, 4, stateful=True):
        with pytest.raises(ValueError, match="batch size"):
            layer(draw_normal(3, 7, 3))


@pytest.mark.parametrize(
    ("name", "engine"),
    slow_except([*((name, "native") for name in NAMES), ("lstm", "scan")], ("lstm", "native")),
)
def test_bidirectional_is_stock_keras(name: str, engine: str) -> None:
    """Wrapped in Keras's Bidirectional, with a mask, sequences come out as stock Keras's."""
    stock, ours = (
        keras.layers.Bidirectional(kind(4, return_sequences=True))
        for kind in (STOCK[name], recurrent.LAYERS[name])
    )
    for layer in (stock, ours):
        layer.build((5, 7, 3))
    ours.set_weights(stock.get_weights())
    x, mask = draw_normal(5, 7, 3), flip_coins(5, 7)
    with split_batches(2, compiled=engine):
        assert_close(run(ours, x, mask=mask), run(stock, x, mask=mask))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_dropout_on_the_inputs_is_stock_keras(name: str, training: bool) -> None:
    """With the same seed the same inputs are dropped: the same in every step, new in each batch."""
    stock, ours = make_twins(name, 3, 4, dropout=0.5, seed=1, return_sequences=True)
    assert ours._can_scan()
    x = draw_normal(5, 3, 3)
    with split_batches(2):
        for _ in range(2):
            assert_close(run(ours, x, training=training), run(stock, x, training=training))


@pytest.mark.parametrize(("name", "option"), FALLBACKS)
def test_what_the_scan_cannot_do_is_left_to_keras(name: str, option: Any) -> None:
    """A layer that falls back to Keras returns Keras's own results."""
    stock, ours = make_twins(name, 3, 4, seed=1, **option)
    assert not ours._can_scan()
    x = draw_normal(5, 3, 3)
    with split_batches(2) as scans:
        assert_close(run(ours, x, training=True), run(stock, x, training=True))
    assert not scans


@pytest.mark.slow
@pytest.mark.parametrize("name", slow_except(NAMES, "lstm"))
def test_bfloat16_layers_stay_near_to_float32(name: str) -> None:
    """Outputs, states, weights and all gradients stay float32, a few bits off."""
    options = {"return_sequences": True, "return_state": True}
    stock, _ = make_twins(name, 3, 4, **options)
    near = recurrent.LAYERS[name](4, precision="bfloat16", **options)
    near.build((5, None, 3))
    near.set_weights(stock.get_weights())
    assert {w.dtype for w in near.weights} == {"float32"}
    arguments = draw_normal(5, 9, 3), make_states(name, 5, 4), flip_coins(5, 9)
    with split_batches(2):
        results = run(near, *arguments)
    expected = run(stock, *arguments)
    assert (results[0] != expected[0]).any()
    assert_close(results, expected, 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_rounds_the_input_product_alone(name: str) -> None:
    """With T = 1 and a zero state, the result is float32's with a rounded product."""
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    exact, near = recurrent.LAYERS[name](4), recurrent.LAYERS[name](4, precision="bfloat16")
    rng = np.random.default_rng(0)
    x, kernel = (rng.integers(-127, 128, shape) / 64 for shape in ((5, 3), (3, gates * 4)))
    rounded = multiply_in_bfloat16(x, kernel)
    assert (rounded != x @ kernel).any()
    for layer, width in ((exact, gates * 4), (near, 3)):
        layer.build((5, None, width))
        _, *others = [draw_normal(*w.shape) for w in layer.get_weights()]
        layer.set_weights([kernel if layer is near else np.eye(width), *others])
    results = [
        layer(tf.constant(inputs[:, np.newaxis], "float32"))
        for layer, inputs in ((near, x), (exact, rounded))
    ]
    np.testing.assert_allclose(results[0], results[1], atol=2e-6)


def test_mask_may_have_a_last_axis() -> None:
    """A mask (B, T, 1) means the mask (B, T), as in Keras."""
    stock, ours = make_twins("gru", 4, 5)
    x, mask = draw_normal(3, 7, 4), flip_coins(3, 7)[..., np.newaxis]
    assert_close(run(ours, x, mask=mask), run(stock, x, mask=mask))
