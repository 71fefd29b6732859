"""A run whose network has diverged ends in one line, and keeps nothing of what broke."""

import math
from typing import Any

import keras
import numpy as np
import pytest

import charrnn
from charrnn.config.language import TrainingConfig
from charrnn.config.reviews import ReviewTraining
from charrnn.errors import DivergedError
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from charrnn.training.guard import Guard
from charrnn.training.language_batches import count_steps
from tests.support.training import MakeTraining, assert_usable


def spoil(model: Any) -> None:
    """Make a weight of the last layer NaN."""
    bias = model.layers[-1].bias
    bias.assign(np.full(bias.shape, np.nan))


def test_a_loss_of_nan_ends_the_run(make_training: MakeTraining, models: list[Any]) -> None:
    """A loss of NaN is reported with its epoch, and the epochs before it stay usable."""
    small = make_training(epochs=5)

    def spoil_in_epoch_2() -> bool:
        if small.recording.is_at(2, "step", 2):
            spoil(models[0])
        return False

    with pytest.raises(DivergedError) as diverged:
        small.start(spoil_in_epoch_2)
    assert str(diverged.value) == (
        "the loss became NaN or infinite in epoch 2; earlier epochs are kept: resume with "
        "learning_rate=0.005"
    )
    assert diverged.value.changes == {"learning_rate": 0.005}
    assert small.recording.is_at(2, "step", 2)
    assert small.run.list_epochs() == [1]
    assert [result.epoch for result in small.run.read_history()] == [1]
    assert np.isfinite(charrnn.load(small.run.folder).score("assert"))
    assert len(read_progress(small.run, LanguageRecipe).results) == 1


def test_an_interruption_keeps_no_broken_network(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """If a step's update made the weights NaN, Ctrl-C after it writes no file of them."""
    small = make_training(epochs=5)

    def spoil_and_stop() -> bool:
        broken = small.recording.is_at(2, "step", 2)
        if broken:
            spoil(models[0])
        return broken

    with pytest.raises(DivergedError, match=r"in epoch 2; "):
        small.start(spoil_and_stop)
    assert small.run.list_epochs() == [1]
    assert not small.run.interrupted_file.exists()


def test_a_learning_rate_far_too_high_ends_in_one_line(make_training: MakeTraining) -> None:
    """If the weights explode the run ends with an error, and keeps no broken epoch."""
    small = make_training(epochs=50, learning_rate=1e38, clip_norm=0.0)
    with pytest.raises(DivergedError, match=r"became NaN or infinite in epoch 1: ") as diverged:
        small.start()
    assert diverged.value.changes == {"learning_rate": 0.01, "clip_norm": 1.0}
    message = str(diverged.value)
    assert message.endswith(": resume with learning_rate=0.01, clip_norm=1")
    assert "\n" not in message
    assert_usable(small)


@pytest.mark.slow
@pytest.mark.parametrize("validation", [0.1, 0.0])
def test_an_epoch_that_broke_the_network_is_not_kept(
    make_training: MakeTraining, models: list[Any], validation: float
) -> None:
    """If an epoch's last step broke the network, after its loss was known, it is not kept."""
    small = make_training(epochs=3, validation=validation)
    steps = count_steps(small.recipe.split(small.ids), small.recipe.training)

    def spoil_after_last_step() -> bool:
        if small.recording.is_at(2, "step", steps):
            spoil(models[0])
        return False

    with pytest.raises(DivergedError, match=r"in epoch 2; "):
        small.start(spoil_after_last_step)
    assert small.run.list_epochs() == [1]
    assert len(small.run.read_history()) == 1
    assert_usable(small)


def guarded(config: TrainingConfig | ReviewTraining) -> Guard:
    """A guard of a network that is whole, in the third epoch."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    guard = Guard(config)
    guard.set_model(model)
    guard.on_epoch_begin(2)
    return guard


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_losses_must_be_finite(loss: float) -> None:
    """A step's loss and an epoch's, training's and validation's, are all checked."""
    guard = guarded(TrainingConfig())
    guard.on_train_batch_end(0, {"loss": 1.5})
    guard.on_epoch_end(2, {"loss": 1.5, "val_loss": 1.5})
    for logs in ({"loss": loss, "val_loss": 1.5}, {"loss": 1.5, "val_loss": loss}):
        with pytest.raises(DivergedError, match=r"in epoch 3; "):
            guard.on_epoch_end(2, logs)
    with pytest.raises(DivergedError, match=r"in epoch 3; "):
        guard.on_train_batch_end(0, {"loss": loss})


@pytest.mark.parametrize("weight", [math.nan, math.inf])
def test_weights_must_be_finite(weight: float) -> None:
    """At an epoch's end weights are checked, however good its losses."""
    guard = guarded(TrainingConfig())
    guard.model.layers[-1].bias.assign([weight])
    with pytest.raises(DivergedError, match=r"in epoch 3; "):
        guard.on_epoch_end(2, {"loss": 1.5})


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        (TrainingConfig(learning_rate=0.002), {"learning_rate": 0.001}),
        (TrainingConfig(learning_rate=0.5), {"learning_rate": 0.01}),
        (
            TrainingConfig(learning_rate=0.5, clip_norm=0.0),
            {"learning_rate": 0.01, "clip_norm": 1.0},
        ),
        (ReviewTraining(learning_rate=0.002, clip_norm=0.0), {"learning_rate": 0.001}),
    ],
)
def test_what_to_change(config: TrainingConfig | ReviewTraining, changes: dict[str, float]) -> None:
    """Half the rate, at most 0.01; clipping too if there was none and a resume can change it."""
    with pytest.raises(DivergedError) as diverged:
        guarded(config).on_train_batch_end(0, {"loss": math.nan})
    assert diverged.value.changes == changes
