"""What happens around the steps: states, early stopping, broken losses, interruption, crashes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn.runs import checkpoint, resume
from charrnn.data.corpus import split
from charrnn.data.windows import cut
from charrnn.errors import TrainingError
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, LanguageRecipe
from charrnn.training import restore
from charrnn.training.batches import epoch_starts, steps_per_epoch
from charrnn.training.callbacks import DivergedError, Interrupted
from charrnn.training.train import compiled

MakeTraining = Callable[..., Any]


def _weights(training: Any, epoch: int) -> list[Any]:
    return list(training.checkpoint(epoch).weights.values())


def _assert_close(actual: list[Any], expected: list[Any], tolerance: float = 0) -> None:
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def _differ(actual: list[Any], expected: list[Any]) -> bool:
    return any(np.abs(a - b).max() > 1e-4 for a, b in zip(actual, expected, strict=True))


def _by_hand(training: Any, *, reset_epochs: bool, reset_batches: bool) -> list[Any]:
    """The weights after all epochs, from stock layers stepped in a plain loop.

    The embedding is a product with one-hot rows: its gradient is dense, as this program's is.
    """
    import keras

    network, config = training.settings.network, training.settings.training
    assert network.cell == "rnn"
    assert config.clip_norm
    recurrent = keras.layers.SimpleRNN(network.units, return_sequences=True, stateful=True)
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(config.batch_size, None), dtype="int32"),
            keras.layers.Lambda(lambda ids: keras.ops.one_hot(ids, network.vocabulary_size)),
            keras.layers.Dense(network.embedding, use_bias=False),
            recurrent,
            keras.layers.Dense(network.vocabulary_size),
        ]
    )
    model.set_weights(compiled(Progress(training.settings, [])).get_weights())
    model.compile(
        keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    ids, _ = split(training.ids, config.validation)
    for epoch in range(config.epochs):
        if reset_epochs:
            recurrent.reset_state()
        for starts in epoch_starts(len(ids), config, epoch):
            if reset_batches:
                recurrent.reset_state()
            model.train_on_batch(*cut(ids, starts, config.seq_length))
    weights: list[Any] = model.get_weights()
    return weights


@pytest.mark.parametrize(
    ("values", "resets"),
    [
        ({"order": "streams", "state": "carry"}, (True, False)),
        ({"order": "shuffled", "state": "carry"}, (False, False)),
        ({"order": "streams", "state": "reset", "stride": 5}, (False, True)),
    ],
    ids=["streams", "tutorial", "reset"],
)
def test_states_are_carried_and_reset_as_promised(
    make_training: MakeTraining, values: dict[str, Any], resets: tuple[bool, bool]
) -> None:
    """Streams begin each epoch at zero, the tutorial never does, `reset` does at each batch."""
    training = make_training(**values, clip_norm=0.3, learning_rate=0.03)
    training.start()
    reset_epochs, reset_batches = resets
    expected = _by_hand(training, reset_epochs=reset_epochs, reset_batches=reset_batches)
    _assert_close(_weights(training, 2), expected, 1e-5)


def test_validation_does_not_disturb_training(make_training: MakeTraining, real_text: str) -> None:
    """On the same training text the weights are the same with a validation text and without."""
    text, more = real_text[:600], real_text[600:800]
    values = {
        "vocabulary": "".join(sorted(set(text + more))),
        "order": "shuffled",
        "dropout": 0.3,
        "learning_rate": 0.03,
    }
    alone = make_training(text=text, validation=0.0, **values)
    beside = make_training(text=text + more, validation=0.25, **values)
    np.testing.assert_array_equal(split(beside.ids, 0.25)[0], alone.ids)
    for training in (alone, beside):
        training.start()
    assert beside.told.results[1].validation_loss is not None
    _assert_close(_weights(beside, 2), _weights(alone, 2))


def _worsening(make_training: MakeTraining, **values: Any) -> Any:
    """A training that learns "a" and is validated on "b", worse after each epoch."""
    return make_training(text="a" * 300 + "b" * 100, validation=0.25, **values)


def test_patience_stops_a_training_that_no_longer_improves(make_training: MakeTraining) -> None:
    """Training ends when so many epochs in a row were no best, as the run's best stays."""
    training = _worsening(make_training, epochs=9, patience=2)
    training.start()
    losses = [result.validation_loss for result in training.told.results]
    assert losses == sorted(losses)
    assert len(losses) == 3
    assert training.run.best_epoch() == 1


def test_patience_counts_epochs_before_a_resume(make_training: MakeTraining) -> None:
    """Epochs without a best count whether or not the training was broken off between them."""
    training = _worsening(make_training, epochs=2, patience=2)
    training.start()
    assert training.run.epochs() == [1, 2]
    training.go_on(epochs=9)
    assert training.run.epochs() == [1, 2, 3]


def test_a_loss_that_is_no_number_ends_the_training(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """A loss of NaN is reported with its epoch, and the epochs before it stay usable."""
    training = make_training(epochs=5)

    def spoil() -> bool:
        if training.told.at(2, "step", 2):
            models[0].layers[-1].bias.assign(np.full(models[0].output_shape[-1], np.nan))
        return False

    with pytest.raises(DivergedError, match=r"in epoch 2; ") as diverged:
        training.start(spoil)
    assert diverged.value.flags == "--learning-rate 0.005"
    assert training.told.at(2, "step", 2)
    assert training.run.epochs() == [1]
    assert [result.epoch for result in training.run.history()] == [1]
    assert np.isfinite(charrnn.load(training.run.folder).score("assert"))
    assert len(read_progress(training.run, LanguageRecipe).results) == 1


def test_a_network_that_broke_is_not_kept_by_an_interruption(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """Where the step's update made the weights NaN, Ctrl-C after it writes no such file."""
    training = make_training(epochs=5)

    def spoil() -> bool:
        broken = training.told.at(2, "step", 2)
        if broken:
            models[0].layers[-1].bias.assign(np.full(models[0].output_shape[-1], np.nan))
        return bool(broken)

    with pytest.raises(DivergedError, match=r"in epoch 2; "):
        training.start(spoil)
    assert training.run.epochs() == [1]
    assert not training.run.interrupted_file.exists()


def test_a_learning_rate_far_too_high_ends_in_one_line(make_training: MakeTraining) -> None:
    """Where the weights explode the training ends with an error, and keeps no broken epoch."""
    training = make_training(epochs=50, learning_rate=1e38, clip_norm=0.0)
    with pytest.raises(DivergedError, match=r"no longer a number in epoch 1; ") as diverged:
        training.start()
    assert diverged.value.flags == "--learning-rate 0.01 --clip-norm 1"
    _assert_usable(training)


@pytest.mark.parametrize("validation", [0.1, 0.0])
def test_an_epoch_that_broke_the_network_is_not_kept(
    make_training: MakeTraining, models: list[Any], validation: float
) -> None:
    """Where an epoch's last step broke the network, after its loss was known, it is not kept."""
    training = make_training(epochs=3, validation=validation)
    steps = steps_per_epoch(training.ids, training.settings.training)

    def spoil() -> bool:
        if training.told.at(2, "step", steps):
            models[0].layers[-1].bias.assign(np.full(models[0].output_shape[-1], np.nan))
        return False

    with pytest.raises(TrainingError):
        training.start(spoil)
    assert training.run.epochs() == [1]
    _assert_usable(training)


def _assert_usable(training: Any) -> None:
    """Every checkpoint that is kept has numbers for weights and for its loss."""
    for epoch in training.run.epochs():
        left = training.checkpoint(epoch)
        assert np.isfinite(left.provenance.train_loss)
        assert all(np.isfinite(values).all() for values in left.weights.values())


def test_an_interrupted_epoch_is_kept_until_it_is_done(make_training: MakeTraining) -> None:
    """An interruption keeps the weights of the epoch under way; they go once it has ended."""
    training = make_training(epochs=3)
    with pytest.raises(Interrupted) as interruption:
        training.start(lambda: training.told.at(2, "step", 3))
    assert interruption.value.step == 3
    assert training.run.epochs() == [1]
    kept = charrnn.load(training.run.interrupted_file).checkpoint
    source = kept.provenance
    assert (source.epoch, source.finished, source.validation_loss) == (2, False, None)
    assert source.train_loss == training.told.events[-1][2]
    assert _differ(list(kept.weights.values()), _weights(training, 1))
    training.go_on()
    assert not training.run.interrupted_file.exists()
    assert training.run.epochs() == [1, 2, 3]


def test_an_interruption_of_the_first_epoch_leaves_something_to_sample(
    make_training: MakeTraining,
) -> None:
    """Interrupted before any epoch has ended, a run is sampled from what there is."""
    training = make_training()
    with pytest.raises(Interrupted):
        training.start(lambda: training.told.at(1, "step", 1))
    assert charrnn.load(training.run.folder).checkpoint.provenance.finished is False
    assert read_progress(training.run, LanguageRecipe).results == []


def test_an_interruption_while_validating_loses_nothing(make_training: MakeTraining) -> None:
    """Asked to stop while the validation text is read, a training ends with that epoch saved."""
    training = make_training(epochs=2)
    with pytest.raises(Interrupted) as interruption:
        training.start(lambda: ("validation",) in training.told.events)
    assert interruption.value.step == 0
    assert training.run.epochs() == [1]
    assert not training.run.interrupted_file.exists()
    assert len(read_progress(training.run, LanguageRecipe).results) == 1


def test_an_interruption_after_the_last_epoch_is_none(make_training: MakeTraining) -> None:
    """Asked to stop when all is done, a training simply ends."""
    training = make_training(epochs=1)
    training.start(lambda: training.told.at(1, "end"))
    assert training.run.epochs() == [1]


UNBROKEN = {"epochs": 3, "order": "shuffled", "dropout": 0.3}

SAVING = {"checkpoint": (checkpoint, "write"), "history": (Run, "write_history")} | {
    "resume": (resume, "save")
}


@pytest.fixture(scope="module")
def unbroken(make_training: MakeTraining) -> Any:
    """A training that nothing has happened to."""
    training = make_training(**UNBROKEN)
    training.start()
    return training


@pytest.mark.parametrize("place", SAVING)
def test_a_crash_while_an_epoch_is_saved_is_harmless(
    make_training: MakeTraining, unbroken: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Wherever the saving of epoch 2 breaks off, a resume ends as if it had not."""
    training = make_training(**UNBROKEN)
    module, name = SAVING[place]
    save = getattr(module, name)

    def full_in_epoch_2(*args: Any) -> None:
        if training.told.epoch == 2:
            raise OSError(28, "No space left on device")
        save(*args)

    monkeypatch.setattr(module, name, full_in_epoch_2)
    with pytest.raises(OSError, match="No space left"):
        training.start()
    assert len(read_progress(training.run, LanguageRecipe).results) == 1
    assert charrnn.load(training.run.folder).checkpoint.provenance.finished
    monkeypatch.undo()
    training.go_on()
    assert training.run.epochs() == [1, 2, 3]
    assert [result.epoch for result in training.run.history()] == [1, 2, 3]
    for epoch in (2, 3):
        _assert_close(_weights(training, epoch), _weights(unbroken, epoch))
