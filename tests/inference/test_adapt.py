"""Dynamic evaluation: stock Keras's gradients and the paper's formula are the oracles."""

from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import CELLS
from charrnn.inference.adapt import LearningNetwork
from charrnn.runs.checkpoint import Checkpoint
from tests.support.networks import CHARACTERS, MakeCheckpoint


def compute_by_keras(checkpoint: Checkpoint, pieces: list[Any], targets: Any) -> dict[str, Any]:
    """Logits of the last piece and its mean loss's gradients, cut off before that piece."""
    import keras
    import tensorflow as tf

    config = checkpoint.network
    kinds = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    embedding = keras.layers.Embedding(config.vocabulary_size, config.embedding)
    cells = [
        kinds[config.cell](config.units, return_sequences=True, return_state=True)
        for _ in range(config.layers)
    ]
    dense = keras.layers.Dense(config.vocabulary_size)
    states: list[Any] = [None] * config.layers

    def read(ids: Any) -> Any:
        signal = embedding(np.asarray(ids)[np.newaxis])
        for place, cell in enumerate(cells):
            signal, *states[place] = cell(signal, initial_state=states[place])
        return dense(signal)

    read(pieces[0])
    states = [None] * config.layers
    layers = [embedding, *cells, dense]
    values = iter(checkpoint.weights.values())
    for layer in layers:
        layer.set_weights([next(values) for _ in layer.weights])
    for piece in pieces[:-1]:
        read(piece)
    states = [[tf.stop_gradient(state) for state in layer] for layer in states]
    weights = [weight.value for layer in layers for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        logits = read(pieces[-1])
        losses = keras.losses.sparse_categorical_crossentropy(targets, logits[0], from_logits=True)
        loss = tf.reduce_mean(losses)
    gradients = [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(loss, weights)]
    named = dict(zip(checkpoint.weights, gradients, strict=True))
    return {"logits": logits[0].numpy(), **named}


def draw_ids(count: int) -> Any:
    return np.random.default_rng(1).integers(len(CHARACTERS), size=count, dtype=np.int32)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_stock_keras(make_checkpoint: MakeCheckpoint, cell: str, layers: int) -> None:
    """By every weight, of a piece that begins in the middle of a text."""
    checkpoint = make_checkpoint(cell=cell, layers=layers)
    ids = draw_ids(20)
    network = LearningNetwork(checkpoint)
    network.read(ids[:3])
    network.reset()
    network.read(ids[:8])
    results = {"logits": network.read(ids[8:-1])}
    results |= network.compute_gradients(ids[9:])
    expected = compute_by_keras(checkpoint, [ids[:8], ids[8:-1]], ids[9:])
    assert results.keys() == expected.keys()
    for name, values in results.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], atol=2e-6, err_msg=name)
