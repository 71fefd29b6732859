"""Small networks of both kinds, and stock Keras as the judge of what is written out in NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charrnn.config.reviews import ClassifierConfig
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words
from charrnn.runs.checkpoint import Checkpoint, Classifier, Provenance, Weights
from tests.support import networks
from tests.support.networks import (
    MakeClassifier,
    MakeRealistic,
    StockAnswers,
    StockLogits,
    choose_gain,
)

WORDS = ["the", "a", "and", "of", "film", "it", "is", "was", "this", "br"]
WORDS += ["good", "bad", "great", "awful", "not", "very", "don't"]
TEXTS = ["the film is a good film, a great film", "it was bad, a bad and awful film"] * 9


@pytest.fixture(scope="session")
def make_realistic() -> MakeRealistic:
    """Builds a language model of 64 units whose weights have the scale of trained ones."""
    return networks.make_realistic


@pytest.fixture(scope="session")
def make_classifier() -> MakeClassifier:
    """Builds a classifier of any configuration, its weights from a seed.

    The weights have the scale of trained ones, so that answers differ from review to review.
    """
    encoders: dict[str, Words | Subwords] = {
        "words": Words(WORDS),
        "subwords": Subwords.learn(TEXTS, 300),
    }

    def make(*, seed: int = 0, **fields: Any) -> Classifier:
        encoder = encoders[fields.get("tokens", "words")]
        sizes: dict[str, Any] = {"embedding": 5, "units": (6,), "max_length": 12}
        config = ClassifierConfig(**({"vocabulary_size": len(encoder)} | sizes | fields))
        provenance = Provenance("test", "0" * 64, 1, 0.5, 0.4)
        return Classifier(config, encoder, provenance, _realistic_weights(config, seed))

    return make


@pytest.fixture(scope="session")
def stock_logits() -> StockLogits:
    """Logits (B, T, V) of ids (B, T) from Keras's own layers, read in one pass from zero."""
    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    def compute(checkpoint: Checkpoint, ids: Any) -> npt.NDArray[np.float32]:
        network = _stock_language_model(checkpoint)
        network.set_weights(list(checkpoint.weights.values()))
        return np.asarray(network(np.asarray(ids)))

    return compute


@pytest.fixture(scope="session")
def stock_answers() -> StockAnswers:
    """Logits (B,) of reviews' ids (B, T) from Keras's own layers.

    Their weights are set, or loaded by Keras itself from a checkpoint file.
    """
    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    def compute(classifier: Classifier, ids: Any, file: Path | None = None) -> Any:
        network = _stock_classifier(classifier.network, ids.shape[1])
        if file is None:
            network.set_weights(list(classifier.weights.values()))
        else:
            network.load_weights(file)
        return np.asarray(network(ids))[:, 0]

    return compute


def _realistic_weights(config: ClassifierConfig, seed: int) -> Weights:
    random, gain = np.random.default_rng(seed), choose_gain(config.cell)
    weights = {}
    for name, shape in config.weight_shapes().items():
        scale = gain / np.sqrt(shape[0] if len(shape) > 1 else 9)
        weights[name] = random.normal(0, scale, shape).astype(np.float32)
    if config.reads_sequence:
        embedding = weights["layers/embedding/vars/0"]
        embedding *= 1 / embedding.std()
    if config.bigrams:
        weights["layers/bigrams/vars/0"] *= np.sqrt(config.bigrams)
        weights["layers/bigrams/vars/1"][:] = 0.3
    return weights


def _stock_cell(cell: str, units: int, *, return_sequences: bool) -> Any:
    from keras import layers

    if cell == "rnn":
        return layers.SimpleRNN(units, return_sequences=return_sequences)
    layer = {"lstm": layers.LSTM, "gru": layers.GRU}[cell]
    return layer(units, return_sequences=return_sequences, use_cudnn=False)  # no time to look


def _stock_language_model(checkpoint: Checkpoint) -> Any:
    import keras

    config = checkpoint.network
    network = keras.Sequential(
        [
            keras.layers.Embedding(config.vocabulary_size, config.embedding),
            *(
                _stock_cell(config.cell, config.units, return_sequences=True)
                for _ in range(config.layers)
            ),
            keras.layers.Dense(config.vocabulary_size),
        ]
    )
    network.build((None, None))
    return network


def _stock_classifier(config: ClassifierConfig, time: int) -> Any:
    import keras

    keras.backend.clear_session()  # names count from the start, as in a checkpoint file
    ids = keras.Input((time,), dtype="int32")
    embedding = keras.layers.Embedding
    signal = embedding(config.vocabulary_size, config.embedding, mask_zero=config.mask)(ids)
    for place, units in enumerate(config.units, 1):
        all_outputs = place < len(config.units) or config.pooling == "max"
        layer = _stock_cell(config.cell, units, return_sequences=all_outputs)
        signal = (keras.layers.Bidirectional(layer) if config.bidirectional else layer)(signal)
    if not config.units:
        signal = keras.layers.GlobalAveragePooling1D()(signal)
    elif config.pooling == "max":
        signal = keras.layers.GlobalMaxPooling1D()(signal)
    if config.dense:
        signal = keras.layers.Dense(config.dense, activation="relu")(signal)
    return keras.Model(ids, keras.layers.Dense(1)(signal))
