"""What defines a classifier or a word model: what is counted, and what is rejected."""

import math
from typing import Any

import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.errors import UsageError
from tests.support.messages import catch_message

ALONE: dict[str, Any] = {"cell": "none", "units": (), "bigrams": 9}
AVERAGE: dict[str, Any] = {"cell": "average", "units": ()}


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
    """Without a mask and with a length, each review is padded to that length; otherwise not."""
    config = ClassifierConfig(mask=mask, max_length=max_length)
    assert config.padded_to_longest is expected
    assert config.input_length == (None if expected else max_length)


@pytest.mark.parametrize(
    ("cell", "values", "is_recurrent", "reads_sequence"),
    [
        ("rnn", {}, True, True),
        ("lstm", {}, True, True),
        ("gru", {"bigrams": 9}, True, True),
        ("average", AVERAGE, False, True),
        ("none", ALONE, False, False),
    ],
)
def test_what_reads_the_tokens(
    cell: str, values: dict[str, Any], is_recurrent: bool, reads_sequence: bool
) -> None:
    """The three cells are recurrent; an average reads the tokens too, bigrams alone don't."""
    config = ClassifierConfig(**{"cell": cell} | values)
    assert (config.is_recurrent, config.reads_sequence) == (is_recurrent, reads_sequence)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (
            ClassifierConfig,
            {"tokens": "letters"},
            "unknown `tokens` 'letters': choose words, subwords",
        ),
        (
            ClassifierConfig,
            {"cell": "transformer"},
            "unknown `cell` 'transformer': choose rnn, lstm, gru, average, none",
        ),
        (
            ClassifierConfig,
            {"padding": "middle"},
            "unknown `padding` 'middle': choose before, after",
        ),
        (ClassifierConfig, {"pooling": "mean"}, "unknown `pooling` 'mean': choose last, max"),
        (ClassifierConfig, {"embedding": 0}, "`embedding` must be at least 1, not 0"),
        (ClassifierConfig, {"vocabulary_size": 4}, "`max_words` must be above 4"),
        (ClassifierConfig, {"units": (3, 0)}, "`units` must be at least 1"),
        (ClassifierConfig, {"units": ()}, "the `cell` lstm needs `units`"),
        (ClassifierConfig, {"units": 3}, "`units` must be tuple[int, ...], not 3"),
        (ClassifierConfig, {"units": ("3",)}, "`units` must be tuple[int, ...], not ('3',)"),
        (ClassifierConfig, {"mask": 1}, "`mask` must be bool, not 1"),
        (ClassifierConfig, {"dense": -1}, "`dense` must be at least 0, not -1"),
        (ClassifierConfig, {"max_length": -1}, "`max_length` must be at least 0, not -1"),
        (
            ClassifierConfig,
            {"max_length": 0},
            "whole reviews (`max_length` 0) need `mask`, or padding would change their answers",
        ),
        (ClassifierConfig, {"bigrams": -1}, "`bigrams` must be at least 0, not -1"),
        (
            ClassifierConfig,
            {"bigrams": 2**24 + 1},
            "`bigrams` must be at most 16,777,216, not 16777217",
        ),
        (
            ClassifierConfig,
            {"max_length": 10**8},
            "`max_length` must be at most 20,000, not 100000000",
        ),
        (
            ClassifierConfig,
            {"bigrams": 1},
            "`bigrams` must be 0 (none) or 2 and above: row 0 is padding",
        ),
        (
            ClassifierConfig,
            {"max_length": 20_000, "units": (1,) * 6, "bidirectional": True},
            (
                "reviews of 20,000 tokens are too long for 12 passes over them, one for each of "
                "the `layers` and direction: give a smaller `max_length`, or fewer `layers`"
            ),
        ),
        (
            ClassifierConfig,
            {"max_length": 0, "mask": True, "units": (300,), "bidirectional": True},
            (
                "reviews of 20,000 tokens are too long for a layer that is 600 wide: "
                "give a smaller `max_length`, `embedding` or `units`"
            ),
        ),
        (
            ClassifierConfig,
            AVERAGE | {"max_length": 20_000, "embedding": 16_384},
            (
                "reviews of 20,000 tokens are too long for a layer that is 16,384 wide: "
                "give a smaller `max_length`, `embedding` or `units`"
            ),
        ),
        (ClassifierConfig, {"embedding": 10**6}, "`embedding` must be at most 65,536, not 1000000"),
        (ClassifierConfig, {"dense": 10**6}, "`dense` must be at most 65,536, not 1000000"),
        (ClassifierConfig, {"units": (8, 10**21)}, "`units` must be at most 65,536"),
        (ClassifierConfig, {"units": (8,) * 101}, "`layers` must be at most 100, not 101"),
        (
            ClassifierConfig,
            {"vocabulary_size": 250_001},
            "`max_words` must be at most 250,000, not 250001",
        ),
        (ClassifierConfig, {"dropout": 1.0}, "`dropout` must lie in [0, 1), not 1.0"),
        (ClassifierConfig, {"dropout": math.nan}, "`dropout` must lie in [0, 1), not nan"),
        (
            ClassifierConfig,
            {"embedding_dropout": -0.1},
            "`embedding_dropout` must lie in [0, 1), not -0.1",
        ),
        (ClassifierConfig, {"word_dropout": 1.5}, "`word_dropout` must lie in [0, 1), not 1.5"),
        (
            ClassifierConfig,
            {"cell": "average"},
            "the `cell` average has no `units` or `layers`: leave them out",
        ),
        (
            ClassifierConfig,
            AVERAGE | {"bidirectional": True},
            "the `cell` average has no direction",
        ),
        (
            ClassifierConfig,
            AVERAGE | {"pooling": "max"},
            "the `cell` average has no outputs to take the maximum of",
        ),
        (
            ClassifierConfig,
            ALONE | {"bigrams": 0},
            "the `cell` none is for presets with bigrams: bigrams and best",
        ),
        (
            ClassifierConfig,
            ALONE | {"dense": 2},
            "the `cell` none has no dense layer or dropout",
        ),
        (
            ClassifierConfig,
            ALONE | {"dropout": 0.1},
            "the `cell` none has no dense layer or dropout",
        ),
        (
            WordModelConfig,
            {"cell": "average"},
            "unknown `cell` 'average': choose rnn, lstm, gru",
        ),
        (
            WordModelConfig,
            {"tokens": "letters"},
            "unknown `tokens` 'letters': choose words, subwords",
        ),
        (WordModelConfig, {"embedding": 0}, "`embedding` must be at least 1, not 0"),
        (WordModelConfig, {"units": 0}, "`units` must be at least 1, not 0"),
        (WordModelConfig, {"units": (3,)}, "`units` must be int, not (3,)"),
        (WordModelConfig, {"vocabulary_size": 4}, "`max_words` must be above 4"),
        (WordModelConfig, {"units": 2**17}, "`units` must be at most 65,536, not 131072"),
        (ReviewTraining, {"optimizer": "sgd"}, "unknown `optimizer` 'sgd': choose adam, rmsprop"),
        (
            ReviewTraining,
            {"schedule": "linear"},
            "unknown `schedule` 'linear': choose constant, cosine",
        ),
        (
            ReviewTraining,
            {"precision": "float16"},
            "unknown `precision` 'float16': choose float32, bfloat16",
        ),
        (ReviewTraining, {"batch_size": 0}, "`batch_size` must be at least 1, not 0"),
        (
            ReviewTraining,
            {"batch_size": 10_001},
            "`batch_size` must be at most 10,000, not 10001",
        ),
        (ReviewTraining, {"epochs": 10**21}, f"`epochs` must be at most 50,000, not {10**21}"),
        (ReviewTraining, {"folds": 101}, "`folds` must be at most 100, not 101"),
        (ReviewTraining, {"epochs": 0}, "`epochs` must be at least 1, not 0"),
        (ReviewTraining, {"epochs": "2"}, "`epochs` must be int, not '2'"),
        (ReviewTraining, {"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        (
            ReviewTraining,
            {"learning_rate": math.inf},
            "`learning_rate` must be a finite number, not inf",
        ),
        (
            ReviewTraining,
            {"learning_rate": math.nan},
            "`learning_rate` must be a finite number, not nan",
        ),
        (ReviewTraining, {"clip_norm": -1.0}, "`clip_norm` must be 0 (none) or above"),
        (ReviewTraining, {"clip_norm": math.nan}, "`clip_norm` must be a finite number, not nan"),
        (ReviewTraining, {"validation": 0.0}, "`validation` must lie in (0, 1)"),
        (ReviewTraining, {"validation": 1.0}, "`validation` must lie in (0, 1)"),
        (ReviewTraining, {"patience": -1}, "`patience` must be at least 0, not -1"),
        (ReviewTraining, {"frozen_epochs": -1}, "`frozen_epochs` must be at least 0, not -1"),
        (ReviewTraining, {"folds": 1}, "`folds` must be 0 (none) or 2 and above"),
        (ReviewTraining, {"seed": -1}, "`seed` must lie in [0, 2^32)"),
        (ReviewTraining, {"seed": 2**32}, "`seed` must lie in [0, 2^32)"),
    ],
    ids=str,
)
def test_wrong_values_are_rejected(kind: type[Any], values: dict[str, Any], message: str) -> None:
    """Each value outside its range, and each contradiction, is one line that names it."""
    assert catch_message(UsageError, lambda: kind(**values)) == message
