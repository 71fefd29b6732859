"""The learning rate of each step."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from charrnn.config.reviews import ReviewTraining
from charrnn.runs.checkpoint import read_checkpoint
from charrnn.training.language import compile_model
from charrnn.training.language_batches import count_steps
from charrnn.training.schedule import Schedule, follow_cosine
from charrnn.training.stop import Interrupted
from tests.support.training import MakeTraining, SmallRun


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (0.01, 0.1),
        (0.05, 0.5),
        (0.1, 1.0),
        (0.325, 0.02 + 0.98 * (2 + 2**0.5) / 4),
        (0.55, 0.51),
        (1.0, 0.02),
        (1.5, 0.02),
    ],
)
def test_the_cosine_schedule(done: float, expected: float) -> None:
    """Up in a line over the first tenth, then half a cosine down to a fiftieth."""
    assert follow_cosine(done) == pytest.approx(expected)


@pytest.mark.parametrize(("schedule", "expected"), [("cosine", [0.2, 0.4, 0.6]), ("constant", [])])
def test_the_rate_depends_on_the_step_alone(schedule: str, expected: list[float]) -> None:
    """Of 10 epochs of 5 steps the first five are the warm-up, wherever the run began."""
    rates: list[float] = []

    class Rate:
        assign = rates.append

    class Optimizer:
        learning_rate = Rate

    class Model:
        optimizer = Optimizer

    callback = Schedule(ReviewTraining(schedule=schedule, epochs=10, learning_rate=1.0), 5)
    callback.set_model(Model())
    for batch in range(3):
        callback.on_epoch_begin(0)
        callback.on_train_batch_begin(batch)
    assert rates == pytest.approx(expected)
    callback.on_epoch_begin(9)
    callback.on_train_batch_begin(4)
    assert rates[3:] == pytest.approx([0.02] if expected else [])


def _cosine(step: int, steps: int) -> float:
    """The part of the largest rate that step `step` of 1 to `steps` takes."""
    warm = steps / 10
    if step <= warm:
        return step / warm
    return 0.02 + 0.98 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2


def _note_rates(small: SmallRun, models: list[Any]) -> tuple[list[float], Callable[[], bool]]:
    """A list that fills with the rate of each step, and what a run must call for that."""
    rates: list[float] = []

    def note() -> bool:
        if small.recording.events[-1][0] == "step":
            rates.append(float(models[-1].optimizer.learning_rate))
        return False

    return rates, note


@pytest.mark.slow
def test_a_cosine_learning_rate(
    make_training: MakeTraining, models: list[Any], real_text: str
) -> None:
    """Up over the first tenth of all steps, then half a cosine down to 2 %; more epochs stretch it.

    Interrupted and resumed, a run takes each step at the same rate.
    """
    values: dict[str, Any] = {
        "text": real_text[:401],
        "validation": 0.0,
        "learning_rate": 0.05,
        "epochs": 2,
    }
    whole, stopped = (make_training(schedule="cosine", **values) for _ in range(2))
    rates, note = _note_rates(whole, models)
    whole.start(note)
    assert count_steps(whole.recipe.split(whole.ids), whole.recipe.training) == 10
    assert [rates[step] for step in (0, 1, 10, 19)] == pytest.approx(
        [0.025, 0.05, 0.05 * 0.51, 0.001]
    )
    assert rates == pytest.approx([0.05 * _cosine(step, 20) for step in range(1, 21)])
    whole.resume(note, epochs=3)
    assert rates[20:] == pytest.approx([0.05 * _cosine(step, 30) for step in range(21, 31)])

    stopped_rates, note = _note_rates(stopped, models)
    with pytest.raises(Interrupted):
        stopped.start(lambda: note() or stopped.recording.is_at(2, "step", 3))
    stopped.resume(note)
    assert stopped_rates == rates[:20]
    for name, expected in whole.checkpoint(2).weights.items():
        np.testing.assert_array_equal(stopped.checkpoint(2).weights[name], expected)


@pytest.mark.slow
@pytest.mark.parametrize(("schedule", "first"), [("constant", 0.05), ("cosine", 0.025)])
def test_a_step_is_taken_at_its_rate(
    make_training: MakeTraining, models: list[Any], real_text: str, schedule: str, first: float
) -> None:
    """Adam's first step moves a weight by the rate of that step; a constant one stays."""
    values: dict[str, Any] = {
        "text": real_text[:401],
        "validation": 0.0,
        "learning_rate": 0.05,
        "epochs": 2,
    }
    small = make_training(schedule=schedule, **values)
    before = compile_model(small.recipe).get_weights()
    rates, note = _note_rates(small, models)
    with pytest.raises(Interrupted):
        small.start(lambda: note() or small.recording.is_at(1, "step", 1))
    after = read_checkpoint(small.run.interrupted_file).weights.values()
    moved = max(np.abs(new - old).max() for new, old in zip(after, before, strict=True))
    assert moved == pytest.approx(first, rel=1e-3)
    if schedule == "constant":
        small.resume(note)
        assert rates == pytest.approx([0.05] * 20)
