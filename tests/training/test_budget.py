"""Measuring what a run costs, with a clock that advances a second each time it is read."""

from itertools import count

import pytest

from charrnn.errors import CorpusTooShortError
from charrnn.runs.recipe import Progress
from charrnn.training import budget
from charrnn.training.budget import Cost
from tests.support.training import MakeTraining


@pytest.mark.parametrize(
    ("seconds", "epochs"), [(109.9, 4), (110, 5), (10, 0), (3, 0), (-20, 0), (30, 1)]
)
def test_whole_epochs_fit_after_the_start(seconds: float, epochs: int) -> None:
    """As many epochs as end in time; none if not even one does."""
    assert Cost(start=10, epoch=20).epochs_within(seconds) == epochs


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_an_epoch_costs_its_steps_and_its_validation(
    monkeypatch: pytest.MonkeyPatch, make_training: MakeTraining, validation: float
) -> None:
    """If each step takes a second, an epoch takes as many as it has, two for files, and 5%."""
    clock = count()
    small = make_training(validation=validation, epochs=1)
    monkeypatch.setattr("charrnn.training.budget.monotonic", lambda: next(clock))
    cost = budget.measure_cost(Progress(small.recipe, []), small.ids, small.run.folder)
    learn = 600 - int(600 * validation)
    steps = (learn - 1) // 40
    # 119 characters give each of four streams 29, read in four windows of seven.
    assert cost.epoch == pytest.approx(1.05 * (2 + steps + (4 if validation else 0)))
    assert cost.start == (6 if validation else 3)


@pytest.mark.parametrize("validation", [0.0, 0.2])
def test_slow_steps_do_not_count_as_the_pace(
    monkeypatch: pytest.MonkeyPatch, make_training: MakeTraining, validation: float
) -> None:
    """Steps that compile count once, for the start; one that was held up does not count at all."""
    small = make_training(validation=validation, epochs=1)
    took = [100.0, 1, 1, 1, 1, 1, 50, 1, 1, 1, 1, 1]  # seconds of twelve steps
    passing = iter([time for seconds in took for time in (0.0, seconds)] * 2)
    clock = [0.0]

    def now() -> float:
        clock[0] += next(passing)
        return clock[0]

    monkeypatch.setattr(budget, "_time_writing", lambda *_: 0.0)
    monkeypatch.setattr("charrnn.training.budget.monotonic", now)
    cost = budget.measure_cost(Progress(small.recipe, []), small.ids, small.run.folder)
    steps = (600 - int(600 * validation) - 1) // 40
    assert cost.start == pytest.approx(204 if validation else 102)
    assert cost.epoch == pytest.approx(1.05 * (steps + (4 if validation else 0)))


@pytest.mark.slow
def test_measuring_leaves_nothing_behind(make_training: MakeTraining) -> None:
    """No folder is left, and the run that follows is the same as without it."""
    first, second = make_training(epochs=1), make_training(epochs=1)
    budget.measure_cost(Progress(first.recipe, []), first.ids, first.run.folder)
    assert not first.run.folder.exists()
    first.start()
    second.start()
    assert first.recording.results[0].train_loss == second.recording.results[0].train_loss


def test_a_text_that_is_too_short_is_rejected(make_training: MakeTraining) -> None:
    """A text that gives no batch is rejected as for the run itself."""
    small = make_training(text="ab" * 15)
    with pytest.raises(CorpusTooShortError, match="too few"):
        budget.measure_cost(Progress(small.recipe, []), small.ids, small.run.folder)
