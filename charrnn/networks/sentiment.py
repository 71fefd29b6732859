"""The review classifiers: token ids in, the logit of "positive" out."""

from typing import Any

import keras

from charrnn.classifiers import ClassifierConfig
from charrnn.networks.layers import CELLS, Dense, Embedding


def build(config: ClassifierConfig, batch_size: int, precision: str = "float32") -> Any:
    """An untrained classifier as its row of configuration says.

    Args:
        config: the network.
        batch_size: B.
        precision: what the recurrent layers' products and their factors are rounded to.

    Returns:
        a `keras.Model` from ids (B, T) to logits (B, 1); the probability is their sigmoid.
    """
    ids = keras.Input(batch_shape=(batch_size, config.input_length), dtype="int32")
    rows = config.vocabulary_size + config.bigrams
    signal = Embedding(rows, config.embedding, mask_zero=config.mask)(ids)
    for place, units in enumerate(config.units, 1):
        signal = _recurrent(config, units, place < len(config.units), precision)(signal)
    if not config.units:
        signal = keras.layers.GlobalAveragePooling1D()(signal)
    if config.dropout:
        signal = keras.layers.Dropout(config.dropout)(signal)
    if config.dense:
        signal = Dense(config.dense, activation="relu")(signal)
    return keras.Model(ids, Dense(1)(signal))


def _recurrent(config: ClassifierConfig, units: int, sequences: bool, precision: str) -> Any:
    layer = CELLS[config.cell](
        units, return_sequences=sequences, precision=precision, few_lengths=True
    )
    return keras.layers.Bidirectional(layer) if config.bidirectional else layer
