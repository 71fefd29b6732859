"""The NumPy network against Keras's own layers."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from charrnn.inference import language
from charrnn.inference.language import NumpyStepper
from charrnn.runs.checkpoint import Checkpoint
from tests.support.networks import MakeCheckpoint, MakeRealistic, StockLogits
from tests.support.slow import slow_except

every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def _ids(checkpoint: Checkpoint, texts: int, length: int) -> Any:
    random = np.random.default_rng(4)
    return random.integers(checkpoint.network.vocabulary_size, size=(texts, length), dtype=np.int32)


def _step_through(network: NumpyStepper, ids: Any) -> Any:
    """Logits (B, T, V) of ids (B, T), one step at a time."""
    return np.stack([network.step(column) for column in ids.T], axis=1)


@every_cell
@pytest.mark.parametrize("layers", slow_except([1, 2], 2))
def test_logits_are_those_of_keras(
    make_realistic: MakeRealistic, stock_logits: StockLogits, cell: str, layers: int
) -> None:
    """Over 200 characters the logits are within 1e-4 of those of stock Keras layers."""
    checkpoint = make_realistic(cell=cell, layers=layers)
    ids = _ids(checkpoint, 3, 200)
    expected = stock_logits(checkpoint, ids)
    assert expected.std() > 0.3  # else anything would be close
    for batch_size in (1, 3):
        rows = ids[:batch_size]
        logits = _step_through(NumpyStepper(checkpoint, batch_size), rows)
        np.testing.assert_allclose(logits, expected[:batch_size], rtol=0, atol=1e-4)


@every_cell
@pytest.mark.parametrize("texts", [1, 3])
def test_a_network_too_large_for_a_table_predicts_the_same(
    make_realistic: MakeRealistic, monkeypatch: pytest.MonkeyPatch, cell: str, texts: int
) -> None:
    """Without a table the logits are the same to within 1e-5, by steps and in one piece."""
    checkpoint = make_realistic(cell=cell, layers=2)
    ids = _ids(checkpoint, texts, 20)
    expected = _step_through(NumpyStepper(checkpoint, texts), ids)
    monkeypatch.setattr(language, "_LARGEST_TABLE", 0)
    logits = _step_through(NumpyStepper(checkpoint, texts), ids)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
    read = NumpyStepper(checkpoint, texts).read(ids)
    np.testing.assert_allclose(read, expected, rtol=0, atol=1e-5)


def test_a_small_network_of_many_characters_takes_little_memory(
    make_checkpoint: MakeCheckpoint,
) -> None:
    """A table of all characters, which would be far larger than the weights, is not made."""
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    checkpoint = make_checkpoint(many, units=250, embedding=1)
    weights = sum(array.nbytes for array in checkpoint.weights.values())
    tracemalloc.start()
    NumpyStepper(checkpoint).step(np.array([1], np.int32))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * weights < 20_000 * 1000 * 4


@every_cell
def test_batch_rows_are_independent(make_realistic: MakeRealistic, cell: str) -> None:
    """Text k of a batch is predicted as if it were alone."""
    checkpoint = make_realistic(cell=cell, layers=2)
    ids = _ids(checkpoint, 3, 60)
    together = _step_through(NumpyStepper(checkpoint, 3), ids)
    for row in range(3):
        alone = _step_through(NumpyStepper(checkpoint, 1), ids[row : row + 1])
        np.testing.assert_allclose(together[row], alone[0], rtol=0, atol=1e-5)


@every_cell
def test_reset_begins_a_new_text(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """After a reset every layer has forgotten what was read."""
    checkpoint = make_checkpoint(cell=cell, layers=2)
    network, ids = NumpyStepper(checkpoint, 2), _ids(checkpoint, 2, 10)
    first = _step_through(network, ids)
    assert not np.allclose(network.step(ids[:, 0]), first[:, 0])
    network.reset()
    np.testing.assert_array_equal(_step_through(network, ids), first)


@every_cell
@pytest.mark.parametrize("texts", [1, 3])
def test_reading_is_stepping(make_realistic: MakeRealistic, cell: str, texts: int) -> None:
    """Texts read in pieces are predicted the way they are step by step; the state is carried."""
    checkpoint = make_realistic(cell=cell, layers=2)
    ids = _ids(checkpoint, texts, 60)
    expected = _step_through(NumpyStepper(checkpoint, texts), ids)
    network = NumpyStepper(checkpoint, texts)
    read = [network.read(piece) for piece in np.split(ids, [1, 7, 50], axis=1)]
    np.testing.assert_allclose(np.concatenate(read, axis=1), expected, rtol=0, atol=1e-5)
    network.reset()
    read = [network.read(ids[:, :20]), network.step(ids[:, 20])[:, None], network.read(ids[:, 21:])]
    np.testing.assert_allclose(np.concatenate(read, axis=1), expected, rtol=0, atol=1e-5)


def test_logits_may_be_kept(make_checkpoint: MakeCheckpoint) -> None:
    """A later step does not overwrite logits that were handed out before."""
    checkpoint = make_checkpoint()
    network = NumpyStepper(checkpoint)
    logits = network.step(np.array([1], np.int32))
    before = logits.copy()
    network.step(np.array([2], np.int32))
    np.testing.assert_array_equal(logits, before)


@every_cell
def test_networks_of_one_checkpoint_share_no_state(
    make_checkpoint: MakeCheckpoint, cell: str
) -> None:
    """Two networks made from one checkpoint each carry their own state."""
    checkpoint = make_checkpoint(cell=cell)
    ids = _ids(checkpoint, 1, 8)
    expected = _step_through(NumpyStepper(checkpoint), ids)
    network, other = NumpyStepper(checkpoint), NumpyStepper(checkpoint)
    for place, column in enumerate(ids.T):
        np.testing.assert_array_equal(network.step(column), expected[:, place])
        other.step(column[::-1] * 0 + place)


def test_a_vocabulary_of_one_character(make_checkpoint: MakeCheckpoint) -> None:
    """A network that knows a single character gives a single logit."""
    checkpoint = make_checkpoint("a", units=1, embedding=1)
    assert NumpyStepper(checkpoint).step(np.array([0], np.int32)).shape == (1, 1)
