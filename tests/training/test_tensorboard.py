"""Events for TensorBoard, read by TensorFlow's own reader."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from charrnn.training.tensorboard import EventWriter
from tests.support.training import MakeTraining, Recording

STEPS = 4


@dataclass
class Read:
    """What a reader finds in a folder: (step, tag, value) of each event, and where files begin."""

    values: list[tuple[int, str, Any]]
    starts: list[int]


def read_events(folder: Path) -> Read:
    """Read all files of a folder, in the order of their names, as TensorBoard does."""
    found = Read([], [])
    for path in sorted(folder.iterdir()):
        assert "tfevents" in path.name  # or TensorBoard passes it
        first, *events = tf.compat.v1.train.summary_iterator(str(path))
        assert first.file_version == "brain.Event:2"
        for event in events:
            if event.HasField("session_log"):
                found.starts.append(event.step)
            for value in event.summary.value:
                found.values.append((event.step, value.tag, pytest.approx(value.simple_value)))
    return found


def write_epochs(run: Run, *epochs: int, stopped: int = 0, **accuracies: Any) -> Recording:
    """Have a listener hear of epochs, the last of which may be stopped after a step.

    Step k of an epoch has the loss k, and the validation the epoch's number.
    """
    recording = Recording()
    with EventWriter(run, recording, STEPS) as writer:
        for epoch in epochs:
            writer.on_epoch_begin(epoch)
            for step in range(1, STEPS + 1):
                writer.on_step(step, (step + 1) / 2)  # the mean of 1 to step
                if (epoch, step) == (epochs[-1], stopped):
                    return recording
            writer.on_validation()
            writer.on_epoch_end(EpochResult(epoch, 2.5, float(epoch), 1.0, **accuracies), True)
    return recording


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "mine", LANGUAGE)


def test_losses_stand_over_the_steps_taken(run: Run) -> None:
    """Training losses are those of the steps themselves, validation losses those of epochs."""
    write_epochs(run, 1, 2)
    train, validation = map(read_events, run.event_folders)
    losses = [1.0, 2.0, 3.0, 4.0] * 2
    assert train.values == [(step, "loss", loss) for step, loss in enumerate(losses, 1)]
    assert validation.values == [(4, "loss", 1.0), (8, "loss", 2.0)]
    assert train.starts == validation.starts == [1]


def test_a_classifiers_accuracies_are_written(run: Run) -> None:
    """At each epoch's end, in both folders."""
    write_epochs(run, 1, train_accuracy=0.5, validation_accuracy=0.25)
    train, validation = map(read_events, run.event_folders)
    assert (4, "accuracy", 0.5) in train.values
    assert validation.values == [(4, "loss", 1.0), (4, "accuracy", 0.25)]


def test_a_long_epoch_has_a_hundred_points(run: Run) -> None:
    """Of many steps, each point is the mean of those since the last."""
    with EventWriter(run, Recording(), 1050) as writer:
        writer.on_epoch_begin(1)
        for step in range(1, 1051):
            writer.on_step(step, (step + 1) / 2)
    values = read_events(run.event_folders[0]).values
    assert len(values) == 105
    assert values[0] == (10, "loss", 5.5)
    assert values[1] == (20, "loss", 15.5)
    assert values[-1] == (1050, "loss", 1045.5)


def test_a_resume_voids_what_it_repeats(run: Run) -> None:
    """The files of a resume begin where the last finished epoch ended, and say so."""
    write_epochs(run, 1, 2, stopped=3)
    write_epochs(run, 2)
    train = read_events(run.event_folders[0])
    assert train.starts == [1, 5]
    assert [step for step, _, _ in train.values] == [1, 2, 3, 4, 5, 6, 7, 5, 6, 7, 8]


def test_nothing_is_kept_from_the_listener(run: Run) -> None:
    """Who listens hears the same as without events."""
    steps = [("step", 1, 1.0), ("step", 2, 1.5), ("step", 3, 2.0), ("step", 4, 2.5)]
    assert write_epochs(run, 1).events == [("begin", 1), *steps, ("validation",), ("end", 1, True)]


def test_without_an_epoch_nothing_is_written(run: Run) -> None:
    """A run that fails before its first epoch leaves no folder."""
    with EventWriter(run, Recording(), STEPS):
        pass
    assert not run.folder.exists()


def test_a_full_disk_is_no_lack_of_memory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's error for a full disk becomes an error of files that names the folder."""

    class Full:
        def __init__(self, _: str) -> None: ...

        def write(self, _: Any) -> None:
            raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

        def close(self) -> None:
            self.write(None)

    monkeypatch.setattr(tf.io, "TFRecordWriter", Full)
    with pytest.raises(OSError, match="events can't be written") as failure:
        write_epochs(run, 1)
    assert failure.value.filename == str(run.event_folders[0])


@pytest.mark.slow
def test_a_run_that_is_really_trained(make_training: MakeTraining) -> None:
    """The epochs' losses in the events are those of the history, at the steps they ended with."""
    small = make_training(epochs=2, validation=0.2)
    recording = small.recording
    steps = len(small.ids)  # more than there are: each step is a point
    with EventWriter(small.run, recording, steps) as writer:
        small.recording = writer  # type: ignore[assignment]
        small.start()
    _, validation = map(read_events, small.run.event_folders)
    assert [value for _, _, value in validation.values] == [
        result.validation_loss for result in small.run.read_history()
    ]
    assert [step for step, _, _ in validation.values] == [steps, 2 * steps]
    assert recording.results
