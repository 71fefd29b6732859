"""What an epoch leaves on disk."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras

from charrnn.networks.weights import get_weights
from charrnn.runs.checkpoint import AnyCheckpoint, Provenance, write_checkpoint
from charrnn.runs.history import EpochResult, find_best
from charrnn.runs.keep import thin
from charrnn.runs.point import Point
from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run
from charrnn.training.listener import Listener
from charrnn.training.restore import join_states, save_progress
from charrnn.training.workers import Workers


class Follower(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes the results of a run, and gives the chief this worker's part of what is saved.

    Args:
        progress: the run so far.
        workers: who trains it.
    """

    def __init__(self, progress: Progress[Any], workers: Workers) -> None:
        super().__init__()
        self._progress, self._workers = progress, workers
        self._results = list(progress.results)

    @property
    def epochs_since_best(self) -> int:
        """How many epochs ago the best one ended."""
        return self._results[-1].epoch - find_best(self._results).epoch

    def save_start(self, model: Any) -> None:
        """Give the part of what a new run begins with."""
        join_states(model, self._workers)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the result, and give the part."""
        self._results.append(_summarize(epoch + 1, logs, 0.0))
        join_states(self.model, self._workers)

    def save_point(self, step: int, loss: float) -> None:  # noqa: ARG002
        """Give the part of what is saved within an epoch."""
        join_states(self.model, self._workers)

    def make_checkpoint(self) -> AnyCheckpoint:
        """The network as it is after the last epoch."""
        return self._make_checkpoint(self._results[-1])

    def _make_checkpoint(
        self, result: EpochResult, step: int | None = None, steps: int | None = None
    ) -> AnyCheckpoint:
        recipe = self._progress.recipe
        provenance = Provenance(
            recipe.corpus,
            recipe.corpus_sha256,
            result.epoch,
            result.train_loss,
            result.validation_loss,
            step,
            steps,
        )
        weights = get_weights(self.model, recipe.network)
        checkpoint: AnyCheckpoint = recipe.make_checkpoint(provenance, weights)
        return checkpoint


class Recorder(Follower):
    """Writes checkpoint, history and resume file after each epoch, and calls the listener.

    They are written in this order because a later one needs an earlier; if the process dies
    between two of them, a resume repeats the epoch. Only then do checkpoints go that the run does
    not keep: until the resume file is written, an epoch that is repeated may end otherwise.

    Args:
        progress: the run so far.
        workers: who trains it; this is the chief.
        run: where to write.
        listener: called at each step and epoch.
        read: how many characters, words or reviews an epoch trains on.
        check_folder: called before anything is written.
    """

    def __init__(
        self,
        progress: Progress[Any],
        workers: Workers,
        run: Run,
        listener: Listener,
        read: int,
        check_folder: Callable[[], None],
    ) -> None:
        super().__init__(progress, workers)
        self._run, self._listener, self._read = run, listener, read
        self._check_folder = check_folder
        self._began = 0.0
        self._point = progress.point  # until the epoch that it is in begins

    def save_start(self, model: Any) -> None:
        """Save what a new run begins with."""
        save_progress(self._run, self._progress, model, self._workers)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock."""
        point, self._point = self._point, None
        self._began = time.monotonic() - (point.seconds if point else 0)
        self._listener.on_epoch_begin(epoch + 1, point)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Call the listener."""
        self._listener.on_step(batch + 1, float(logs["loss"]))

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Call the listener."""
        self._listener.on_validation()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write everything."""
        self._check_folder()
        seconds = time.monotonic() - self._began
        result = replace(_summarize(epoch + 1, logs, seconds), read=self._read)
        self._results.append(result)
        write_checkpoint(self._run.epoch_file(result.epoch), self._make_checkpoint(result))
        self._run.write_history(self._results)
        self._save(None)
        self._run.interrupted_file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # one that can't be removed is removed after the next
            thin(self._run, self._progress.keep)
        self._listener.on_epoch_end(result, find_best(self._results) is result)

    def save_point(self, step: int, loss: float) -> None:
        """Write all after a step of an epoch whose mean loss so far is `loss`."""
        self._check_folder()
        result = EpochResult(len(self._results) + 1, loss, None, 0.0)
        checkpoint = self._make_checkpoint(result, step, self.params["steps"])
        write_checkpoint(self._run.interrupted_file, checkpoint)
        self._save(Point(step, loss, time.monotonic() - self._began))

    def _save(self, point: Point | None) -> None:
        progress = replace(self._progress, results=self._results, point=point)
        save_progress(self._run, progress, self.model, self._workers)


def _summarize(epoch: int, logs: Mapping[str, Any], seconds: float) -> EpochResult:
    values = {name: float(value) for name, value in logs.items()}
    return EpochResult(
        epoch=epoch,
        train_loss=values.get("cross_entropy", values["loss"]),
        validation_loss=values.get("val_cross_entropy", values.get("val_loss")),
        seconds=seconds,
        train_accuracy=values.get("accuracy"),
        validation_accuracy=values.get("val_accuracy"),
    )
