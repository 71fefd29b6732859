"""The language models' presets: a network and a training for each cell."""

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.planning.scaling import preset_values, presets_for
from charrnn.training.batches import steps_per_epoch

SIZES = {field.name for field in dataclasses.fields(NetworkConfig)}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_set_what_there_is(preset: str, cell: str) -> None:
    """Every row's values belong to a network or a training, and make valid ones."""
    values = PRESETS[preset][cell]
    network = NetworkConfig(
        65, cell, **{name: value for name, value in values.items() if name in SIZES}
    )
    training = TrainingConfig(**{name: values[name] for name in values if name not in SIZES})
    assert values.items() <= (dataclasses.asdict(network) | dataclasses.asdict(training)).items()


@pytest.mark.parametrize("cell", CELLS)
def test_the_tutorial_is_the_tutorial(cell: str) -> None:
    """The preset has the tutorial's sizes, order, Adam's own constant rate, and no validation."""
    tutorial = PRESETS["tutorial"][cell]
    expected = {
        "embedding": 256,
        "units": 1024,
        "layers": 1,
        "dropout": 0,
        "order": "shuffled",
        "seq_length": 100,
        "batch_size": 64,
        "learning_rate": 0.001,
        "schedule": "constant",
        "clip_norm": 0,
        "validation": 0,
    }
    assert {name: tutorial[name] for name in expected} == expected
    assert "state" not in tutorial  # so it is carried, which is the tutorial's fault
    assert TrainingConfig().state == "carry"


@pytest.mark.parametrize(
    ("minutes", "preset"),
    [(0.5, "minute"), (1, "minute"), (5, "quick"), (11, "quick"), (30, DEFAULT), (600, DEFAULT)],
)
def test_a_budget_has_presets(minutes: float, preset: str) -> None:
    """The preset that is named after a time is the first for that time, smaller ones follow."""
    order = [DEFAULT, "quick", "minute"]
    assert presets_for(minutes) == order[order.index(preset) :]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", ["minute", "quick", DEFAULT])
@pytest.mark.parametrize("characters", [300_000, 1_115_394, 4_000_000, 10**8])
def test_a_preset_reads_as_much_of_any_text(preset: str, cell: str, characters: int) -> None:
    """In all its epochs a preset reads about as many characters of a long text as of a short."""
    read = 1_115_394 * PRESETS[preset][cell]["epochs"]
    values = preset_values(preset, {"cell": cell}, characters)
    nearest = min(range(1, 101), key=lambda epochs: abs(epochs * characters - read))
    assert values["epochs"] == nearest
    rest = PRESETS[preset][cell]
    assert values == {**rest, "cell": cell, "epochs": nearest, "batch_size": 64}


@pytest.mark.parametrize("given", [{}, {"seq_length": 100}, {"validation": 0.5}])
@pytest.mark.parametrize("characters", [2_000, 12_000, 24_000, 48_000, 150_000])
def test_a_short_text_has_steps_enough_to_learn_from(
    characters: int, given: dict[str, Any]
) -> None:
    """A batch leaves thirty steps an epoch, or nearly; it has eight windows at least."""
    values = preset_values("quick", {"cell": "gru", **given}, characters)
    batch = values["batch_size"]
    learnt = int(characters * (1 - values.get("validation", 0.1)))

    def steps(batch: int) -> int:
        training = TrainingConfig(seq_length=values["seq_length"], batch_size=batch)
        return steps_per_epoch(np.zeros(learnt, np.int32), replace(training, validation=0.0))

    assert batch == 8 or steps(batch) >= 28
    assert batch == 64 or steps(2 * batch) < 30
    assert values["epochs"] <= 100


def test_what_was_chosen_stays() -> None:
    """A preset leaves the values that are given."""
    given = {"cell": "gru", "units": 7, "epochs": 3, "batch_size": 100, "learning_rate": 0.5}
    values = preset_values("minute", given, 1_000)
    assert values == values | given
    assert values["schedule"] == "cosine"


@pytest.mark.parametrize("characters", [1_000, 1_115_394, 10**8])
def test_the_tutorial_is_the_same_for_every_text(characters: int) -> None:
    """It is unchanged whatever it reads."""
    assert preset_values("tutorial", {}, characters) == PRESETS["tutorial"]["lstm"]
