"""What `preset` names: networks and training as rows of data.

The language models' values were found by experiment, docs/decisions/0008-presets.md; the
classifiers' are their articles'.
"""

from dataclasses import dataclass, field
from typing import Any

from charrnn.config.fields import CELLS

DEFAULT_PRESET = "default"
TUTORIAL = "tutorial"

_ARTICLE: dict[str, Any] = {
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

_WINDOWS: dict[str, Any] = {
    "seq_length": 100,
    "batch_size": 16,
    "schedule": "cosine",
    "patience": 8,
}
_MINUTE: dict[str, Any] = {**_WINDOWS, "units": 384, "weight_decay": 0.07}
_QUICK: dict[str, Any] = {**_WINDOWS, "units": 512, "dropout": 0.25, "weight_decay": 0.1}
_DEFAULT: dict[str, Any] = {
    **_WINDOWS,
    "units": 768,
    "dropout": 0.55,
    "embedding_dropout": 0.1,
    "weight_decay": 0.2,
}
_RNN: dict[str, Any] = {**_WINDOWS, "units": 512, "weight_decay": 0.08, "learning_rate": 0.003}

LANGUAGE_PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "minute": {
        "rnn": {**_MINUTE, "epochs": 4, "learning_rate": 0.003},
        "lstm": {**_MINUTE, "epochs": 3, "learning_rate": 0.017},
        "gru": {**_MINUTE, "epochs": 3, "learning_rate": 0.012},
    },
    "quick": {
        "rnn": {**_RNN, "dropout": 0.15, "epochs": 10},
        "lstm": {**_QUICK, "epochs": 9, "learning_rate": 0.014},
        "gru": {**_QUICK, "epochs": 10, "learning_rate": 0.01},
    },
    DEFAULT_PRESET: {
        "rnn": {**_RNN, "dropout": 0.3, "epochs": 24},
        "lstm": {**_DEFAULT, "epochs": 18, "learning_rate": 0.01},
        "gru": {**_DEFAULT, "epochs": 22, "learning_rate": 0.008},
    },
    TUTORIAL: dict.fromkeys(CELLS, _ARTICLE),
}
"""Preset name and cell to the fields of `NetworkConfig` and `TrainingConfig` that they set."""


SUBWORDS = 8_185  # the size of the articles' subword vocabulary


@dataclass(frozen=True)
class ReviewPreset:
    """A named classifier.

    Attributes:
        network: fields of `ClassifierConfig`.
        training: fields of `ReviewTraining`.
        reported: what its article says of it.
    """

    network: dict[str, Any]
    training: dict[str, Any] = field(default_factory=dict)
    reported: str = ""


_SUBWORDS: dict[str, Any] = {
    "tokens": "subwords",
    "vocabulary_size": SUBWORDS,
    "max_length": 0,
    "padding": "after",
    "mask": True,  # else a review's answer would depend on the longest review beside it
    "dense": 64,
}
_SUBWORD_TRAINING: dict[str, Any] = {"batch_size": 64, "epochs": 10, "validation": 0.1}
_AFTER: dict[str, Any] = {"embedding": 16, "max_length": 500, "padding": "after", "dense": 64}
_BY_RMSPROP: dict[str, Any] = {"optimizer": "rmsprop", "batch_size": 128, "epochs": 10}

REVIEW_PRESETS: dict[str, ReviewPreset] = {
    "average-16": ReviewPreset(
        {**_AFTER, "cell": "average", "units": ()},
        {"epochs": 30},
        "validation accuracy 0.8756, test 0.8586, loss 0.6545",
    ),
    "rnn-64": ReviewPreset(
        {**_AFTER, "cell": "rnn", "units": (64,)},
        {"batch_size": 512, "epochs": 30},
        "test accuracy 0.4993, loss 0.7455: it learns nothing",
    ),
    "rnn-64-masked": ReviewPreset(
        {**_AFTER, "cell": "rnn", "units": (64,), "mask": True},
        {"batch_size": 128, "epochs": 10, "clip_norm": 1.0},
        "rnn-64 with its padding left out, and other training",
    ),
    "bilstm-64x2": ReviewPreset(
        {**_AFTER, "units": (64, 64), "bidirectional": True},
        {"batch_size": 512, "epochs": 30},
        "validation accuracy 0.8732, test 0.8441, loss 0.7835",
    ),
    "rnn-32": ReviewPreset(
        {"cell": "rnn", "max_length": 500},
        _BY_RMSPROP,
        "validation accuracy peaks at 0.8558, ends at 0.7976",
    ),
    "rnn-32-dense": ReviewPreset(
        {"cell": "rnn", "dense": 32, "max_length": 200},
        _BY_RMSPROP,
        "accuracy about 0.85",
    ),
    "lstm-32": ReviewPreset(
        {"max_length": 200},
        _BY_RMSPROP,
        "accuracy 0.88; 0.885 with --max-length 500",
    ),
    "gru-32": ReviewPreset({"cell": "gru", "max_length": 200}, _BY_RMSPROP, "no figure"),
    "lstm-32-early": ReviewPreset(
        {"embedding": 64, "max_length": 200}, {"epochs": 10, "patience": 3}, "no figure"
    ),
    "bilstm-64-subword": ReviewPreset(
        {**_SUBWORDS, "embedding": 64, "units": (64,), "bidirectional": True},
        _SUBWORD_TRAINING,
        "24 s an epoch on a cloud GPU",
    ),
    "bilstm-64-32-subword": ReviewPreset(
        {**_SUBWORDS, "embedding": 64, "units": (64, 32), "bidirectional": True},
        _SUBWORD_TRAINING,
        "43 s an epoch on a cloud GPU",
    ),
    "bigru-32-subword": ReviewPreset(
        {**_SUBWORDS, "embedding": 16, "cell": "gru", "units": (32,), "bidirectional": True},
        _SUBWORD_TRAINING,
        "16 s an epoch on a cloud GPU",
    ),
    "average-64-subword": ReviewPreset(
        {**_SUBWORDS, "embedding": 64, "cell": "average", "units": ()},
        _SUBWORD_TRAINING,
        "2 s an epoch on a cloud GPU",
    ),
    "bigrams": ReviewPreset(
        {"cell": "none", "units": (), "vocabulary_size": 30_000, "bigrams": 2**20},
        {"learning_rate": 0.003, "epochs": 4, "validation": 0.1},
        "no article's; test accuracy 0.9056 of a like network, 0.9122 of NBSVM",
    ),
    "best": ReviewPreset(
        {
            "vocabulary_size": 30_000,
            "bigrams": 2**22,
            "embedding": 64,
            "units": (64,),
            "bidirectional": True,
            "pooling": "max",
            "mask": True,
            "dropout": 0.5,
            "embedding_dropout": 0.3,
            "word_dropout": 0.2,
            "max_length": 400,
        },
        {
            "learning_rate": 0.002,
            "schedule": "cosine",
            "clip_norm": 1.0,
            "batch_size": 64,
            "epochs": 2,
            "validation": 0.1,
            "folds": 5,
        },
        "no article's; test accuracy 0.926 of a pre-trained LSTM (Miyato et al. 2017)",
    ),
}
"""Preset name to its row, the articles' twelve among them; a flag overrides each."""

DEFAULT_REVIEW_PRESET = "lstm-32"
