"""A training from outside: what it reports, what it leaves, what it refuses."""

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs.checkpoint import Checkpoint, read_checkpoint
from charrnn.config.language import TrainingConfig
from charrnn.data.corpus import split
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CorpusTooShortError, RunError, UsageError
from charrnn.config.presets import LANGUAGE_PRESETS
from charrnn.runs.recipe import Progress
from charrnn.training import restore
from charrnn.training.batches import epoch_starts, steps_per_epoch, validation_batches
from charrnn.training.callbacks import Interrupted
from charrnn.training.train import compiled
from charrnn.planning.transfer import grown

MakeTraining = Callable[..., Any]


def _first_weights(training: Any) -> list[Any]:
    weights: list[Any] = compiled(Progress(training.settings, [])).get_weights()
    return weights


def _stock_loss(training: Any, weights: list[Any], ids: Any, read: int) -> float:
    """Mean loss over a text's streams of `read` characters, in one pass by stock Keras layers."""
    import keras

    config, network = training.settings.training, training.settings.network
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
    names = {field.name for field in fields(TrainingConfig)}
    config = TrainingConfig(
        **{name: value for name, value in PRESETS["tutorial"]["rnn"].items() if name in names}
    )
    assert steps_per_epoch(np.zeros(1_115_394, np.int32), config) == 172


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_reported_losses_are_those_of_stock_keras(
    make_training: MakeTraining, dropout: float
) -> None:
    """Losses are means over each character, states carried, dropout in training alone."""
    training = make_training(cell="gru", dropout=dropout, epochs=1, learning_rate=1e-12)
    training.start()
    (result,) = training.told.results
    weights = list(training.checkpoint(1).weights.values())
    config = training.settings.training
    ids, validation_ids = split(training.ids, 0.1)
    read = steps_per_epoch(training.ids, config) * config.seq_length
    shift = int(epoch_starts(len(ids), config, 0).min())
    expected = _stock_loss(training, weights, ids[shift:], read)
    batches = validation_batches(validation_ids, config)
    read = sum(inputs.shape[1] for inputs, _ in batches)
    expected_validation = _stock_loss(training, weights, validation_ids, read)
    assert result.validation_loss == pytest.approx(expected_validation, abs=1e-5)
    if dropout:
        assert abs(result.train_loss - expected) > 1e-4
    else:
        assert result.train_loss == pytest.approx(expected, abs=1e-5)


def test_borrowed_weights_survive_a_resume(
    make_training: MakeTraining, make_checkpoint: Callable[..., Checkpoint]
) -> None:
    """Broken off in its first epoch, a training begins again with them, and without their source.

    Before the first step the resume file holds them, to the last bit.
    """
    text = "what the old network has never read, " * 20
    old = make_checkpoint(" -aeht水", cell="gru", embedding=3, units=5)
    new = grown(old, Vocabulary.of(text))
    values = {"vocabulary": new.vocabulary.characters, "cell": "gru", "dropout": 0.2, "epochs": 1}
    whole, broken = (make_training(text=text, **values) for _ in range(2))
    whole.start(borrowed=new.weights)
    with pytest.raises(Interrupted):
        broken.start(lambda: broken.told.at(1, "step", 2), new.weights)
    model = compiled(Progress(broken.settings, []))
    resume.restore(broken.run, model)
    for kept, expected in zip(model.get_weights(), new.weights.values(), strict=True):
        np.testing.assert_array_equal(kept, expected)
    broken.go_on()
    for path, expected in whole.checkpoint(1).weights.items():
        np.testing.assert_array_equal(broken.checkpoint(1).weights[path], expected)


def test_one_step_changes_every_parameter(make_training: MakeTraining) -> None:
    """After one step of training no parameter has the value that it began with."""
    text = "the quick brown fox jumps over a lazy dog. " * 4
    training = make_training(
        text=text[:161], cell="lstm", layers=2, epochs=1, seq_length=40, validation=0.0
    )
    assert steps_per_epoch(training.ids, training.settings.training) == 1
    before = _first_weights(training)
    training.start()
    for old, (name, new) in zip(before, training.checkpoint(1).weights.items(), strict=True):
        assert (old != new).all(), name


@pytest.fixture(scope="module")
def trained(make_training: MakeTraining) -> Any:
    """A training of three epochs that has ended."""
    training = make_training(epochs=3)
    training.start()
    return training


def test_the_listener_is_told_in_order(trained: Any) -> None:
    """A display hears of each epoch's begin, steps, validation and end, counted from 1."""
    steps = steps_per_epoch(trained.ids, trained.settings.training)
    assert steps > 2
    expected = [
        event
        for epoch in (1, 2, 3)
        for event in (
            ("begin", epoch),
            *(("step", step) for step in range(1, steps + 1)),
            ("validation",),
            ("end", epoch),
        )
    ]
    assert [event[:2] for event in trained.told.events] == expected


def test_a_step_reports_the_mean_so_far(trained: Any) -> None:
    """The loss shown with an epoch's last step is the one that the epoch ends with."""
    steps = steps_per_epoch(trained.ids, trained.settings.training)
    last = [event[2] for event in trained.told.events if event[:2] == ("step", steps)]
    assert last == [result.train_loss for result in trained.told.results]


def test_results_are_told_alike_everywhere(trained: Any) -> None:
    """Listener, history and checkpoints tell the same losses; `best` is the lowest so far."""
    results = trained.told.results
    told = [(result.epoch, result.train_loss, result.validation_loss) for result in results]
    assert [epoch for epoch, _, _ in told] == [1, 2, 3]
    history = trained.run.history()
    assert [(row.epoch, row.train_loss, row.validation_loss) for row in history] == told
    sources = [trained.checkpoint(epoch).provenance for epoch in (1, 2, 3)]
    assert [(one.epoch, one.train_loss, one.validation_loss) for one in sources] == told
    assert all(source.finished for source in sources)
    losses = [loss for _, _, loss in told]
    bests = [event[2] for event in trained.told.events if event[0] == "end"]
    assert bests == [loss == min(losses[: place + 1]) for place, loss in enumerate(losses)]


def test_what_a_training_leaves(trained: Any) -> None:
    """A run's folder holds an epoch's file for each, the history and what a resume needs."""
    assert sorted(path.name for path in trained.run.folder.glob("[!.]*")) == [
        "epoch-0001.weights.h5",
        "epoch-0002.weights.h5",
        "epoch-0003.weights.h5",
        "history.csv",
        "resume.h5",
    ]
    left = trained.checkpoint(3)
    assert left.network == trained.settings.network
    assert left.vocabulary.characters == trained.settings.vocabulary.characters
    assert (left.provenance.corpus, left.provenance.corpus_sha256) == ("test", "0" * 64)


def test_a_seed_decides_the_training(make_training: MakeTraining) -> None:
    """The same seed gives the same weights, whatever has been random before; another, others."""
    weights = []
    for seed in (3, 3, 4):
        np.random.default_rng().random()
        training = make_training(seed=seed, epochs=1, dropout=0.2, order="shuffled")
        training.start()
        weights.append(training.checkpoint(1).weights)
    first, again, other = weights
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)
    assert any(np.abs(other[name] - values).max() > 1e-3 for name, values in first.items())


def test_the_largest_seed_trains(make_training: MakeTraining) -> None:
    """The largest seed that the configuration accepts is one that Keras accepts too."""
    training = make_training(seed=2**32 - 1)
    assert len(_first_weights(training)) == 6
    with pytest.raises(UsageError, match="seed"):
        make_training(seed=2**32)


def test_the_optimizer_is_as_configured(make_training: MakeTraining) -> None:
    """Adam, with the learning rate and the clipping of the whole gradient's norm asked for."""
    for clip_norm, expected in ((0.7, 0.7), (0.0, None)):
        training = make_training(learning_rate=0.03, clip_norm=clip_norm)
        optimizer = compiled(Progress(training.settings, [])).optimizer
        assert type(optimizer).__name__ == "Adam"
        assert float(optimizer.learning_rate) == pytest.approx(0.03)
        assert optimizer.global_clipnorm == expected
        assert optimizer.clipnorm is None
        assert optimizer.clipvalue is None


def test_weight_decay_is_the_rates_part_of_each_weight(make_training: MakeTraining) -> None:
    """Where the gradient is zero Adam stands still, and weights lose decay times rate (AdamW)."""
    for decay, kept in ((0.4, 1 - 0.4 * 0.03), (0.0, 1.0)):
        training = make_training(learning_rate=0.03, weight_decay=decay)
        model = compiled(Progress(training.settings, []))
        before = [variable.numpy() for variable in model.trainable_variables]
        model.optimizer.apply([np.zeros_like(value) for value in before])
        for value, variable in zip(before, model.trainable_variables, strict=True):
            np.testing.assert_allclose(variable.numpy(), kept * value, rtol=1e-6)


def _cosine(step: int, steps: int) -> float:
    """The part of the largest rate that step `step` of 1 to `steps` takes."""
    warm = steps / 10
    if step <= warm:
        return step / warm
    return 0.02 + 0.98 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2


def _rates(training: Any, models: list[Any]) -> tuple[list[float], Callable[[], bool]]:
    """A list that fills with the rate of each step, and what to hand to a training for that."""
    rates: list[float] = []

    def noted() -> bool:
        if training.told.events[-1][0] == "step":
            rates.append(float(models[-1].optimizer.learning_rate))
        return False

    return rates, noted


def test_a_cosine_learning_rate(
    make_training: MakeTraining, models: list[Any], real_text: str
) -> None:
    """Up over the first tenth of all steps, then half a cosine down to 2 %; more epochs stretch it.

    Broken off and gone on with, a training takes each step at the same rate.
    """
    values = {"text": real_text[:401], "validation": 0.0, "learning_rate": 0.05, "epochs": 2}
    whole, broken = (make_training(schedule="cosine", **values) for _ in range(2))
    rates, noted = _rates(whole, models)
    whole.start(noted)
    assert steps_per_epoch(whole.ids, whole.settings.training) == 10
    assert [rates[step] for step in (0, 1, 10, 19)] == pytest.approx(
        [0.025, 0.05, 0.05 * 0.51, 0.001]
    )
    assert rates == pytest.approx([0.05 * _cosine(step, 20) for step in range(1, 21)])
    whole.go_on(noted, epochs=3)
    assert rates[20:] == pytest.approx([0.05 * _cosine(step, 30) for step in range(21, 31)])

    broken_rates, noted = _rates(broken, models)
    with pytest.raises(Interrupted):
        broken.start(lambda: noted() or broken.told.at(2, "step", 3))
    broken.go_on(noted)
    assert broken_rates == [*rates[:13], *rates[10:20]]
    for name, expected in whole.checkpoint(2).weights.items():
        np.testing.assert_array_equal(broken.checkpoint(2).weights[name], expected)


@pytest.mark.parametrize(("schedule", "first"), [("constant", 0.05), ("cosine", 0.025)])
def test_a_step_is_taken_at_its_rate(
    make_training: MakeTraining, models: list[Any], real_text: str, schedule: str, first: float
) -> None:
    """Adam's first step moves a weight by the rate of that step; a constant one stays."""
    values = {"text": real_text[:401], "validation": 0.0, "learning_rate": 0.05, "epochs": 2}
    training = make_training(schedule=schedule, **values)
    before = _first_weights(training)
    rates, noted = _rates(training, models)
    with pytest.raises(Interrupted):
        training.start(lambda: noted() or training.told.at(1, "step", 1))
    after = read(training.run.interrupted_file).weights.values()
    moved = max(np.abs(new - old).max() for new, old in zip(after, before, strict=True))
    assert moved == pytest.approx(first, rel=1e-3)
    if schedule == "constant":
        training.go_on(noted)
        assert rates == pytest.approx([0.05] * 21)


@pytest.mark.parametrize(
    ("length", "values"),
    [(40, {"validation": 0.0}), (43, {"validation": 0.0, "order": "shuffled"}), (45, {})],
)
def test_too_short_a_text_leaves_nothing_behind(
    make_training: MakeTraining, real_text: str, length: int, values: dict[str, Any]
) -> None:
    """A text a character short of one batch is refused before a folder is made."""
    training = make_training(text=real_text[:length], seq_length=10, batch_size=4, **values)
    with pytest.raises(CorpusTooShortError):
        training.start()
    assert not training.run.folder.exists()
    enough = make_training(text=real_text[: length + 2], seq_length=10, batch_size=4, **values)
    assert steps_per_epoch(enough.ids, enough.settings.training) == 1


def test_too_short_a_validation_text_is_refused(
    make_training: MakeTraining, real_text: str
) -> None:
    """A validation part without two characters for each stream is refused before training."""
    training = make_training(text=real_text[:600], batch_size=4, validation=0.006)
    assert len(split(training.ids, 0.006)[1]) == 4
    with pytest.raises(CorpusTooShortError):
        training.start()
    assert not training.run.folder.exists()


@pytest.fixture
def other_process(tmp_path: Path) -> Any:
    """Starts a process that holds the lock of a run's folder until its input ends."""
    program = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    started: list[subprocess.Popen[str]] = []

    def hold(lock: Path) -> subprocess.Popen[str]:
        lock.parent.mkdir(parents=True)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.communicate(timeout=60)


def test_a_folder_is_trained_in_by_one_process(
    make_training: MakeTraining, other_process: Callable[[Path], Any]
) -> None:
    """While a process trains in a folder another is refused; once it has ended, none is."""
    training = make_training(epochs=1)
    process = other_process(training.run.lock_file)
    with pytest.raises(RunError, match="'run' is being trained by another process"):
        training.start()
    assert not list(training.run.folder.glob("*.h5"))
    process.communicate(timeout=60)
    training.start()
    assert training.run.epochs() == [1]


def test_a_second_training_meanwhile_is_refused(make_training: MakeTraining) -> None:
    """The folder is held from the first step to the last, and free after a training broke off."""
    first = make_training(epochs=1)
    second = replace(first)
    refused: list[str] = []

    def interrupted() -> bool:
        with pytest.raises(RunError) as caught:
            second.start()
        refused.append(str(caught.value))
        raise LookupError

    with pytest.raises(LookupError):
        first.start(interrupted)
    assert len(refused) == 1
    second.start()
    assert second.run.epochs() == [1]
