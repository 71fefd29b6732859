"""What `charrnn train` does when it isn't told: a network and a training for each budget and cell.

The values were found by experiment, docs/decisions/0008-presets.md.
"""

from collections.abc import Mapping
from typing import Any

from charrnn.config import CELLS, NetworkConfig, TrainingConfig

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

_MINUTE: dict[str, Any] = {"units": 256, "seq_length": 25, "schedule": "cosine", "patience": 8}
_QUICK: dict[str, Any] = {**_MINUTE, "units": 512, "dropout": 0.3}
_DEFAULT: dict[str, Any] = {**_QUICK, "dropout": 0.5, "embedding_dropout": 0.1}
_RNN: dict[str, Any] = {**_QUICK, "weight_decay": 0.08, "learning_rate": 0.003}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "minute": {
        "rnn": {**_MINUTE, "epochs": 5, "learning_rate": 0.002},
        "lstm": {**_MINUTE, "epochs": 4, "learning_rate": 0.01},
        "gru": {**_MINUTE, "epochs": 5, "learning_rate": 0.008},
    },
    "quick": {
        "rnn": {**_RNN, "epochs": 12},
        "lstm": {**_QUICK, "weight_decay": 0.1, "epochs": 7, "learning_rate": 0.008},
        "gru": {**_QUICK, "weight_decay": 0.1, "epochs": 9, "learning_rate": 0.008},
    },
    DEFAULT: {
        "rnn": {**_RNN, "epochs": 24},
        "lstm": {**_DEFAULT, "weight_decay": 0.115, "epochs": 24, "learning_rate": 0.014},
        "gru": {**_DEFAULT, "weight_decay": 0.16, "epochs": 24, "learning_rate": 0.01},
    },
    _TUTORIAL_NAME: dict.fromkeys(CELLS, _TUTORIAL),
}
"""Preset name and cell to the fields of `NetworkConfig` and `TrainingConfig` that they set."""

MOST_EPOCHS = 100
"""Each leaves a checkpoint; a text so short that more would fit has learnt enough by then."""

_CHARACTERS = 1_115_394  # of tiny Shakespeare, whose epochs the rows give
_STEPS = 30  # that an epoch of a short text has at least, down to a batch of
_LEAST_BATCH = 8
_LEAST_MINUTES = {DEFAULT: 12, "quick": 3, "minute": 0}  # of a budget


def preset_values(preset: str, given: Mapping[str, Any], characters: int) -> dict[str, Any]:
    """A preset's values for a text, under what was chosen instead.

    It reads about as many characters of any text, in 1 to `MOST_EPOCHS` epochs, and in batches
    that leave an epoch enough steps. The tutorial is the same for every text.

    Args:
        preset: its name.
        given: fields of the network and the training that have their value already.
        characters: of the text.
    """
    values = PRESETS[preset][given.get("cell", NetworkConfig.cell)]
    chosen = {**values, **given}
    if preset == _TUTORIAL_NAME:
        return chosen
    epochs = max(1, min(MOST_EPOCHS, round(values["epochs"] * _CHARACTERS / characters)))
    learnt = characters * (1 - chosen.get("validation", TrainingConfig.validation))
    batch = TrainingConfig.batch_size
    while batch > _LEAST_BATCH and learnt < _STEPS * batch * chosen["seq_length"]:
        batch //= 2
    return {**values, "epochs": epochs, "batch_size": batch, **given}


def presets_for(minutes: float) -> list[str]:
    """The presets that a budget is enough for, the largest first."""
    return [preset for preset, least in _LEAST_MINUTES.items() if minutes >= least]
