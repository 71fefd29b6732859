"""The engines beside NumPy's: Keras, one character at a time, and native loops for many texts."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import NetworkConfig
from charrnn.inference.language import NumpyStepper, Stepper
from charrnn.networks.native.stepper import NativeStepper
from charrnn.networks.native.tile import HAS_PAIRS
from charrnn.networks.stepper import KerasStepper
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.networks import MakeRun
from tests.support.slow import slow_except

StockLogits = Callable[[NetworkConfig, Sequence[Any], Any], Any]


def _draw_ids(texts: int, length: int) -> Any:
    return np.random.default_rng(2).integers(11, size=(texts, length), dtype=np.int32)


def _step_through(network: Stepper, ids: Any) -> Any:
    """Compute logits (B, N, V) of ids (B, N), one step at a time."""
    return np.stack([network.step(column) for column in ids.T], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "layers"), slow_except([("rnn", 2), ("lstm", 1), ("gru", 1)], ("rnn", 2))
)
def test_both_engines_compute_the_same(
    make_run: MakeRun, stock_logits: StockLogits, cell: str, layers: int
) -> None:
    """Over 200 characters both engines' logits are within 1e-4 of one pass by stock Keras."""
    path = make_run(cell=cell, layers=layers, dropout=0.4)
    network = read_checkpoint(path)
    ids = _draw_ids(2, 200)
    expected = stock_logits(network.network, list(network.weights.values()), ids)
    for engine in (KerasStepper(network, 2), NumpyStepper(network, 2)):
        logits = _step_through(engine, ids)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("cell", "layers"), [("rnn", 2), ("lstm", 1), ("gru", 2)])
@pytest.mark.parametrize("units", [24, 25])
def test_native_loops_compute_the_same(
    make_run: MakeRun, stock_logits: StockLogits, cell: str, layers: int, units: int
) -> None:
    """Step by step and in pieces: float32's logits, or near to them where factors are rounded."""
    path = make_run(cell=cell, layers=layers, units=units)
    network = read_checkpoint(path)
    ids = _draw_ids(11, 12)
    expected = stock_logits(network.network, list(network.weights.values()), ids)
    engine = NativeStepper(network, 11)
    stepped = _step_through(engine, ids)
    engine.reset()
    pieces = [engine.read(ids[:, :7]), engine.read(ids[:, 7:])]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), stepped, rtol=0, atol=1e-5)
    rounded = HAS_PAIRS and units % 2 == 0
    assert stepped.dtype == np.float32
    assert (abs(stepped - expected).max() > 1e-4) == rounded
    assert abs(stepped - expected).mean() < (0.02 if rounded else 1e-5)


@pytest.mark.slow
def test_one_text_at_a_time(make_run: MakeRun) -> None:
    """A text alone has the logits that it has as a row of a larger batch."""
    path = make_run(cell="gru")
    network = read_checkpoint(path)
    ids = _draw_ids(3, 10)
    together = _step_through(KerasStepper(network, 3), ids)
    alone = _step_through(KerasStepper(network, 1), ids[1:2])
    np.testing.assert_allclose(alone[0], together[1], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_reset_starts_a_new_text(make_run: MakeRun) -> None:
    """After a reset no layer remembers what was read."""
    path = make_run(cell="lstm", layers=2)
    engine = KerasStepper(read_checkpoint(path), 2)
    ids = _draw_ids(2, 6)
    first = _step_through(engine, ids)
    assert not np.allclose(engine.step(ids[:, 0]), first[:, 0])
    engine.reset()
    np.testing.assert_array_equal(_step_through(engine, ids), first)
