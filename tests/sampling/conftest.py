"""Stock Keras as the judge of what is written out in NumPy."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.checkpoint import Checkpoint

StockLogits = Callable[[Checkpoint, Any], Any]


@pytest.fixture(scope="session")
def stock_logits() -> StockLogits:
    """Logits (B, N, V) of ids (B, N) from Keras's own layers, read in one pass from zero."""
    import keras

    cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}

    def logits(checkpoint: Checkpoint, ids: Any) -> Any:
        config = checkpoint.network
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
        network.set_weights(list(checkpoint.weights.values()))
        return np.asarray(network(np.asarray(ids)))

    return logits


@pytest.fixture(scope="session")
def make_realistic(make_checkpoint: Callable[..., Checkpoint]) -> Callable[..., Checkpoint]:
    """Builds a network of 64 units whose weights have the scale of trained ones."""

    def make(seed: int = 0, **sizes: str | int) -> Checkpoint:
        characters = "\n" + "".join(map(chr, range(33, 72)))
        checkpoint = make_checkpoint(characters, **({"embedding": 16, "units": 64} | sizes))
        # Trained gated networks measure about 2; a simple RNN far above 1 is chaotic, so that
        # rounding alone would tell two right implementations apart.
        gain = 1 if checkpoint.network.cell == "rnn" else 2
        random = np.random.default_rng(seed)
        weights = {
            name: random.normal(0, gain / np.sqrt(len(old)), old.shape).astype(np.float32)
            for name, old in checkpoint.weights.items()
        }
        return replace(checkpoint, weights=weights)

    return make
