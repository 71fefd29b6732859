"""A classifier's configuration: a preset under a user's own settings."""

from dataclasses import replace
from typing import Any

import pytest

from charrnn.config.presets import REVIEW_PRESETS
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.errors import UsageError
from charrnn.planning.reviews import configure
from tests.support.messages import catch_message


@pytest.mark.parametrize("preset", REVIEW_PRESETS)
def test_without_settings_it_is_the_presets_row(preset: str) -> None:
    """A preset by itself is its row, in network and training."""
    row = REVIEW_PRESETS[preset]
    network, training = configure(preset, {})
    assert network == ClassifierConfig(**row.network)
    assert training == ReviewTraining(**row.training)


@pytest.mark.parametrize(
    ("preset", "given", "expected"),
    [
        ("lstm-32", {"max_words": 9}, {"vocabulary_size": 9}),
        ("lstm-32", {"layers": 2}, {"units": (32, 32)}),
        ("lstm-32", {"units": (9,), "layers": 3}, {"units": (9, 9, 9)}),
        ("lstm-32", {"units": (9, 5)}, {"units": (9, 5)}),
        ("lstm-32", {"cell": "average"}, {"cell": "average", "units": ()}),
        ("average-16", {"cell": "rnn"}, {"cell": "rnn", "units": (32,)}),
        ("average-16", {"cell": "rnn", "layers": 2}, {"cell": "rnn", "units": (32, 32)}),
        (
            "bilstm-64x2",
            {"cell": "average"},
            {"cell": "average", "units": (), "bidirectional": False, "pooling": "last"},
        ),
        ("bilstm-64x2", {"bidirectional": False}, {"bidirectional": False}),
    ],
)
def test_settings_override_the_preset(
    preset: str, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Layers follow the cell and their number; all else that isn't given is the preset's."""
    network, training = configure(preset, given)
    row = REVIEW_PRESETS[preset]
    assert network == ClassifierConfig(**{**row.network, **expected})
    assert training == ReviewTraining(**row.training)


def test_training_settings_override_the_preset() -> None:
    """Of the training only what is given changes."""
    network, training = configure("lstm-32", {"epochs": 3, "optimizer": "adam"})
    row = REVIEW_PRESETS["lstm-32"]
    assert network == ClassifierConfig(**row.network)
    assert training == replace(ReviewTraining(**row.training), epochs=3, optimizer="adam")


@pytest.mark.parametrize(
    ("preset", "given", "message"),
    [
        ("best-of-all", {}, "unknown `preset` 'best-of-all': choose average-16, "),
        (
            "bigrams",
            {"mask": True, "dense": 3},
            "this network reads only words and pairs of words: leave out `dense`, `mask`",
        ),
        (
            "best",
            {"cell": "none", "padding": "after"},
            "this network reads only words and pairs of words: leave out `padding`",
        ),
        ("lstm-32", {"units": (9, 5), "layers": 2}, "`layers` repeats one size of `units`"),
        ("lstm-32", {"cell": "average", "layers": 2}, "`layers` repeats one size of `units`"),
        ("lstm-32", {"layers": 0}, "`layers` must lie in [1, 100], not 0"),
        ("lstm-32", {"layers": "2"}, "`layers` must lie in [1, 100], not '2'"),
        ("lstm-32", {"cell": "average", "units": (3,)}, "the `cell` average has no `units`"),
        ("lstm-32", {"max_words": 4}, "`max_words` must be above 4"),
        ("lstm-32", {"epochs": "3"}, "`epochs` must be int, not '3'"),
    ],
)
def test_contradictions_are_rejected(preset: str, given: dict[str, Any], message: str) -> None:
    """What can't be built is named by its keyword."""
    error = catch_message(UsageError, lambda: configure(preset, given))
    assert error.startswith(message)
