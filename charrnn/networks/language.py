"""The character language model: ids in, logits of the next character out.

Shapes: B batch, T time, E embedding, V vocabulary.
"""

from typing import Any

import keras

from charrnn.config.language import NetworkConfig
from charrnn.networks.dropout import Dropout
from charrnn.networks.layers import Embedding
from charrnn.networks.recurrent import LAYERS

# Measured, see docs/decisions/0006-recurrent-scans.md.
PROJECTED = 2  # times the embedding's width: the largest vocabulary whose table is worth projecting


def build_model(
    config: NetworkConfig, batch_size: int, precision: str = "float32", first_stream: int = 0
) -> Any:
    """Build an untrained stateful network: embedding, recurrent layers, dense, with dropouts.

    Recurrent kernels are initialized Glorot-uniform as in the tutorial, everything else by Keras's
    defaults.

    Args:
        config: the network's sizes.
        batch_size: B; a stateful layer keeps one state for each row of the batch.
        precision: what the recurrent layers' products and their factors are rounded to. Logits
            are float32, see docs/decisions/0006-recurrent-scans.md.
        first_stream: the number of the first row's stream, by which dropout is drawn.

    Returns:
        a `keras.Model` from ids (B, T) to logits (B, T, V).
    """
    ids = keras.Input(batch_shape=(batch_size, None), dtype="int32")
    signal, lookup = _embed(config, ids, first_stream)
    for place in range(config.layers):
        layer = LAYERS[config.cell](
            config.units,
            stateful=True,
            return_sequences=True,
            recurrent_initializer="glorot_uniform",
            precision=precision,
            weight_drop=config.weight_drop,
        )
        signal = layer(signal) if place else layer(signal, **lookup)
        if config.dropout:
            signal = Dropout(config.dropout, first_stream=first_stream)(signal)
    return keras.Model(ids, keras.layers.Dense(config.vocabulary_size)(signal))


def _embed(config: NetworkConfig, ids: Any, first_stream: int) -> tuple[Any, dict[str, Any]]:
    """Build the embedding.

    Returns:
        the characters' vectors (B, T, E), and the arguments by which the first recurrent layer
        projects the table instead of the vectors; none if the table is too large to gain by it.
    """
    is_large = config.vocabulary_size > PROJECTED * config.embedding
    embedding = Embedding(
        config.vocabulary_size,
        config.embedding,
        return_table=not is_large,
        dropout=config.embedding_dropout,
        character_dropout=config.character_dropout,
        first_stream=first_stream,
    )
    if is_large:
        return embedding(ids), {}
    vectors, table, ids = embedding(ids)
    return vectors, {"ids": ids, "table": table}


def find_recurrent_layers(model: Any) -> list[Any]:
    """Find the layers of `model` that carry a state, first to last."""
    return [layer for layer in model.layers if getattr(layer, "stateful", False)]


def list_states(model: Any) -> list[list[Any]]:
    """The carried states, first to last; each in as many parts as there are devices, (B, H)."""
    states = [state.value for layer in find_recurrent_layers(model) for state in layer.states]
    return [[*getattr(state, "values", [state])] for state in states]


def reset_states(model: Any) -> None:
    """Set every carried state to zero."""
    for layer in find_recurrent_layers(model):
        layer.reset_state()
