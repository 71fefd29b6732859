"""What an epoch leaves on disk, in which order, and what a listener learns of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import charrnn
from charrnn.planning.estimate import measure_files
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.training import record
from charrnn.training.language_batches import count_steps
from charrnn.training.stop import Interrupted
from tests.support.slow import slow_except
from tests.support.training import MakeTraining, SmallRun, list_weights


@pytest.fixture(scope="module")
def trained(make_training: MakeTraining) -> SmallRun:
    """A run of three epochs that has ended."""
    small = make_training(epochs=3)
    small.start()
    return small


def test_the_listener_is_called_in_order(trained: SmallRun) -> None:
    """A display hears of each epoch's begin, steps, validation and end, counted from 1."""
    steps = count_steps(trained.recipe.split(trained.ids), trained.recipe.training)
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
    assert [event[:2] for event in trained.recording.events] == expected


def test_a_step_reports_the_mean_so_far(trained: SmallRun) -> None:
    """The loss shown with an epoch's last step is the one that the epoch ends with."""
    steps = count_steps(trained.recipe.split(trained.ids), trained.recipe.training)
    last = [event[2] for event in trained.recording.events if event[:2] == ("step", steps)]
    assert last == [result.train_loss for result in trained.recording.results]


@pytest.mark.slow
def test_results_are_the_same_everywhere(trained: SmallRun) -> None:
    """Listener, history and checkpoints have the same losses; `best` is the lowest so far."""
    results = trained.recording.results
    heard = [(result.epoch, result.train_loss, result.validation_loss) for result in results]
    assert [epoch for epoch, _, _ in heard] == [1, 2, 3]
    history = trained.run.read_history()
    assert [(row.epoch, row.train_loss, row.validation_loss) for row in history] == heard
    sources = [trained.checkpoint(epoch).provenance for epoch in (1, 2, 3)]
    assert [(one.epoch, one.train_loss, one.validation_loss) for one in sources] == heard
    assert all((source.step, source.steps) == (None, None) for source in sources)
    losses = [result.loss for result in results]
    assert losses == [result.validation_loss for result in results]
    bests = [event[2] for event in trained.recording.events if event[0] == "end"]
    assert bests == [loss == min(losses[: place + 1]) for place, loss in enumerate(losses)]


@pytest.mark.slow
def test_best_is_lowest_so_far(make_training: MakeTraining) -> None:
    """A listener learns that an epoch is no longer the best of the run, resumed or not."""
    small = make_training(text="a" * 300 + "b" * 100, validation=0.25, epochs=2)
    small.start()
    small.resume(epochs=3)
    ends = [event[1:] for event in small.recording.events if event[0] == "end"]
    assert ends == [(1, True), (2, False), (3, False)]


def test_what_a_run_leaves(trained: SmallRun) -> None:
    """A run's folder holds an epoch's file for each, the history and what a resume needs."""
    assert sorted(path.name for path in trained.run.folder.glob("[!.]*")) == [
        "epoch-0001.weights.h5",
        "epoch-0002.weights.h5",
        "epoch-0003.weights.h5",
        "history.csv",
        "resume.h5",
    ]
    kept = trained.checkpoint(3)
    assert kept.network == trained.recipe.network
    assert kept.vocabulary.to_values() == trained.recipe.vocabulary.to_values()
    assert (kept.provenance.corpus, kept.provenance.corpus_sha256) == ("test", "0" * 64)


@pytest.mark.slow
def test_each_file_is_written_after_those_it_needs(
    make_training: MakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the checkpoint, then the history, then the resume file; then it goes and is reported.

    "It" is the file of the interrupted epoch, whose weights nothing else has until then.
    """
    small = make_training(epochs=2)
    with pytest.raises(Interrupted):
        small.start(lambda: small.recording.is_at(1, "step", 2))
    order: list[tuple[str, bool]] = []

    def watch(owner: Any, name: str, event: str) -> None:
        function = getattr(owner, name)

        def note(*args: Any) -> None:
            function(*args)
            order.append((event, small.run.interrupted_file.exists()))

        monkeypatch.setattr(owner, name, note)

    watch(record, "write_checkpoint", "checkpoint")
    watch(Run, "write_history", "history")
    watch(record, "save_progress", "resume")
    watch(record, "thin", "thinning")
    watch(small.recording, "on_epoch_end", "listener")
    small.resume(epochs=1)
    assert order == [
        ("checkpoint", True),
        ("history", True),
        ("resume", True),
        ("thinning", False),
        ("listener", False),
    ]


@pytest.mark.slow
def test_checkpoints_that_are_not_kept_go(
    make_training: MakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each epoch only what the run keeps is there, which a resume knows without being told.

    The best epoch of this text is the first.
    """
    small = make_training(text="a" * 300 + "b" * 100, validation=0.25, epochs=3)
    found: list[list[int]] = []
    monkeypatch.setattr(
        small.recording, "on_epoch_end", lambda *_: found.append(small.run.list_epochs())
    )
    small.start(keep="2")
    small.resume(epochs=5)
    assert found == [[1], [1, 2], [1, 2, 3], [1, 3, 4], [1, 4, 5]]


@pytest.mark.slow
def test_a_checkpoint_that_can_not_be_removed(
    make_training: MakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs room and nothing else: the run goes on, and removes it after the next epoch."""
    small = make_training(epochs=3)
    unlink = Path.unlink

    def refuse(path: Path, **words: bool) -> None:
        if path == small.run.epoch_file(1) and small.recording.epoch == 2:
            raise PermissionError(1, "Operation not permitted", str(path))
        unlink(path, **words)

    monkeypatch.setattr(Path, "unlink", refuse)
    small.start(keep="last")
    assert [result.epoch for result in small.recording.results] == [1, 2, 3]
    assert small.run.list_epochs() == [3]


@pytest.mark.slow
def test_files_are_as_large_as_was_said(make_training: MakeTraining) -> None:
    """What a dry run says of a checkpoint and of a resume file is right within 3 per cent."""
    small = make_training(cell="lstm", units=150, embedding=20, layers=2, epochs=1)
    small.start()
    checkpoint, resume = measure_files(small.recipe.network, small.recipe.training.batch_size)
    assert small.run.epoch_file(1).stat().st_size == pytest.approx(checkpoint, rel=0.03)
    assert small.run.resume_file.stat().st_size == pytest.approx(resume, rel=0.03)


def test_how_a_run_came_about_is_noted(trained: SmallRun) -> None:
    """The settings, the time and the versions of what computes are kept with what was read."""
    progress = read_progress(trained.run, LanguageRecipe)
    (session,) = progress.sessions
    assert (session.after, session.training) == (0, trained.recipe.training)
    passed = datetime.now(UTC) - datetime.fromisoformat(session.began)
    assert timedelta() <= passed < timedelta(hours=1)
    assert session.environment["keras"] == keras.__version__
    assert session.environment["numpy"] == np.__version__
    assert int(session.environment["cores"]) >= 1
    steps = count_steps(trained.recipe.split(trained.ids), trained.recipe.training)
    read = [result.read for result in trained.run.read_history()]
    assert read == [steps * 4 * 10] * 3
    assert read == [result.read for result in progress.results]


@pytest.mark.slow
def test_a_resume_with_other_settings_is_noted(make_training: MakeTraining) -> None:
    """A rate that changes in a run's middle stands beside the epoch that it changed after."""
    small = make_training(epochs=1)
    small.start()
    small.resume(epochs=2, learning_rate=0.001)
    sessions = read_progress(small.run, LanguageRecipe).sessions
    assert [(one.after, one.training.learning_rate) for one in sessions] == [(0, 0.01), (1, 0.001)]


UNINTERRUPTED: dict[str, Any] = {"epochs": 3, "order": "shuffled", "dropout": 0.3}

SAVING = {
    "checkpoint": (record, "write_checkpoint"),
    "history": (Run, "write_history"),
    "resume": (record, "save_progress"),
}


@pytest.fixture(scope="module")
def uninterrupted(make_training: MakeTraining) -> SmallRun:
    """A run that nothing has happened to."""
    small = make_training(**UNINTERRUPTED)
    small.start()
    return small


@pytest.mark.parametrize("place", slow_except(SAVING, "checkpoint"))
def test_a_crash_while_an_epoch_is_saved_is_harmless(
    make_training: MakeTraining,
    uninterrupted: SmallRun,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """Whichever file of epoch 2 can't be written, a resume ends as if it had been."""
    small = make_training(**UNINTERRUPTED)
    owner, name = SAVING[place]
    save = getattr(owner, name)

    def fail_in_epoch_2(*args: Any) -> None:
        if small.recording.epoch == 2:
            raise OSError(28, "No space left on device")
        save(*args)

    monkeypatch.setattr(owner, name, fail_in_epoch_2)
    with pytest.raises(OSError, match="No space left"):
        small.start()
    assert len(read_progress(small.run, LanguageRecipe).results) == 1
    assert charrnn.load(small.run.folder).checkpoint.provenance.step is None
    monkeypatch.undo()
    small.resume()
    assert small.run.list_epochs() == [1, 2, 3]
    assert [result.epoch for result in small.run.read_history()] == [1, 2, 3]
    for epoch in (2, 3):
        pairs = zip(list_weights(small, epoch), list_weights(uninterrupted, epoch), strict=True)
        for actual, expected in pairs:
            np.testing.assert_array_equal(actual, expected)
