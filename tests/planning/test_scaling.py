"""A preset under a user's own settings, scaled to a text: as much reading, and enough steps."""

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.errors import CorpusTooShortError, UsageError
from charrnn.planning.scaling import Draft, draft_presets
from charrnn.training.language_batches import count_steps
from tests.support.messages import catch_message


def list_values(draft: Draft) -> dict[str, Any]:
    return asdict(draft.network) | asdict(draft.training)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", LANGUAGE_PRESETS)
def test_a_draft_is_the_presets_row(preset: str, cell: str) -> None:
    """Before it is scaled a draft has the row's values, and the configuration's own elsewhere."""
    draft = Draft.from_preset(preset, {"cell": cell})
    defaults = asdict(NetworkConfig(1)) | asdict(TrainingConfig())
    assert list_values(draft) == defaults | {"cell": cell} | LANGUAGE_PRESETS[preset][cell]
    assert (draft.preset, draft.given) == (preset, {"cell": cell})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", ["minute", "quick", DEFAULT_PRESET])
@pytest.mark.parametrize("characters", [300_000, 1_115_394, 4_000_000, 10**8])
def test_a_preset_reads_as_much_of_any_text(preset: str, cell: str, characters: int) -> None:
    """In all its epochs a preset reads about as many characters of a long text as of a short."""
    row = LANGUAGE_PRESETS[preset][cell]
    read = 1_115_394 * row["epochs"]
    nearest = min(range(1, 101), key=lambda epochs: abs(epochs * characters - read))
    draft = Draft.from_preset(preset, {"cell": cell})
    scaled = draft.scale(characters)
    assert scaled == replace(draft, training=replace(draft.training, epochs=nearest))


@pytest.mark.parametrize("given", [{}, {"seq_length": 25}, {"validation": 0.5}])
@pytest.mark.parametrize("characters", [2_000, 12_000, 24_000, 48_000, 150_000])
def test_a_short_text_has_enough_steps_to_learn_from(
    characters: int, given: dict[str, Any]
) -> None:
    """An epoch has thirty steps, or nearly; a batch has eight windows at least."""
    training = Draft.from_preset("quick", {"cell": "gru", **given}).scale(characters).training
    batch = training.batch_size
    learnt = int(characters * (1 - given.get("validation", 0.1)))

    def count(batch: int) -> int:
        config = replace(training, batch_size=batch, validation=0.0)
        try:
            return count_steps((np.zeros(learnt, np.int32), np.zeros(0, np.int32)), config)
        except CorpusTooShortError:
            return 0

    assert batch == 8 or count(batch) >= 28
    assert batch == 16 or count(2 * batch) < 30
    assert training.epochs <= 100


def test_what_was_given_stays() -> None:
    """A preset leaves the values that are given, whatever the text's length."""
    given = {"cell": "gru", "units": 7, "epochs": 3, "batch_size": 100, "learning_rate": 0.5}
    scaled = Draft.from_preset("minute", given).scale(1_000)
    values = list_values(scaled)
    assert values == values | given
    assert values["schedule"] == "cosine"


def test_a_precision_is_left_for_later() -> None:
    """What `precision` means depends on the machine, so a draft leaves it to the plan."""
    draft = Draft.from_preset("minute", {"precision": "auto"})
    assert draft.training.precision == TrainingConfig.precision
    assert draft.given["precision"] == "auto"


@pytest.mark.parametrize("characters", [1_000, 1_115_394, 10**8])
def test_the_tutorial_is_the_same_for_every_text(characters: int) -> None:
    """It is unchanged whatever it reads."""
    draft = Draft.from_preset("tutorial", {})
    assert draft.scale(characters) == draft
    row = LANGUAGE_PRESETS["tutorial"]["lstm"]
    assert list_values(draft) == list_values(draft) | row


@pytest.mark.parametrize(
    ("preset", "given", "message"),
    [
        (
            "article",
            {},
            "unknown `preset` 'article': choose minute, quick, default, tutorial",
        ),
        ("minute", {"cell": "lsmt"}, "unknown `cell` 'lsmt': choose rnn, lstm, gru"),
        ("minute", {"units": 0}, "`units` must be at least 1, not 0"),
        ("minute", {"epochs": "3"}, "`epochs` must be int, not '3'"),
    ],
)
def test_wrong_values_are_rejected(preset: str, given: dict[str, Any], message: str) -> None:
    """A preset or a value that does not exist is named before any text is read."""
    assert catch_message(UsageError, lambda: Draft.from_preset(preset, given)) == message


@pytest.mark.parametrize(
    ("minutes", "preset"),
    [
        (0.5, "minute"),
        (1, "minute"),
        (5, "quick"),
        (11, "quick"),
        (30, DEFAULT_PRESET),
        (600, DEFAULT_PRESET),
    ],
)
def test_a_budget_has_presets(minutes: float, preset: str) -> None:
    """The preset that is named after a time is the first for that time, smaller ones follow."""
    order = [DEFAULT_PRESET, "quick", "minute"]
    drafts = draft_presets(None, minutes, {"units": 7})
    assert [draft.preset for draft in drafts] == order[order.index(preset) :]
    assert {draft.network.units for draft in drafts} == {7}


@pytest.mark.parametrize("budget", [None, 0.5, 600])
@pytest.mark.parametrize("preset", LANGUAGE_PRESETS)
def test_a_preset_that_is_named_is_the_only_one(preset: str, budget: float | None) -> None:
    """A named preset is drafted whatever the budget."""
    assert draft_presets(preset, budget, {}) == [Draft.from_preset(preset, {})]


def test_without_preset_and_budget_it_is_the_default() -> None:
    """Nothing asked for is the default preset."""
    assert draft_presets(None, None, {}) == [Draft.from_preset(DEFAULT_PRESET, {})]


@pytest.mark.parametrize("budget", [0, -1, math.nan, math.inf, 10**20, 525_601])
def test_a_budget_must_be_a_time(budget: float) -> None:
    """A budget is a number of minutes above 0, and of no more than a year."""
    message = catch_message(UsageError, lambda: draft_presets(None, budget, {}))
    assert message == "`budget` must be minutes above 0 and at most 525,600, which is a year"
    assert draft_presets(None, 60 * 24 * 365, {})


def test_a_budget_chooses_the_epochs() -> None:
    """Epochs beside a budget contradict it."""
    message = catch_message(UsageError, lambda: draft_presets(None, 5, {"epochs": 3}))
    assert message == "`budget` chooses the epochs: leave out `epochs`"
