"""The tutorial's way of sampling: Keras, one character at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import NetworkConfig
from charrnn.inference.language import NumpyStepper, Stepper
from charrnn.networks.stepper import KerasStepper
from charrnn.runs import checkpoint

MakeRun = Callable[..., Path]
StockLogits = Callable[[NetworkConfig, Sequence[Any], Any], Any]


def _ids(texts: int, length: int) -> Any:
    return np.random.default_rng(2).integers(11, size=(texts, length), dtype=np.int32)


def _stepped(network: Stepper, ids: Any) -> Any:
    """Logits (B, N, V) of ids (B, N), one step at a time."""
    return np.stack([network.step(column) for column in ids.T], axis=1)


@pytest.mark.parametrize(("cell", "layers"), [("rnn", 2), ("lstm", 1), ("gru", 1)])
def test_both_engines_compute_the_same(
    make_run: MakeRun, stock_logits: StockLogits, cell: str, layers: int
) -> None:
    """Over 200 characters both engines' logits lie within 1e-4 of one pass by stock Keras."""
    path = make_run(cell=cell, layers=layers, dropout=0.4)
    network = checkpoint.read(path)
    ids = _ids(2, 200)
    expected = stock_logits(network.network, list(network.weights.values()), ids)
    for engine in (KerasStepper(network, 2), NumpyStepper(network, 2)):
        logits = _stepped(engine, ids)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)


def test_one_text_at_a_time(make_run: MakeRun) -> None:
    """A batch of one is predicted as a row of a larger batch."""
    path = make_run(cell="gru")
    network = checkpoint.read(path)
    ids = _ids(3, 10)
    together = _stepped(KerasStepper(network, 3), ids)
    alone = _stepped(KerasStepper(network, 1), ids[1:2])
    np.testing.assert_allclose(alone[0], together[1], rtol=0, atol=1e-5)


def test_reset_begins_a_new_text(make_run: MakeRun) -> None:
    """After a reset every layer has forgotten what was read."""
    path = make_run(cell="lstm", layers=2)
    engine = KerasStepper(checkpoint.read(path), 2)
    ids = _ids(2, 6)
    first = _stepped(engine, ids)
    assert not np.allclose(engine.step(ids[:, 0]), first[:, 0])
    engine.reset()
    np.testing.assert_array_equal(_stepped(engine, ids), first)
