"""What `charrnn train` does when it isn't told: a network and a training for each budget and cell.

The values were found by experiment, docs/decisions/0008-recipes.md.
"""

from typing import Any

from charrnn.config import CELLS

DEFAULT = "default"
_TUTORIAL_NAME = "tutorial"

_TUTORIAL: dict[str, Any] = {
    "embedding": 256,
    "units": 1024,
    "layers": 1,
    "dropout": 0.0,
    "order": "shuffled",
    "seq_length": 100,
    "batch_size": 64,
    "epochs": 100,
    "learning_rate": 0.001,  # Adam's default
    "schedule": "constant",
    "clip_norm": 0.0,
    "validation": 0.0,
}

RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    "minute": {
        "rnn": {"units": 256, "epochs": 4, "learning_rate": 0.002},
        "lstm": {"units": 256, "epochs": 4, "learning_rate": 0.005},
        "gru": {"units": 256, "epochs": 4, "learning_rate": 0.005},
    },
    "quick": {
        "rnn": {"units": 512, "layers": 2, "dropout": 0.1, "epochs": 10, "learning_rate": 0.001},
        "lstm": {"units": 512, "dropout": 0.3, "epochs": 10, "learning_rate": 0.004},
        "gru": {"units": 512, "dropout": 0.3, "epochs": 10, "learning_rate": 0.004},
    },
    DEFAULT: {
        "rnn": {"units": 512, "layers": 2, "dropout": 0.2, "epochs": 40, "learning_rate": 0.001},
        "lstm": {"units": 512, "layers": 2, "dropout": 0.4, "epochs": 24, "learning_rate": 0.003},
        "gru": {"units": 512, "layers": 2, "dropout": 0.4, "epochs": 30, "learning_rate": 0.003},
    },
    _TUTORIAL_NAME: dict.fromkeys(CELLS, _TUTORIAL),
}
"""Preset name and cell to the fields of `NetworkConfig` and `TrainingConfig` that they set."""

MOST_EPOCHS = 100
"""More of them, of a text so short that they fit into a preset's time, teach it by heart."""

_CHARACTERS = 1_115_394  # of tiny Shakespeare, whose epochs the recipes give
_BELOW = {"minute": 3, "quick": 12}  # minutes; a larger budget takes the default


def recipe_for(minutes: float) -> str:
    """The preset for a budget."""
    fitting = (name for name, limit in _BELOW.items() if minutes < limit)
    return next(fitting, DEFAULT)


def epochs_for(preset: str, cell: str, characters: int) -> int:
    """How often a text of this length is read in a preset's time; the tutorial's is not scaled."""
    epochs: int = RECIPES[preset][cell]["epochs"]
    if preset == _TUTORIAL_NAME:
        return epochs
    return max(1, min(MOST_EPOCHS, round(epochs * _CHARACTERS / characters)))
