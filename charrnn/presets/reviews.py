"""The review classifiers by name: a row of data each.

A row stands apart from the Keras code that builds it, so that help texts, tables and predictions
read it without TensorFlow.
"""

from dataclasses import dataclass, field
from typing import Any

SUBWORDS = 8_185  # the size of the articles' subword vocabulary


@dataclass(frozen=True)
class Preset:
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

PRESETS: dict[str, Preset] = {
    "average-16": Preset(
        {**_AFTER, "cell": "average", "units": ()},
        {"epochs": 30},
        "validation accuracy 0.8756, test 0.8586, loss 0.6545",
    ),
    "rnn-64": Preset(
        {**_AFTER, "cell": "rnn", "units": (64,)},
        {"batch_size": 512, "epochs": 30},
        "test accuracy 0.4993, loss 0.7455: it learns nothing",
    ),
    "rnn-64-masked": Preset(
        {**_AFTER, "cell": "rnn", "units": (64,), "mask": True},
        {"batch_size": 128, "epochs": 10, "clip_norm": 1.0},
        "rnn-64 with its padding left out, and other training",
    ),
    "bilstm-64x2": Preset(
        {**_AFTER, "units": (64, 64), "bidirectional": True},
        {"batch_size": 512, "epochs": 30},
        "validation accuracy 0.8732, test 0.8441, loss 0.7835",
    ),
    "rnn-32": Preset(
        {"cell": "rnn", "max_length": 500},
        _BY_RMSPROP,
        "validation accuracy peaks at 0.8558, ends at 0.7976",
    ),
    "rnn-32-dense": Preset(
        {"cell": "rnn", "dense": 32, "max_length": 200},
        _BY_RMSPROP,
        "accuracy about 0.85",
    ),
    "lstm-32": Preset(
        {"max_length": 200},
        _BY_RMSPROP,
        "accuracy 0.88; 0.885 with --max-length 500",
    ),
    "gru-32": Preset({"cell": "gru", "max_length": 200}, _BY_RMSPROP, "no figure"),
    "lstm-32-early": Preset(
        {"embedding": 64, "max_length": 200}, {"epochs": 10, "patience": 3}, "no figure"
    ),
    "bilstm-64-subword": Preset(
        {**_SUBWORDS, "embedding": 64, "units": (64,), "bidirectional": True},
        _SUBWORD_TRAINING,
        "24 s an epoch on a cloud GPU",
    ),
    "bilstm-64-32-subword": Preset(
        {**_SUBWORDS, "embedding": 64, "units": (64, 32), "bidirectional": True},
        _SUBWORD_TRAINING,
        "43 s an epoch on a cloud GPU",
    ),
    "bigru-32-subword": Preset(
        {**_SUBWORDS, "embedding": 16, "cell": "gru", "units": (32,), "bidirectional": True},
        _SUBWORD_TRAINING,
        "16 s an epoch on a cloud GPU",
    ),
    "average-64-subword": Preset(
        {**_SUBWORDS, "embedding": 64, "cell": "average", "units": ()},
        _SUBWORD_TRAINING,
        "2 s an epoch on a cloud GPU",
    ),
    "bigrams": Preset(
        {"cell": "none", "units": (), "vocabulary_size": 30_000, "bigrams": 2**20},
        {"learning_rate": 0.003, "epochs": 4, "validation": 0.1},
        "no article's; test accuracy 0.9056 of a like network, 0.9122 of NBSVM",
    ),
    "best": Preset(
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

DEFAULT_PRESET = "lstm-32"
