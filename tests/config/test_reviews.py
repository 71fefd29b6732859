"""What defines a classifier: the articles' figures, what is refused, and JSON there and back."""

import json
import math
from dataclasses import asdict
from typing import Any

import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.config.fields import from_mapping, read_mapping
from charrnn.errors import CharrnnError, UsageError
from charrnn.config.presets import DEFAULT_REVIEW_PRESET, REVIEW_PRESETS

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


def configured(preset: str) -> tuple[ClassifierConfig, ReviewTraining]:
    row = PRESETS[preset]
    return ClassifierConfig(**row.network), ReviewTraining(**row.training)


@pytest.mark.parametrize(("preset", "parameters"), PARAMETERS.items())
def test_articles_parameters(preset: str, parameters: int) -> None:
    """A preset has as many parameters as its article counts, in all and summed over its layers."""
    network, _ = configured(preset)
    assert network.parameters == parameters
    assert sum(map(math.prod, network.weight_shapes().values())) == parameters
    assert sum(row.parameters for row in network.layer_rows()) == parameters


@pytest.mark.parametrize(("preset", "expected"), WORDS.items())
def test_articles_settings_for_words(preset: str, expected: tuple[Any, ...]) -> None:
    """Length, side of the padding, optimizer, batch, epochs and patience are the article's."""
    network, training = configured(preset)
    assert (network.max_length, network.padding) == expected[:2]
    found = (training.optimizer, training.batch_size, training.epochs, training.patience)
    assert found == expected[2:]
    assert (network.tokens, network.vocabulary_size, network.mask) == ("words", 10_000, False)
    assert training.learning_rate == 0.001, "both of Keras's optimizers begin with it"


@pytest.mark.parametrize("preset", SUBWORDS)
def test_articles_settings_for_subwords(preset: str) -> None:
    """The subword networks read whole reviews, in batches of 64, by Adam, ten times through."""
    network, training = configured(preset)
    assert (network.tokens, network.vocabulary_size, network.max_length) == ("subwords", 8185, 0)
    assert (training.optimizer, training.batch_size, training.epochs) == ("adam", 64, 10)
    assert training.patience == 0


def test_every_preset_can_be_built() -> None:
    """Each row is of known fields with values in range; the default is one of the rows."""
    assert set(PARAMETERS) < set(PRESETS)
    assert DEFAULT_PRESET in PRESETS
    for preset, row in PRESETS.items():
        network, _ = configured(preset)
        assert network.parameters > 0
        assert row.reported


def test_layer_rows_of_two_directions() -> None:
    """The table of the stacked bidirectional network is that of Keras's own summary."""
    network, _ = configured("bilstm-64x2")
    rows = [(row.name, row.output, row.parameters) for row in network.layer_rows()]
    assert rows == [
        ("embedding", (500, 16), 160_000),
        ("bidirectional lstm", (500, 128), 41_472),
        ("bidirectional lstm", (128,), 98_816),
        ("dense, relu", (64,), 8_256),
        ("dense, sigmoid", (1,), 65),
    ]


def test_ratios_of_bigrams_are_not_learnt() -> None:
    """Of a table's two columns one is trained, beside one bias; `parameters` counts that."""
    network = ClassifierConfig(cell="none", units=(), bigrams=100)
    assert network.parameters == 101
    assert sum(map(math.prod, network.weight_shapes().values())) == 201
    both = ClassifierConfig(bigrams=100)
    assert both.parameters == ClassifierConfig().parameters + 101


@pytest.mark.parametrize(
    ("mask", "max_length", "expected"),
    [(False, 500, False), (True, 500, True), (True, 0, True)],
)
def test_which_reviews_are_padded_to_the_longest(
    mask: bool, max_length: int, expected: bool
) -> None:
    """Without a mask and with a length, each review is padded to that length; else not."""
    config = ClassifierConfig(mask=mask, max_length=max_length)
    assert config.padded_to_longest is expected


@pytest.mark.parametrize(
    ("kind", "values", "named"),
    [
        (ClassifierConfig, {"tokens": "letters"}, "subwords"),
        (ClassifierConfig, {"cell": "transformer"}, "gru"),
        (ClassifierConfig, {"padding": "middle"}, "before or after"),
        (ClassifierConfig, {"pooling": "mean"}, "last or max"),
        (ClassifierConfig, {"embedding": 0}, "embedding must be at least 1"),
        (ClassifierConfig, {"vocabulary_size": 4}, "max words must be above 4"),
        (ClassifierConfig, {"units": (3, 0)}, "units must be at least 1"),
        (ClassifierConfig, {"units": ()}, "--cell lstm needs --units"),
        (ClassifierConfig, {"dense": -1}, "dense must be 0 or above, not -1"),
        (ClassifierConfig, {"max_length": -1}, "max length must be 0 or above, not -1"),
        (ClassifierConfig, {"bigrams": -1}, "bigrams must be 0 or above, not -1"),
        (ClassifierConfig, {"dropout": 1.0}, "dropout must lie in [0, 1), not 1.0"),
        (ClassifierConfig, {"dropout": math.nan}, "dropout must lie in [0, 1), not nan"),
        (ClassifierConfig, {"embedding_dropout": -0.1}, "embedding dropout must lie in [0, 1)"),
        (ClassifierConfig, {"word_dropout": 1.5}, "word dropout must lie in [0, 1)"),
        (ClassifierConfig, {"cell": "average"}, "cell average has no --units"),
        (ClassifierConfig, {"cell": "average", "units": (), "bidirectional": True}, "direction"),
        (ClassifierConfig, {"cell": "average", "units": (), "pooling": "max"}, "maximum"),
        (ClassifierConfig, {"cell": "none", "units": ()}, "presets with bigrams"),
        (ClassifierConfig, {"cell": "none", "units": (), "bigrams": 9, "dense": 2}, "no dense"),
        (ClassifierConfig, {"cell": "none", "units": (), "bigrams": 9, "dropout": 0.1}, "dropout"),
        (WordModelConfig, {"cell": "average"}, "unknown cell 'average'"),
        (WordModelConfig, {"tokens": "letters"}, "unknown tokens"),
        (WordModelConfig, {"embedding": 0}, "embedding must be at least 1"),
        (WordModelConfig, {"units": 0}, "units must be at least 1"),
        (WordModelConfig, {"vocabulary_size": 4}, "max words must be above 4"),
        (ReviewTraining, {"optimizer": "sgd"}, "choose adam, rmsprop"),
        (ReviewTraining, {"schedule": "linear"}, "choose constant, cosine"),
        (ReviewTraining, {"precision": "float16"}, "unknown precision 'float16'"),
        (ReviewTraining, {"batch_size": 0}, "batch size must be at least 1, not 0"),
        (ReviewTraining, {"epochs": 0}, "epochs must be at least 1, not 0"),
        (ReviewTraining, {"learning_rate": 0.0}, "learning rate must be above 0"),
        (ReviewTraining, {"learning_rate": math.inf}, "learning rate"),
        (ReviewTraining, {"learning_rate": math.nan}, "learning rate"),
        (ReviewTraining, {"clip_norm": -1.0}, "clip norm"),
        (ReviewTraining, {"clip_norm": math.nan}, "clip norm"),
        (ReviewTraining, {"validation": 0.0}, "validation fraction must lie in (0, 1)"),
        (ReviewTraining, {"validation": 1.0}, "validation fraction must lie in (0, 1)"),
        (ReviewTraining, {"patience": -1}, "patience"),
        (ReviewTraining, {"frozen_epochs": -1}, "frozen epochs"),
        (ReviewTraining, {"folds": 1}, "folds must be 0 (none) or 2"),
        (ReviewTraining, {"seed": -1}, "seed must lie in [0, 2^32)"),
        (ReviewTraining, {"seed": 2**32}, "seed must lie in [0, 2^32)"),
    ],
    ids=str,
)
def test_wrong_values_are_refused(kind: type[Any], values: dict[str, Any], named: str) -> None:
    """Each value outside its range, and each contradiction, is one line that names it."""
    with pytest.raises(UsageError) as failure:
        kind(**values)
    assert named in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("preset", PRESETS)
def test_configurations_come_back_from_json(preset: str) -> None:
    """What JSON holds of a network and its training is enough to make the same ones again."""
    for config in configured(preset):
        values = json.loads(json.dumps(asdict(config)))
        for read in (from_mapping, read_mapping):
            again = read(type(config), values)
            assert again == config
            assert hash(again) == hash(config), "units are a tuple again"


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        (ClassifierConfig, ClassifierConfig(units=(3, 4), dense=5), "pooling"),
        (ReviewTraining, ReviewTraining(epochs=7), "folds"),
    ],
)
def test_what_was_written_before_a_field_was_there(
    kind: type[Any], config: Any, field: str
) -> None:
    """A file without a later field is read with the field's default; an unknown field is not."""
    values = asdict(config)
    del values[field]
    assert read_mapping(kind, values) == config
    with pytest.raises(CharrnnError, match=field):
        from_mapping(kind, values)
    with pytest.raises(CharrnnError, match="colour"):
        read_mapping(kind, values | {"colour": 1})
    with pytest.raises(CharrnnError, match="unexpected value"):
        read_mapping(kind, values | {next(iter(values)): True})
