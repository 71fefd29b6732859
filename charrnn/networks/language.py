"""The character language model: ids in, logits of the next character out."""

from typing import Any

import keras

from charrnn.config import NetworkConfig
from charrnn.networks.layers import Dense, Embedding
from charrnn.networks.recurrent import CELLS


def build(config: NetworkConfig, batch_size: int, precision: str = "float32") -> Any:
    """An untrained stateful network: embedding, recurrent layers, dense, with dropouts.

    Recurrent kernels begin glorot-uniform as in the tutorial, everything else as Keras does it.

    Args:
        config: the network's sizes.
        batch_size: B; a stateful layer keeps one state for each row of the batch.
        precision: what matrix products and their factors are rounded to.

    Returns:
        a `keras.Model` from ids (B, T) to logits (B, T, V).
    """
    ids = keras.Input(batch_shape=(batch_size, None), dtype="int32")
    signal = Embedding(config.vocabulary_size, config.embedding, projected=True)(ids)
    if config.embedding_dropout:
        signal = keras.layers.Dropout(config.embedding_dropout)(signal)
    for _ in range(config.layers):
        signal = CELLS[config.cell](
            config.units,
            stateful=True,
            return_sequences=True,
            recurrent_initializer="glorot_uniform",
            precision=precision,
            weight_drop=config.weight_drop,
        )(signal)
        if config.dropout:
            signal = keras.layers.Dropout(config.dropout)(signal)
    return keras.Model(ids, Dense(config.vocabulary_size, precision=precision)(signal))


def recurrent_layers(model: Any) -> list[Any]:
    """The layers of `model` that carry a state, first to last."""
    return [layer for layer in model.layers if getattr(layer, "stateful", False)]


def reset_state(model: Any) -> None:
    """Set every carried state to zero."""
    for layer in recurrent_layers(model):
        layer.reset_state()
