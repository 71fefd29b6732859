"""The recipes: presets of a network and a training for each cell."""

import dataclasses

import pytest

from charrnn.config import CELLS, NetworkConfig, TrainingConfig
from charrnn.recipes import DEFAULT, RECIPES, epochs_for, recipe_for

SIZES = {field.name for field in dataclasses.fields(NetworkConfig)}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", RECIPES)
def test_recipes_set_what_there_is(preset: str, cell: str) -> None:
    """Every recipe's values belong to a network or a training, and make valid ones."""
    values = RECIPES[preset][cell]
    network = NetworkConfig(
        65, cell, **{name: value for name, value in values.items() if name in SIZES}
    )
    training = TrainingConfig(**{name: values[name] for name in values if name not in SIZES})
    assert values.items() <= (dataclasses.asdict(network) | dataclasses.asdict(training)).items()


@pytest.mark.parametrize("cell", CELLS)
def test_the_tutorial_is_the_tutorial(cell: str) -> None:
    """The preset has the tutorial's sizes, order, Adam's own constant rate, and no validation."""
    tutorial = RECIPES["tutorial"][cell]
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
def test_a_budget_has_a_recipe(minutes: float, preset: str) -> None:
    """The preset that is named after a time is the one for that time."""
    assert recipe_for(minutes) == preset


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", [preset for preset in RECIPES if preset != "tutorial"])
def test_a_preset_takes_the_same_time_for_any_text(preset: str, cell: str) -> None:
    """Twice the text is read half as often; from once to a hundred times."""
    epochs = RECIPES[preset][cell]["epochs"]
    assert epochs_for(preset, cell, 1_115_394) == epochs
    assert epochs_for(preset, cell, 2 * 1_115_394) == round(epochs / 2)
    assert epochs_for(preset, cell, 1_115_394 // 2) == pytest.approx(min(100, 2 * epochs))
    assert epochs_for(preset, cell, 100) == 100
    assert epochs_for(preset, cell, 10**9) == 1


@pytest.mark.parametrize("characters", [1_000, 1_115_394, 10**8])
def test_the_tutorial_reads_every_text_a_hundred_times(characters: int) -> None:
    """It is unchanged whatever it reads."""
    assert epochs_for("tutorial", "gru", characters) == 100
