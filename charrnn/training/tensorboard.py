"""What TensorBoard shows of a run: its losses, step by step, as files of events.

An event file is a row of TFRecords, each a serialized `Event` (tensorflow/core/util/event.proto).
TensorFlow writes them alone; only to look at them takes TensorBoard.
"""

import contextlib
import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from charrnn.runs.history import EpochResult
from charrnn.runs.point import Point
from charrnn.runs.run import Run
from charrnn.training.listener import Listener

_VERSION = "brain.Event:2"  # the first event says it
_POINTS = 100  # of an epoch's training loss

_Event, _Summary = tf.compat.v1.Event, tf.compat.v1.Summary


class EventWriter:
    """A listener that writes what it hears as events, and passes it on.

    Losses are called "loss" and accuracies "accuracy", over the number of steps taken, in two
    folders, of the training and of the validation, which TensorBoard draws in one picture. A
    training loss is the mean of the steps since the last one that was written.

    Args:
        run: in whose folder the events go.
        listener: who hears of the run as well.
        steps: in an epoch.

    Raises:
        OSError: an event can't be written.
    """

    def __init__(self, run: Run, listener: Listener, steps: int) -> None:
        self._folders, self._listener, self._steps = run.event_folders, listener, steps
        self._writers: list[Any] = []
        self._epoch, self._written, self._sum = 0, 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers:
            with contextlib.suppress(tf.errors.OpError):
                writer.close()

    def on_epoch_begin(self, epoch: int, point: Point | None = None) -> None:
        """Open the files with the first epoch, once the folder is this process's."""
        self._epoch, self._written, self._sum = epoch, 0, 0.0
        if point:
            self._written, self._sum = point.step, point.step * point.loss
        if not self._writers:
            self._open()
        self._listener.on_epoch_begin(epoch, point)

    def on_step(self, step: int, loss: float) -> None:
        """Write the mean of the last steps, if it is time."""
        if step == self._steps or step - self._written >= max(1, self._steps // _POINTS):
            mean = (loss * step - self._sum) / (step - self._written)
            self._written, self._sum = step, loss * step
            self._write(0, self._count(step), loss=mean)
        self._listener.on_step(step, loss)

    def on_validation(self) -> None:
        """Pass it on."""
        self._listener.on_validation()

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        """Write what the epoch ended with."""
        step = self._count(self._steps)
        self._write(0, step, accuracy=result.train_accuracy)
        self._write(1, step, loss=result.validation_loss, accuracy=result.validation_accuracy)
        self._flush()
        self._listener.on_epoch_end(result, best)

    def _count(self, step: int) -> int:
        """The steps taken in all."""
        return (self._epoch - 1) * self._steps + step

    def _open(self) -> None:
        """Begin new files; whatever stands behind their first step in older ones is void.

        A resume repeats what was not saved.
        """
        name = f"events.out.tfevents.{time.time_ns() // 1000}.charrnn"
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            with _explain_errors(folder):
                self._writers.append(tf.io.TFRecordWriter(str(folder / name)))
        log = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        for number in range(len(self._writers)):
            self._append(number, _Event(wall_time=time.time(), file_version=_VERSION))
            first = _Event(
                wall_time=time.time(), step=self._count(self._written) + 1, session_log=log
            )
            self._append(number, first)

    def _write(self, number: int, step: int, **values: float | None) -> None:
        """Write those of the values that there are."""
        known = [
            _Summary.Value(tag=tag, simple_value=value)
            for tag, value in values.items()
            if value is not None
        ]
        if known:
            summary = _Summary(value=known)
            self._append(number, _Event(wall_time=time.time(), step=step, summary=summary))

    def _append(self, number: int, event: Any) -> None:
        with _explain_errors(self._folders[number]):
            self._writers[number].write(event.SerializeToString())

    def _flush(self) -> None:
        for folder, writer in zip(self._folders, self._writers, strict=True):
            with _explain_errors(folder):
                writer.flush()


@contextlib.contextmanager
def _explain_errors(folder: Path) -> Iterator[None]:
    """Turn TensorFlow's errors, of which a full disk is one of memory, into those of files."""
    try:
        yield
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, "events can't be written", str(folder)) from error
