"""The loss of a text: in one stream or in crops, each character but the first once."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charrnn.errors import UsageError
from charrnn.inference import score
from charrnn.inference.language import NumpyStepper
from charrnn.inference.score import Score, check_length, score_crops, score_stream
from tests.support.networks import MakeCheckpoint, StockLogits

V = 11


def random_ids(count: int) -> Any:
    return np.random.default_rng(3).integers(V, size=count, dtype=np.int32)


def losses(logits: Any, targets: Any) -> list[float]:
    """-log softmax at each target, in plain Python, of logits (T, V)."""
    return [
        math.log(math.fsum(math.exp(logit) for logit in row)) - row[target]
        for row, target in zip(logits.astype(float).tolist(), targets.tolist(), strict=True)
    ]


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


@pytest.fixture
def _in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads 12 characters at a time: of one text, or 3 of each of 4 crops."""
    monkeypatch.setattr(score, "_BLOCK", 12)
    monkeypatch.setattr(score, "_ROWS", 4)


@pytest.mark.usefixtures("_in_small_pieces")
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_stream_has_the_loss_of_stock_keras(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str
) -> None:
    """A stream has the loss of stock Keras reading the whole text in one pass from zero."""
    network = make_checkpoint(cell=cell, layers=2)
    ids = random_ids(62)
    expected = mean(losses(stock_logits(network, ids[None, :-1])[0], ids[1:]))
    found = score_stream(NumpyStepper(network), ids, V)
    assert found.loss == pytest.approx(expected, rel=1e-6)
    assert found.characters == 61


@pytest.mark.usefixtures("_in_small_pieces")
@pytest.mark.parametrize(
    ("cell", "length"), [("rnn", 10), ("lstm", 7), ("gru", 1), ("lstm", 60), ("lstm", 100)]
)
def test_crops_have_the_loss_of_stock_keras_from_zero(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str, length: int
) -> None:
    """Crop k has the losses of stock Keras reading from zero at k times the length."""
    network = make_checkpoint(cell=cell, layers=2)
    ids = random_ids(62)
    padded = np.concatenate([ids, np.zeros(length, np.int32)])
    starts = range(0, 61, length)
    crops = np.stack([padded[start : start + length] for start in starts])
    expected: list[float] = []
    for start, logits in zip(starts, stock_logits(network, crops), strict=True):
        targets = ids[start + 1 :][:length]
        expected += losses(logits[: len(targets)], targets)
    found = score_crops(partial(NumpyStepper, network), ids, length, V)
    assert found.loss == pytest.approx(mean(expected), rel=1e-6)
    assert found.characters == len(expected) == 61


@pytest.mark.slow
@pytest.mark.usefixtures("_in_small_pieces")
def test_engines_agree(make_checkpoint: MakeCheckpoint) -> None:
    """The Keras engine gives streams and crops the losses that NumPy gives them."""
    from charrnn.networks.stepper import KerasStepper

    network = make_checkpoint(cell="lstm", layers=2, dropout=0.4)
    ids = random_ids(48)
    for length in (10, 100):
        by_numpy, by_keras = (
            score_crops(partial(engine, network), ids, length, V)
            for engine in (NumpyStepper, KerasStepper)
        )
        assert by_keras.loss == pytest.approx(by_numpy.loss, rel=1e-6)
    assert score_stream(KerasStepper(network), ids, V).loss == by_keras.loss


def test_only_a_stream_remembers_what_came_before(make_checkpoint: MakeCheckpoint) -> None:
    """A stream's state crosses the borders of crops, so the two losses differ."""
    network = make_checkpoint(cell="lstm")
    ids = random_ids(200)
    in_crops = score_crops(partial(NumpyStepper, network), ids, 10, V)
    assert score_stream(NumpyStepper(network), ids, V).loss != pytest.approx(
        in_crops.loss, rel=1e-4
    )


class Fixed:
    """A network whose logits are always the same; it records what it reads."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.blocks: list[Any] = []

    def reset(self) -> None:
        self.blocks.append("reset")

    def read(self, ids: Any) -> Any:
        self.blocks.append(ids.copy())
        return np.broadcast_to(np.log(np.arange(1, V + 1, dtype=np.float32)), (*ids.shape, V))


@given(count=st.integers(2, 70), length=st.integers(1, 12), rows=st.integers(1, 5))
@example(count=41, length=10, rows=2)  # four crops, in two batches
@example(count=42, length=10, rows=2)  # and one of a single character
@example(count=40, length=10, rows=4)  # a character less than four crops
def test_every_character_but_the_first_counts_once(count: int, length: int, rows: int) -> None:
    """However a text is cut, each of its characters but the first counts once."""
    ids = random_ids(count)
    wanted = mean([math.log(66 / (identity + 1)) for identity in ids[1:].tolist()])
    reported: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "_ROWS", rows)
        patch.setattr(score, "_BLOCK", 7)
        found = score_crops(Fixed, ids, length, V, reported.append)
        whole = score_stream(Fixed(1), ids, V, reported.append)
    assert found.loss == whole.loss == pytest.approx(wanted, rel=1e-6)
    assert found.characters == whole.characters == count - 1
    assert sum(reported) == 2 * (count - 1)


def test_a_crop_longer_than_the_text_is_the_text() -> None:
    """However long a crop may be, a text that is shorter is read as one stream."""
    ids = random_ids(30)
    assert score_crops(Fixed, ids, 10**20, V) == score_stream(Fixed(1), ids, V)


@pytest.mark.parametrize("count", [2, 50, 256, 257, 258, 513])
def test_progress_counts_each_character(count: int) -> None:
    """The reported numbers of characters add up to all that are predicted."""
    reported: list[int] = []
    score_crops(Fixed, random_ids(count), 256, V, reported.append)
    assert sum(reported) == count - 1
    assert min(reported) > 0


def test_each_crop_begins_at_zero() -> None:
    """The state is reset before each batch of crops, and not between its blocks."""
    made: list[Fixed] = []

    def make(rows: int) -> Fixed:
        made.append(Fixed(rows))
        return made[-1]

    score_crops(make, random_ids(128 * 2 * 20 + 1), 20, V)
    assert [network.rows for network in made] == [128]  # nothing is left at the end
    made.clear()
    score_crops(make, random_ids(128 * 2 * 20 + 6), 20, V)
    whole, rest = made
    kinds = [isinstance(block, str) for block in whole.blocks]
    assert (whole.rows, rest.rows) == (128, 1)
    assert kinds == [True, False, False, False] * 2
    assert [len(rest.blocks), rest.blocks[0]] == [2, "reset"]


def test_memory_is_bounded() -> None:
    """However long the text, no more than 1,024 characters are read at a time."""
    network, ids = Fixed(1), random_ids(50_000)
    score_stream(network, ids, V)
    crops: list[Fixed] = []

    def make(rows: int) -> Fixed:
        crops.append(Fixed(rows))
        return crops[-1]

    score_crops(make, ids, 300, V)
    for block in (block for each in (network, *crops) for block in each.blocks):
        assert isinstance(block, str) or block.size <= 1024


@pytest.mark.parametrize("length", [59, 60, 1000])
def test_one_crop_is_a_stream(make_checkpoint: MakeCheckpoint, length: int) -> None:
    """A crop that holds the whole text has exactly the stream's loss."""
    network, ids = make_checkpoint(cell="gru"), random_ids(60)
    found = score_crops(partial(NumpyStepper, network), ids, length, V)
    assert found == score_stream(NumpyStepper(network), ids, V)


def test_a_network_that_knows_nothing_scores_log_v(make_checkpoint: MakeCheckpoint) -> None:
    """Each of V equally likely characters costs log V nats: perplexity V, log2 V bits."""
    network = make_checkpoint()
    zero = np.zeros_like(network.weights["layers/dense/vars/0"])
    bias = np.full(V, 3.5, np.float32)
    weights = {**network.weights, "layers/dense/vars/0": zero, "layers/dense/vars/1": bias}
    network = replace(network, weights=weights)
    ids = random_ids(2000)
    for found in (
        score_stream(NumpyStepper(network), ids, V),
        score_crops(partial(NumpyStepper, network), ids, 256, V),
    ):
        assert found.loss == pytest.approx(math.log(V), rel=1e-15)
        assert found.perplexity == pytest.approx(V, rel=1e-14)
        assert found.bits == pytest.approx(math.log2(V), rel=1e-15)


def test_units() -> None:
    """A fair coin costs one bit, perplexity two; a perplexity beyond all floats is infinite."""
    coin = Score(math.log(2), 10)
    assert coin.bits == 1
    assert coin.perplexity == pytest.approx(2)
    assert Score(1000.0, 1).perplexity == math.inf


@pytest.mark.parametrize("count", [0, 1])
def test_too_little_to_score(count: int) -> None:
    """A text without a character to predict can't be scored."""
    with pytest.raises(UsageError, match="at least two characters"):
        check_length(count)
    with pytest.raises(UsageError, match="at least two characters"):
        score_stream(Fixed(1), random_ids(count), V)
    with pytest.raises(UsageError, match="at least two characters"):
        score_crops(Fixed, random_ids(count), 5, V)


@pytest.mark.parametrize("length", [0, -1])
def test_a_crop_predicts_something(length: int) -> None:
    """A crop length below one is rejected."""
    with pytest.raises(UsageError, match=f"^`crop_length` must be at least 1, not {length}$"):
        score_crops(Fixed, random_ids(9), length, V)


def test_a_huge_vocabulary_is_scored_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many characters a network knows, only so many logits are in memory at a time."""
    monkeypatch.setattr(score, "_LOGITS", 5 * V + 3)
    made: list[Fixed] = []

    def make(rows: int) -> Fixed:
        made.append(Fixed(rows))
        return made[-1]

    ids = random_ids(2 * 128 * 4 + 1)
    in_crops = score_crops(make, ids, 4, V)
    assert in_crops.loss == pytest.approx(score_stream(make(1), ids, V).loss, rel=1e-12)
    blocks = [block for network in made for block in network.blocks if not isinstance(block, str)]
    assert {block.size for block in blocks} <= set(range(1, 6))
    monkeypatch.setattr(score, "_LOGITS", V - 1)
    assert score_stream(Fixed(1), ids, V).loss == pytest.approx(in_crops.loss, rel=1e-12)
