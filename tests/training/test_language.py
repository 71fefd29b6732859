"""Training a language model: its losses, its first weights, its optimizer."""

from typing import Any

import keras
import numpy as np
import pytest

from charrnn.config.fields import select_fields
from charrnn.config.language import TrainingConfig
from charrnn.config.presets import LANGUAGE_PRESETS
from charrnn.data.corpus import split_text
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import UsageError
from charrnn.planning.transfer import grow_vocabulary
from charrnn.runs.saved import Saved
from charrnn.training.language import compile_model
from charrnn.training.language_batches import choose_windows, count_steps, make_validation_batches
from charrnn.training.restore import restore_model
from tests.support.networks import MakeCheckpoint
from tests.support.training import MakeTraining, SmallRun


def _first_weights(small: SmallRun) -> list[Any]:
    weights: list[Any] = compile_model(small.recipe).get_weights()
    return weights


def _stock_loss(small: SmallRun, weights: list[Any], ids: Any, read: int) -> float:
    """Mean loss over a text's streams of `read` characters, in one pass by stock Keras layers."""
    import keras

    config, network = small.recipe.training, small.recipe.network
    assert network.cell == "gru"
    model = keras.Sequential(
        [
            keras.layers.Embedding(network.vocabulary_size, network.embedding),
            keras.layers.GRU(network.units, return_sequences=True),
            keras.layers.Dense(network.vocabulary_size),
        ]
    )
    model.build((None, None))
    model.set_weights(weights)
    size = config.batch_size
    streams = np.stack([ids[row * read : (row + 1) * read + 1] for row in range(size)])
    logits = np.asarray(model(streams[:, :-1])).astype(np.float64)
    losses = np.log(np.exp(logits).sum(axis=2)) - np.take_along_axis(
        logits, streams[:, 1:, None], axis=2
    ).squeeze(2)
    return float(losses.mean())


def test_the_tutorial_takes_172_steps_an_epoch() -> None:
    """On tiny Shakespeare's 1,115,394 characters the tutorial has its published 172 steps."""
    config = TrainingConfig(**select_fields(TrainingConfig, LANGUAGE_PRESETS["tutorial"]["rnn"]))
    assert count_steps(split_text(np.zeros(1_115_394, np.int32), config.validation), config) == 172


@pytest.mark.parametrize("dropout", [0.0, 0.8])
def test_reported_losses_are_those_of_stock_keras(
    make_training: MakeTraining, dropout: float
) -> None:
    """Losses are means over each character, states carried, dropout in training alone."""
    small = make_training(cell="gru", dropout=dropout, epochs=1, learning_rate=1e-12)
    small.start()
    (result,) = small.recording.results
    weights = list(small.checkpoint(1).weights.values())
    config = small.recipe.training
    ids, validation_ids = split_text(small.ids, 0.1)
    read = count_steps((ids, validation_ids), config) * config.seq_length
    shift = int(next(iter(choose_windows(len(ids), config, 0)))[0])
    expected = _stock_loss(small, weights, ids[shift:], read)
    batches = make_validation_batches(validation_ids, config)
    read = sum(inputs.shape[1] for inputs, _ in batches)
    expected_validation = _stock_loss(small, weights, validation_ids, read)
    assert result.validation_loss == pytest.approx(expected_validation, abs=1e-5)
    if dropout:
        assert abs(result.train_loss - expected) > 1e-4
    else:
        assert result.train_loss == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_borrowed_weights_survive_a_resume(
    make_training: MakeTraining, make_checkpoint: MakeCheckpoint
) -> None:
    """Killed in its first epoch, a run begins again with them, and without their source.

    Before the first step the resume file holds them, to the last bit.
    """
    text = "what the old network has never read, " * 20
    old = make_checkpoint(" -aeht水", cell="gru", embedding=3, units=5)
    new = grow_vocabulary(old, Vocabulary.of(text))
    values: dict[str, Any] = {
        "vocabulary": new.vocabulary.to_values(),
        "cell": "gru",
        "dropout": 0.2,
        "epochs": 1,
    }
    whole, stopped = (make_training(text=text, **values) for _ in range(2))
    whole.start(borrowed=new.weights)

    def kill() -> bool:
        if stopped.recording.is_at(1, "step", 2):
            raise LookupError
        return False

    with pytest.raises(LookupError):
        stopped.start(kill, new.weights)
    model = compile_model(stopped.recipe)
    restore_model(Saved(stopped.run), model)
    for kept, expected in zip(model.get_weights(), new.weights.values(), strict=True):
        np.testing.assert_array_equal(kept, expected)
    stopped.resume()
    for path, expected in whole.checkpoint(1).weights.items():
        np.testing.assert_array_equal(stopped.checkpoint(1).weights[path], expected)


@pytest.mark.slow
def test_one_step_changes_every_parameter(make_training: MakeTraining) -> None:
    """After one step of training no parameter has the value that it began with."""
    text = "the quick brown fox jumps over a lazy dog. " * 4
    small = make_training(
        text=text[:161], cell="lstm", layers=2, epochs=1, seq_length=40, validation=0.0
    )
    assert count_steps(small.recipe.split(small.ids), small.recipe.training) == 1
    before = _first_weights(small)
    small.start()
    for old, (name, new) in zip(before, small.checkpoint(1).weights.items(), strict=True):
        assert (old != new).all(), name


@pytest.mark.slow
def test_a_seed_decides_a_run(make_training: MakeTraining) -> None:
    """The same seed gives the same weights, whatever was sampled before; another seed, others."""
    weights = []
    for seed in (3, 3, 4):
        np.random.default_rng().random()
        small = make_training(seed=seed, epochs=1, dropout=0.2, order="shuffled")
        small.start()
        weights.append(small.checkpoint(1).weights)
    first, again, other = weights
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)
    assert any(np.abs(other[name] - values).max() > 1e-3 for name, values in first.items())


def test_the_largest_seed_trains(make_training: MakeTraining) -> None:
    """The largest seed that the configuration accepts is one that Keras accepts too."""
    small = make_training(seed=2**32 - 1)
    assert len(_first_weights(small)) == 6
    with pytest.raises(UsageError, match="seed"):
        make_training(seed=2**32)


def test_the_optimizer_is_as_configured(make_training: MakeTraining) -> None:
    """Adam, with the learning rate and the clipping of the whole gradient's norm that were set."""
    for clip_norm, expected in ((0.7, 0.7), (0.0, None)):
        small = make_training(learning_rate=0.03, clip_norm=clip_norm)
        optimizer = compile_model(small.recipe).optimizer
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(0.03)
        assert optimizer.global_clipnorm == expected
        assert optimizer.clipnorm is None
        assert optimizer.clipvalue is None


def test_weight_decay_is_the_rates_part_of_each_weight(make_training: MakeTraining) -> None:
    """If the gradient is zero Adam stands still, and weights lose decay times rate (AdamW)."""
    for decay, kept in ((0.4, 1 - 0.4 * 0.03), (0.0, 1.0)):
        small = make_training(learning_rate=0.03, weight_decay=decay)
        model = compile_model(small.recipe)
        before = [variable.numpy() for variable in model.trainable_variables]
        model.optimizer.apply([np.zeros_like(value) for value in before])
        for value, variable in zip(before, model.trainable_variables, strict=True):
            np.testing.assert_allclose(variable.numpy(), kept * value, rtol=1e-6)
