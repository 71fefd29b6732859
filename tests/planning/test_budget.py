"""A budget of minutes: which preset it is enough for, and how many epochs fit into it."""

import re
from pathlib import Path
from typing import Any, Protocol

import pytest

from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.data.corpus import make_corpus
from charrnn.errors import UsageError
from charrnn.planning.folders import Folders
from charrnn.planning.language import LanguagePlan, Request, plan_run
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.training.budget import Cost
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter


class PlanBudget(Protocol):
    """Plans a run on 100,000 characters in so many minutes."""

    def __call__(self, minutes: float, preset: str | None = None) -> LanguagePlan: ...


@pytest.fixture
def plan_budget(real_text: str, reporter: RecordingReporter) -> PlanBudget:
    """Plans a run on 100,000 characters in so many minutes."""
    corpus = make_corpus(real_text, "long")

    def plan(minutes: float, preset: str | None = None) -> LanguagePlan:
        return plan_run(corpus, Request(preset=preset, budget=minutes), Folders(), reporter)

    return plan


class SetCost(Protocol):
    """Sets what measuring the first steps finds, instead of measuring."""

    def __call__(self, start: float, epoch: float) -> None: ...


@pytest.fixture
def set_cost(monkeypatch: pytest.MonkeyPatch) -> SetCost:
    """Sets what measuring the first steps finds, instead of measuring."""

    def set_both(start: float, epoch: float) -> None:
        cost = Cost(start, epoch)
        monkeypatch.setattr("charrnn.training.budget.measure_cost", lambda *_: cost)

    return set_both


def test_a_budget_decides_the_epochs(plan_budget: PlanBudget, set_cost: SetCost) -> None:
    """As many epochs as fit, and the rate falls over these."""
    set_cost(100, 90)
    recipe = plan_budget(10, "quick").progress.recipe
    assert recipe.training.epochs == 5  # (600 - 100) / 90, and some seconds are gone already
    assert recipe.training.schedule == "cosine"
    assert recipe.network.units == LANGUAGE_PRESETS["quick"]["lstm"]["units"]


@pytest.mark.parametrize(
    ("minutes", "named", "preset"),
    [
        (5, None, "quick"),
        (45, None, DEFAULT_PRESET),
        (5, DEFAULT_PRESET, DEFAULT_PRESET),
        (45, "minute", "minute"),
    ],
)
def test_a_budget_chooses_a_preset_if_none_is_named(
    plan_budget: PlanBudget, set_cost: SetCost, minutes: float, named: str | None, preset: str
) -> None:
    """More minutes, a larger network; a preset that is named stays."""
    set_cost(1, 10)
    recipe = plan_budget(minutes, named).progress.recipe
    row = LANGUAGE_PRESETS[preset]["lstm"]
    sizes = vars(recipe.network)
    assert sizes == sizes | {name: row[name] for name in row if name in sizes}
    assert recipe.training.learning_rate == row["learning_rate"]


def test_a_budget_that_no_epoch_fits_into(plan_budget: PlanBudget, set_cost: SetCost) -> None:
    """It is rejected with what an epoch takes, and leaves no run behind."""
    set_cost(5, 600)
    message = catch_message(UsageError, lambda: plan_budget(5))
    assert "it takes about 10 min, after 5 s to start" in message
    assert message.endswith("give a `budget` of 11 and the `preset` minute, or a shorter text")
    assert not list(Path().glob("checkpoints/*"))


def test_the_budget_that_is_advised_is_enough(
    plan_budget: PlanBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts the time that measuring takes, which is spent again."""
    clock = [0.0]

    def measure(*_: object) -> Cost:
        clock[0] += 50
        return Cost(start=5, epoch=110)

    monkeypatch.setattr("charrnn.training.budget.measure_cost", measure)
    monkeypatch.setattr("charrnn.planning.budget.time.monotonic", lambda: clock[0])
    message = catch_message(UsageError, lambda: plan_budget(1, "minute"))
    (advised,) = re.findall(r"give a `budget` of (\d+)[ ,]", message)
    assert plan_budget(int(advised), "minute").progress.recipe.training.epochs == 1


@pytest.mark.parametrize("epoch", [1000, 100])
def test_a_budget_falls_back_to_a_smaller_preset(
    plan_budget: PlanBudget, monkeypatch: pytest.MonkeyPatch, epoch: float
) -> None:
    """If hardly an epoch of the budget's preset fits, the next smaller one is measured."""
    measured: list[float] = []

    def measure(progress: Progress[LanguageRecipe], *_: Any) -> Cost:
        measured.append(progress.recipe.network.dropout)
        return Cost(0, epoch if len(measured) == 1 else 25)

    monkeypatch.setattr("charrnn.training.budget.measure_cost", measure)
    recipe = plan_budget(15).progress.recipe
    dropouts = [LANGUAGE_PRESETS[preset]["lstm"]["dropout"] for preset in (DEFAULT_PRESET, "quick")]
    assert measured == dropouts
    assert recipe.network.dropout == measured[1]
    assert recipe.training.epochs == 35


def test_a_budget_for_a_short_text_is_not_used_up(
    plan_budget: PlanBudget, set_cost: SetCost, reporter: RecordingReporter
) -> None:
    """It is read a hundred times and no more."""
    set_cost(0, 0.01)
    assert plan_budget(10).progress.recipe.training.epochs == 100
    assert reporter.notes[0] == "measuring the first steps"
    assert reporter.notes[1].endswith(" 100 epochs of about 0.0 s, the most there are")


def test_progress_is_reported(
    plan_budget: PlanBudget, set_cost: SetCost, reporter: RecordingReporter
) -> None:
    """What an epoch takes and how many fit, each time that a preset is measured."""
    set_cost(7, 120)
    plan_budget(11, "minute")
    measured = "11 min left: 7.0 s to start, then 5 epochs of about 2.0 min"
    assert reporter.notes == ["measuring the first steps", measured]
