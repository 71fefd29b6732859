"""What `charrnn train` does when it isn't told: a network and a training for each budget and cell.

The values were found by experiment, docs/decisions/0008-recipes.md; the times are two cores' for a
million characters.
"""

from typing import Any

from charrnn.config import CELLS

DEFAULT = "default"

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
    "tutorial": dict.fromkeys(CELLS, _TUTORIAL),
}
"""Preset name and cell to the fields of `NetworkConfig` and `TrainingConfig` that they set."""

_FASTEST = {"minute": 3, "quick": 12}  # minutes below which a budget takes the preset


def recipe_for(minutes: float) -> str:
    """The preset that makes the most of a budget: of two, the one that was measured to."""
    fitting = (name for name, limit in _FASTEST.items() if minutes < limit)
    return next(fitting, DEFAULT)
