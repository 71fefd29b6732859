"""The word model: its loss by plain NumPy, its paths, and that it learns."""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from charrnn.config.reviews import WordModelConfig
from charrnn.networks import word_model
from charrnn.networks.weights import get_weights
from charrnn.runs.checkpoint import Weights

keras_saves = pytest.mark.filterwarnings(  # Keras 3.15's save_weights on NumPy 2
    "ignore:__array__ implementation:DeprecationWarning"
)
CELLS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
TIME = 6
BATCH = 3
EVERY_CELL = pytest.mark.parametrize("cell", CELLS)


def build_with_weights(config: WordModelConfig) -> Any:
    model = word_model.build_model(config, BATCH, TIME)
    random = np.random.default_rng(3)
    model.set_weights([random.normal(0, 0.8, one.shape) for one in model.get_weights()])
    return model


def compute_plain_loss(config: WordModelConfig, weights: Weights, ids: Any) -> float:
    """Compute the mean cross-entropy of each next word and each previous word, in float64."""
    values = list(weights.values())
    table, bias = (one.astype(np.float64) for one in values[-2:])
    losses = []
    for place, order in enumerate((ids, ids[:, ::-1])):
        options = {} if config.cell == "rnn" else {"use_cudnn": False}
        layer = CELLS[config.cell](config.units, return_sequences=True, **options)
        vectors = values[0][order]
        layer(vectors)
        layer.set_weights(values[1 + 3 * place : 4 + 3 * place])
        predicted = np.asarray(layer(vectors)).astype(np.float64) @ values[7 + place]
        for row, words in zip(predicted, order, strict=True):
            for step in range(TIME - 1):
                logits = table @ row[step] + bias
                losses.append(np.log(np.exp(logits).sum()) - logits[words[step + 1]])
    return float(np.mean(losses))


@pytest.mark.slow
@EVERY_CELL
def test_loss_is_the_cross_entropy_in_both_directions(cell: str) -> None:
    """Outside training the output is the mean over both directions and all words, in nats."""
    config = WordModelConfig(20, 3, cell, 4)
    model = build_with_weights(config)
    ids = np.random.default_rng(4).integers(1, 20, (BATCH, TIME)).astype(np.int32)
    expected = compute_plain_loss(config, get_weights(model, config), ids)
    assert float(model(ids)) == pytest.approx(expected, abs=1e-5)
    assert model.losses[0].numpy() == pytest.approx(expected, abs=1e-5)


def test_an_untrained_model_guesses() -> None:
    """Before training the loss is about that of guessing among all words."""
    config = WordModelConfig(50, 3, "rnn", 4)
    ids = np.random.default_rng(4).integers(1, 50, (BATCH, TIME)).astype(np.int32)
    assert float(word_model.build_model(config, BATCH, TIME)(ids)) == pytest.approx(
        np.log(50), abs=0.05
    )


@keras_saves
@EVERY_CELL
def test_weights_are_named_as_keras_names_them(cell: str, tmp_path: Path) -> None:
    """Order, shapes and paths are as declared, and the paths are those Keras saves under."""
    config = WordModelConfig(20, 3, cell, 4)
    model = build_with_weights(config)
    weights = get_weights(model, config)
    assert {path: one.shape for path, one in weights.items()} == config.weight_shapes()
    assert config.parameters == model.count_params()
    model.save_weights(tmp_path / "keras.weights.h5")
    with h5py.File(tmp_path / "keras.weights.h5") as file:
        for path, values in weights.items():
            np.testing.assert_array_equal(file[path], values)


@pytest.mark.slow
def test_training_among_a_sample_lowers_the_exact_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a repetitive text, training with 5 sampled words teaches the next of all 40 words."""
    monkeypatch.setattr(word_model, "_SAMPLED", 5)
    keras.utils.set_random_seed(1)
    config = WordModelConfig(40, 8, "rnn", 8)
    model = word_model.build_model(config, BATCH, TIME)
    ids = np.resize(np.arange(1, 8, dtype=np.int32), (BATCH, TIME))
    before = float(model(ids))
    model.compile(optimizer=keras.optimizers.Adam(0.03), jit_compile=False)
    model.fit(np.tile(ids, (60, 1)), batch_size=BATCH, epochs=1, verbose=0, shuffle=False)
    assert before > 3.5
    assert float(model(ids)) < 0.6
