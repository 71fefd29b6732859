"""Stock Keras as the oracle of this program's networks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import NetworkConfig

StockLogits = Callable[[NetworkConfig, Sequence[Any], Any], Any]


@pytest.fixture(scope="session")
def stock_network() -> Callable[[NetworkConfig], Any]:
    """Builds a network of Keras's own layers, which carry no state from call to call."""
    import keras

    cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}

    def build(config: NetworkConfig) -> Any:
        network = keras.Sequential(
            [
                keras.layers.Embedding(config.vocabulary_size, config.embedding),
                *(
                    cells[config.cell](config.units, return_sequences=True)
                    for _ in range(config.layers)
                ),
                keras.layers.Dense(config.vocabulary_size),
            ]
        )
        network.build((None, None))
        return network

    return build


@pytest.fixture(scope="session")
def stock_logits(stock_network: Callable[[NetworkConfig], Any]) -> StockLogits:
    """Computes logits (B, N, V) of ids (B, N) by stock Keras, in one pass from a zero state."""

    def logits(config: NetworkConfig, weights: Sequence[Any], ids: Any) -> Any:
        network = stock_network(config)
        network.set_weights(weights)
        return np.asarray(network(np.asarray(ids)))

    return logits
