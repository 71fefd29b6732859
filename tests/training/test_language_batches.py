"""The tf.data pipelines, on a text whose ids are its positions."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.language import TrainingConfig
from charrnn.errors import CorpusTooShortError
from charrnn.training.batches import (
    epoch_starts,
    steps_per_epoch,
    training_batches,
    validation_batches,
)

Batch = tuple[list[list[int]], list[list[int]]]


def _positions(length: int) -> Any:
    return np.arange(length, dtype=np.int32)


def _config(**values: Any) -> TrainingConfig:
    values = {"seq_length": 5, "batch_size": 3} | values
    return TrainingConfig(**values)


def _lists(dataset: Any, batches: int | None = None) -> list[Batch]:
    return [(x.numpy().tolist(), y.numpy().tolist()) for x, y in islice(dataset, batches)]


def _windows(starts: list[int], seq_length: int) -> Batch:
    """Inputs and targets of windows at these positions."""
    inputs = [list(range(start, start + seq_length)) for start in starts]
    return inputs, [[place + 1 for place in row] for row in inputs]


def test_streams_are_read_in_order_again_and_again() -> None:
    """Three streams of 30 characters, five at a time, and from the start in the next epoch."""
    batches = _lists(training_batches(_positions(91), _config(), 0), 12)
    epoch = [_windows([5 * step, 30 + 5 * step, 60 + 5 * step], 5) for step in range(6)]
    assert batches == epoch * 2


def test_streams_begin_elsewhere_in_each_epoch() -> None:
    """An epoch's streams lie as they do, moved by what the text has too much, by seed and epoch."""
    plain = epoch_starts(91, _config(), 0)
    moved = [epoch_starts(98, _config(), epoch) - plain for epoch in range(60)]
    assert all((shift == shift[0, 0]).all() for shift in moved)
    assert {int(shift[0, 0]) for shift in moved} == set(range(8))
    again = [epoch_starts(98, _config(seed=1), epoch) - plain for epoch in range(60)]
    assert any((one != other).any() for one, other in zip(moved, again, strict=True))
    batches = _lists(training_batches(_positions(98), _config(), 7), 6)
    assert [inputs[0][0] for inputs, _ in batches] == epoch_starts(98, _config(), 7)[:, 0].tolist()


def test_every_character_is_a_target_once() -> None:
    """With streams every character but the first is a target exactly once in an epoch."""
    config = _config()
    steps = len(epoch_starts(91, config, 0))
    batches = _lists(training_batches(_positions(91), config, 0), steps)
    targets = [place for _, rows in batches for row in rows for place in row]
    assert sorted(targets) == list(range(1, 91))


def test_a_small_stride_makes_windows_overlap() -> None:
    """A stream's windows lie `stride` characters apart."""
    config = _config(stride=2, state="reset", batch_size=2)
    batches = _lists(training_batches(_positions(20), config, 0), 8)
    epoch = [_windows([2 * step, 8 + 2 * step], 5) for step in range(4)]
    assert batches == epoch * 2


def test_shuffled_windows_lie_side_by_side() -> None:
    """An epoch of shuffled windows reads each of them once, in an order that is no order."""
    config = _config(order="shuffled")
    batches = _lists(training_batches(_positions(75), config, 0), 4)
    starts = [row[0] for inputs, _ in batches for row in inputs]
    assert batches == [_windows(starts[step * 3 : step * 3 + 3], 5) for step in range(4)]
    assert sorted(starts) == list(range(0, 72, 6))
    assert starts != sorted(starts)


def test_shuffled_orders_depend_on_seed_and_epoch() -> None:
    """Each epoch and each seed has an order of its own, and has it again when asked again."""
    ids = _positions(80)

    def epochs(seed: int, first: int) -> list[list[Batch]]:
        config = _config(order="shuffled", seed=seed)
        batches = _lists(training_batches(ids, config, first), 12)
        return [batches[epoch * 4 : epoch * 4 + 4] for epoch in range(3)]

    orders = epochs(seed=7, first=0)
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert epochs(seed=7, first=0) == orders
    assert epochs(seed=8, first=0)[0] not in orders


def test_a_later_first_epoch_goes_on_where_an_earlier_came_to() -> None:
    """Batches from epoch 2 on are those that batches from epoch 0 on come to."""
    ids, config = _positions(80), _config(order="shuffled")
    from_start = _lists(training_batches(ids, config, 0), 16)
    assert _lists(training_batches(ids, config, 2), 8) == from_start[8:]


def test_batches_have_a_known_shape() -> None:
    """(B, T): stateful layers require B, and what is compiled depends on both."""
    positions, config = _positions(98), _config()
    for spec in training_batches(positions, config, 0).element_spec:
        assert (tuple(spec.shape), spec.dtype) == ((3, 5), "int32")
    for spec in validation_batches(positions[:13], config).element_spec:
        assert (tuple(spec.shape), spec.dtype) == ((3, 4), "int32")


@pytest.mark.parametrize("order", ["streams", "shuffled"])
def test_a_text_too_short_for_one_batch(order: str) -> None:
    """The shortest text that gives a batch gives one; a character less is refused with numbers."""
    config = _config(order=order)
    shortest = 16 if order == "streams" else 18
    assert len(epoch_starts(shortest, config, 0)) == 1
    with pytest.raises(CorpusTooShortError, match=f"{shortest - 1} characters.* needs {shortest}"):
        epoch_starts(shortest - 1, config, 0)


def test_validation_reads_streams_in_order_once() -> None:
    """The validation text is read like the training's streams, a single time, as often as asked."""
    batches = validation_batches(_positions(98), _config())
    expected = [_windows([4 * step, 32 + 4 * step, 64 + 4 * step], 4) for step in range(8)]
    assert _lists(batches) == expected
    assert _lists(batches) == expected
    assert len(batches) == 8


def test_validation_windows_never_overlap() -> None:
    """Whatever training's order and stride, a validation character is a target once."""
    for config in (_config(order="shuffled"), _config(stride=2, state="reset")):
        assert _lists(validation_batches(_positions(98), config)) == _lists(
            validation_batches(_positions(98), _config())
        )


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(2, 150))
def test_validation_uses_all_it_can(batch_size: int, seq_length: int, length: int) -> None:
    """No more stays unread than with whole windows, and nothing where a stream is shorter."""
    config = _config(batch_size=batch_size, seq_length=seq_length)
    if length <= batch_size:
        with pytest.raises(CorpusTooShortError):
            validation_batches(_positions(length), config)
        return
    batches = _lists(validation_batches(_positions(length), config))
    targets = [place for _, rows in batches for row in rows for place in row]
    assert sorted(targets) == list(range(1, len(targets) + 1))
    stream = (length - 1) // batch_size
    shorter = stream < seq_length
    assert len(targets) >= batch_size * (stream if shorter else stream // seq_length * seq_length)
    assert all(seq_length >= len(row) for rows, _ in batches for row in rows)


@pytest.mark.parametrize("length", [20, 30, 60, 200])
def test_a_short_text_is_told_what_to_do_first(length: int) -> None:
    """Where both parts are too short it is the training part that is complained of."""
    with pytest.raises(CorpusTooShortError, match=r"to train on .* Give a longer text"):
        steps_per_epoch(_positions(length), _config(batch_size=8, seq_length=25))
