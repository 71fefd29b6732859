"""The presets: their articles' figures, and rows that make valid configurations."""

import dataclasses
import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import CELLS, from_mapping, read_mapping, select_fields
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import (
    DEFAULT_PRESET,
    DEFAULT_REVIEW_PRESET,
    LANGUAGE_PRESETS,
    REVIEW_PRESETS,
    TUTORIAL,
)
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.windows import cut_windows

SIZES = {field.name for field in dataclasses.fields(NetworkConfig)}

PARAMETERS = {
    "average-16": 161_153,
    "rnn-64": 169_409,
    "bilstm-64x2": 308_609,
    "rnn-32": 322_113,
    "rnn-32-dense": 323_169,
    "lstm-32": 328_353,
    "gru-32": 326_369,
    "lstm-32-early": 652_449,
    "bilstm-64-subword": 598_209,
    "bilstm-64-32-subword": 635_329,
    "bigru-32-subword": 144_785,
    "average-64-subword": 528_065,
}

# Length, padding, optimizer, batch, epochs, patience.
WORDS = {
    "average-16": (500, "after", "adam", 128, 30, 0),
    "rnn-64": (500, "after", "adam", 512, 30, 0),
    "bilstm-64x2": (500, "after", "adam", 512, 30, 0),
    "rnn-32": (500, "before", "rmsprop", 128, 10, 0),
    "rnn-32-dense": (200, "before", "rmsprop", 128, 10, 0),
    "lstm-32": (200, "before", "rmsprop", 128, 10, 0),
    "gru-32": (200, "before", "rmsprop", 128, 10, 0),
    "lstm-32-early": (200, "before", "adam", 128, 10, 3),
}
SUBWORDS = [name for name in PARAMETERS if name.endswith("-subword")]


def configure(preset: str) -> tuple[ClassifierConfig, ReviewTraining]:
    row = REVIEW_PRESETS[preset]
    return ClassifierConfig(**row.network), ReviewTraining(**row.training)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", LANGUAGE_PRESETS)
def test_language_presets_set_existing_fields(preset: str, cell: str) -> None:
    """Every row's values belong to a network or a training, and make valid ones."""
    values = LANGUAGE_PRESETS[preset][cell]
    network = NetworkConfig(
        65, cell, **{name: value for name, value in values.items() if name in SIZES}
    )
    training = TrainingConfig(**{name: values[name] for name in values if name not in SIZES})
    assert values.items() <= (asdict(network) | asdict(training)).items()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("preset", LANGUAGE_PRESETS)
def test_presets_read_windows_of_101_characters(preset: str, cell: str) -> None:
    """A hundred inputs, each with the character after it, side by side, with the state carried."""
    training = TrainingConfig(**select_fields(TrainingConfig, LANGUAGE_PRESETS[preset][cell]))
    inputs, targets = cut_windows(
        np.arange(101, dtype=np.int32), np.array([0]), training.seq_length
    )
    np.testing.assert_array_equal(inputs[0], np.arange(100))
    np.testing.assert_array_equal(targets[0], np.arange(1, 101))
    assert (training.order, training.state) == (
        "shuffled" if preset == TUTORIAL else "streams",
        "carry",
    )
    assert training.window_stride == 100


def test_the_default_presets_exist() -> None:
    """What is used unless another preset is named is one of the rows."""
    assert DEFAULT_PRESET in LANGUAGE_PRESETS
    assert DEFAULT_REVIEW_PRESET in REVIEW_PRESETS


@pytest.mark.parametrize("cell", CELLS)
def test_the_tutorial_is_the_tutorial(cell: str) -> None:
    """The preset has the tutorial's sizes, order, Adam's own constant rate, and no validation."""
    tutorial = LANGUAGE_PRESETS["tutorial"][cell]
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


@pytest.mark.parametrize(("preset", "parameters"), PARAMETERS.items())
def test_articles_parameters(preset: str, parameters: int) -> None:
    """A preset has as many parameters as its article counts, in all and summed over its layers."""
    network, _ = configure(preset)
    assert network.parameters == parameters
    assert sum(map(math.prod, network.weight_shapes().values())) == parameters
    assert sum(row.parameters for row in network.layer_rows()) == parameters


@pytest.mark.parametrize(("preset", "expected"), WORDS.items())
def test_articles_settings_for_words(preset: str, expected: tuple[Any, ...]) -> None:
    """Length, side of the padding, optimizer, batch, epochs and patience are the article's."""
    network, training = configure(preset)
    assert (network.max_length, network.padding) == expected[:2]
    assert (
        training.optimizer,
        training.batch_size,
        training.epochs,
        training.patience,
    ) == expected[2:]
    assert (network.tokens, network.vocabulary_size, network.mask) == ("words", 10_000, False)
    assert training.learning_rate == 0.001, "the default of both of Keras's optimizers"


@pytest.mark.parametrize("preset", SUBWORDS)
def test_articles_settings_for_subwords(preset: str) -> None:
    """The subword networks read whole reviews, in batches of 64, by Adam, ten times through."""
    network, training = configure(preset)
    assert (network.tokens, network.vocabulary_size, network.max_length) == ("subwords", 8185, 0)
    assert (training.optimizer, training.batch_size, training.epochs) == ("adam", 64, 10)
    assert training.patience == 0


def test_every_review_preset_can_be_built() -> None:
    """Each row has known fields with values in range, and says what its article reports."""
    assert set(PARAMETERS) < set(REVIEW_PRESETS)
    for preset, row in REVIEW_PRESETS.items():
        network, _ = configure(preset)
        assert network.parameters > 0
        assert row.reported


@pytest.mark.parametrize("preset", REVIEW_PRESETS)
def test_configurations_come_back_from_json(preset: str) -> None:
    """What JSON holds of a network and its training is enough to make the same ones again."""
    for config in configure(preset):
        values = json.loads(json.dumps(asdict(config)))
        for read in (from_mapping, read_mapping):
            again = read(type(config), values)
            assert again == config
            assert hash(again) == hash(config), "units are a tuple again"


def test_layer_rows_of_two_directions() -> None:
    """The table of the stacked bidirectional network is that of Keras's own summary."""
    network, _ = configure("bilstm-64x2")
    rows = [(row.name, row.output, row.parameters) for row in network.layer_rows()]
    assert rows == [
        ("embedding", (500, 16), 160_000),
        ("bidirectional lstm", (500, 128), 41_472),
        ("bidirectional lstm", (128,), 98_816),
        ("dense, relu", (64,), 8_256),
        ("dense, sigmoid", (1,), 65),
    ]
