"""The tf.data pipelines, on a text whose ids are its positions."""

from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.language import TrainingConfig
from charrnn.data.corpus import split_text
from charrnn.errors import CorpusTooShortError
from charrnn.training.language_batches import (
    choose_windows,
    count_steps,
    make_training_batches,
    make_validation_batches,
)

Batch = tuple[list[list[int]], list[list[int]]]


def _positions(length: int) -> Any:
    return np.arange(length, dtype=np.int32)


def _config(**values: Any) -> TrainingConfig:
    values = {"seq_length": 5, "batch_size": 3} | values
    return TrainingConfig(**values)


def _list_starts(length: int, config: TrainingConfig, epoch: int) -> npt.NDArray[np.int64]:
    """Where the windows of an epoch start, (steps, B)."""
    return np.array([*choose_windows(length, config, epoch)])


def _lists(dataset: Any, batches: int | None = None) -> list[Batch]:
    return [(x.numpy().tolist(), y.numpy().tolist()) for x, y in islice(dataset, batches)]


def _windows(starts: list[int], seq_length: int) -> Batch:
    """Inputs and targets of windows at these positions."""
    inputs = [list(range(start, start + seq_length)) for start in starts]
    return inputs, [[place + 1 for place in row] for row in inputs]


def test_streams_are_read_in_order_again_and_again() -> None:
    """Three streams of 30 characters, five at a time, and from the start in the next epoch."""
    batches = _lists(make_training_batches(_positions(91), _config(), 0), 12)
    epoch = [_windows([5 * step, 30 + 5 * step, 60 + 5 * step], 5) for step in range(6)]
    assert batches == epoch * 2


def test_streams_begin_elsewhere_in_each_epoch() -> None:
    """All streams move by a part of what whole batches leave over; seed and epoch decide."""
    plain = _list_starts(91, _config(), 0)
    moved = [_list_starts(98, _config(), epoch) - plain for epoch in range(60)]
    assert all((shift == shift[0, 0]).all() for shift in moved)
    assert {int(shift[0, 0]) for shift in moved} == set(range(8))
    again = [_list_starts(98, _config(seed=1), epoch) - plain for epoch in range(60)]
    assert any((one != other).any() for one, other in zip(moved, again, strict=True))
    batches = _lists(make_training_batches(_positions(98), _config(), 7), 6)
    assert [inputs[0][0] for inputs, _ in batches] == _list_starts(98, _config(), 7)[:, 0].tolist()


def test_every_character_is_a_target_once() -> None:
    """With streams every character but the first is a target exactly once in an epoch."""
    config = _config()
    steps = len(choose_windows(91, config, 0))
    batches = _lists(make_training_batches(_positions(91), config, 0), steps)
    targets = [place for _, rows in batches for row in rows for place in row]
    assert sorted(targets) == list(range(1, 91))


def test_a_small_stride_makes_windows_overlap() -> None:
    """A stream's windows lie `stride` characters apart."""
    config = _config(stride=2, state="reset", batch_size=2)
    batches = _lists(make_training_batches(_positions(20), config, 0), 8)
    epoch = [_windows([2 * step, 8 + 2 * step], 5) for step in range(4)]
    assert batches == epoch * 2


def test_shuffled_windows_lie_side_by_side() -> None:
    """An epoch of shuffled windows reads each of them once, and not in the text's order."""
    config = _config(order="shuffled")
    batches = _lists(make_training_batches(_positions(75), config, 0), 4)
    starts = [row[0] for inputs, _ in batches for row in inputs]
    assert batches == [_windows(starts[step * 3 : step * 3 + 3], 5) for step in range(4)]
    assert sorted(starts) == list(range(0, 72, 6))
    assert starts != sorted(starts)


def test_shuffled_orders_depend_on_seed_and_epoch() -> None:
    """Each epoch and each seed has an order of its own, the same whenever it is made."""
    ids = _positions(80)

    def epochs(seed: int, first: int) -> list[list[Batch]]:
        config = _config(order="shuffled", seed=seed)
        batches = _lists(make_training_batches(ids, config, first), 12)
        return [batches[epoch * 4 : epoch * 4 + 4] for epoch in range(3)]

    orders = epochs(seed=7, first=0)
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert epochs(seed=7, first=0) == orders
    assert epochs(seed=8, first=0)[0] not in orders


def test_a_later_first_epoch_continues_an_earlier_one() -> None:
    """Batches from epoch 2 on are those that follow two epochs of batches from epoch 0 on."""
    ids, config = _positions(80), _config(order="shuffled")
    from_start = _lists(make_training_batches(ids, config, 0), 16)
    assert _lists(make_training_batches(ids, config, 2), 8) == from_start[8:]


def test_batches_have_a_known_shape() -> None:
    """(B, T): stateful layers require B, and what is compiled depends on both."""
    positions, config = _positions(98), _config()
    for spec in make_training_batches(positions, config, 0).element_spec:
        assert (tuple(spec.shape), spec.dtype) == ((3, 5), "int32")
    for spec in make_validation_batches(positions[:13], config).element_spec:
        assert (tuple(spec.shape), spec.dtype) == ((3, 4), "int32")


@pytest.mark.parametrize("order", ["streams", "shuffled"])
def test_a_text_too_short_for_one_batch(order: str) -> None:
    """The shortest text gives one batch; a character less is rejected with the numbers."""
    config = _config(order=order)
    shortest = 16 if order == "streams" else 18
    assert len(choose_windows(shortest, config, 0)) == 1
    with pytest.raises(CorpusTooShortError, match=f"{shortest - 1} characters.* needs {shortest}"):
        choose_windows(shortest - 1, config, 0)


def test_validation_reads_streams_in_order_once() -> None:
    """The validation text is read in streams, once in each pass, and the same in every pass."""
    batches = make_validation_batches(_positions(98), _config())
    expected = [_windows([4 * step, 32 + 4 * step, 64 + 4 * step], 4) for step in range(8)]
    assert _lists(batches) == expected
    assert _lists(batches) == expected
    assert len(batches) == 8


def test_validation_windows_never_overlap() -> None:
    """Whatever training's order and stride, a validation character is a target once."""
    for config in (_config(order="shuffled"), _config(stride=2, state="reset")):
        assert _lists(make_validation_batches(_positions(98), config)) == _lists(
            make_validation_batches(_positions(98), _config())
        )


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(2, 150))
def test_validation_uses_all_it_can(batch_size: int, seq_length: int, length: int) -> None:
    """No more stays unread than with whole windows, and nothing if a stream is shorter."""
    config = _config(batch_size=batch_size, seq_length=seq_length)
    if length <= batch_size:
        with pytest.raises(CorpusTooShortError):
            make_validation_batches(_positions(length), config)
        return
    batches = _lists(make_validation_batches(_positions(length), config))
    targets = [place for _, rows in batches for row in rows for place in row]
    assert sorted(targets) == list(range(1, len(targets) + 1))
    stream = (length - 1) // batch_size
    shorter = stream < seq_length
    assert len(targets) >= batch_size * (stream if shorter else stream // seq_length * seq_length)
    assert all(seq_length >= len(row) for rows, _ in batches for row in rows)


@pytest.mark.parametrize("length", [20, 30, 60, 200])
def test_a_short_text_is_rejected_for_its_training_part_first(length: int) -> None:
    """If both parts are too short the error is about the training part."""
    with pytest.raises(CorpusTooShortError, match=r"to train on: .* Give a longer text"):
        count_steps(split_text(_positions(length), 0.1), _config(batch_size=8, seq_length=25))


@pytest.mark.parametrize(
    ("length", "values"),
    [(40, {"validation": 0.0}), (43, {"validation": 0.0, "order": "shuffled"}), (45, {})],
)
def test_steps_of_the_shortest_text(length: int, values: dict[str, Any]) -> None:
    """A text a character or two short of one batch is rejected; the next gives one step."""
    config = _config(seq_length=10, batch_size=4, **values)
    with pytest.raises(CorpusTooShortError, match=r"to train on: too few, .* needs 4[14]\."):
        count_steps(split_text(_positions(length), config.validation), config)
    assert count_steps(split_text(_positions(length + 2), config.validation), config) == 1


def test_too_short_a_validation_text_is_rejected() -> None:
    """A validation part without two characters for each stream is rejected with its numbers."""
    config = _config(seq_length=10, batch_size=4, validation=0.006)
    assert len(split_text(_positions(600), config.validation)[1]) == 4
    message = (
        r"^4 characters to validate on: too few for 4 streams; raise `validation`, or set it to "
        r"0 for none$"
    )
    with pytest.raises(CorpusTooShortError, match=message):
        count_steps(split_text(_positions(600), config.validation), config)
