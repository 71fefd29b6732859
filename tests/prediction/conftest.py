"""Classifiers of any configuration, and stock Keras as the judge of what they answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.checkpoint import Classifier, Provenance
from charrnn.classifiers import ClassifierConfig
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words

VOCABULARY = ["the", "a", "and", "of", "film", "it", "is", "was", "this", "br"]
VOCABULARY += ["good", "bad", "great", "awful", "not", "very", "don't"]
LEARNT = ["the film is a good film, a great film", "it was bad, a bad and awful film"] * 9


@pytest.fixture(scope="session")
def make_classifier() -> Callable[..., Classifier]:
    """Builds an untrained classifier of any configuration, with weights from a seed.

    The weights have the scale of trained ones, so that answers differ from review to review.
    """
    encoders: dict[str, Words | Subwords] = {
        "words": Words(VOCABULARY),
        "subwords": Subwords.learn(LEARNT, 300),
    }

    def make(*, seed: int = 0, **fields: Any) -> Classifier:
        encoder = encoders[fields.get("tokens", "words")]
        size: dict[str, Any] = {
            "vocabulary_size": len(encoder),
            "embedding": 5,
            "units": (6,),
            "max_length": 12,
        }
        config = ClassifierConfig(**(size | fields))
        random = np.random.default_rng(seed)
        gain = 1 if config.cell == "rnn" else 2  # a simple RNN far above 1 is chaotic
        weights = {}
        for name, shape in config.weight_shapes().items():
            scale = gain / np.sqrt(shape[0] if len(shape) > 1 else 9)
            weights[name] = random.normal(0, scale, shape).astype(np.float32)
        if config.cell != "none":
            embedding = weights["layers/embedding/vars/0"]
            embedding *= 1 / embedding.std()
        if config.bigrams:
            weights["layers/bigrams/vars/0"] *= np.sqrt(config.bigrams)
            weights["layers/bigrams/vars/1"][:] = 0.3
        return Classifier(config, encoder, Provenance("test", "0" * 64, 1, 0.5, 0.4), weights)

    return make


@pytest.fixture(scope="session")
def stock() -> Callable[..., Any]:
    """Logits (B,) of ids (B, T) from Keras's own layers.

    Their weights are set, or loaded by Keras itself from the checkpoint file that is named.
    """
    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    def logits(classifier: Classifier, ids: Any, file: Path | None = None) -> Any:
        network = _stock_network(classifier.network, ids.shape[1])
        if file is None:
            network.set_weights(list(classifier.weights.values()))
        else:
            network.load_weights(file)
        return np.asarray(network(ids))[:, 0]

    return logits


def _stock_network(config: ClassifierConfig, time: int) -> Any:
    import keras

    keras.backend.clear_session()  # names count from the start, as in a checkpoint file
    cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    ids = keras.Input((time,), dtype="int32")
    embedding = keras.layers.Embedding
    signal = embedding(config.vocabulary_size, config.embedding, mask_zero=config.mask)(ids)
    for place, units in enumerate(config.units, 1):
        options = {} if config.cell == "rnn" else {"use_cudnn": False}  # no time to look for it
        all_outputs = place < len(config.units) or config.pooling == "max"
        layer = cells[config.cell](units, return_sequences=all_outputs, **options)
        signal = (keras.layers.Bidirectional(layer) if config.bidirectional else layer)(signal)
    if not config.units:
        signal = keras.layers.GlobalAveragePooling1D()(signal)
    elif config.pooling == "max":
        signal = keras.layers.GlobalMaxPooling1D()(signal)
    if config.dense:
        signal = keras.layers.Dense(config.dense, activation="relu")(signal)
    return keras.Model(ids, keras.layers.Dense(1)(signal))
