"""The one loop: a model and its batches to checkpoints, by Keras's `model.fit`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from charrnn.runs.point import Point
from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved, explain_damage
from charrnn.runs.sessions import Session, add_session
from charrnn.training.continuation import Continuation
from charrnn.training.environment import describe_environment
from charrnn.training.guard import Guard
from charrnn.training.listener import Listener
from charrnn.training.record import Follower, Recorder
from charrnn.training.restore import digest_weights, restore_model
from charrnn.training.schedule import Schedule
from charrnn.training.session import explain_memory_errors, hold_run
from charrnn.training.stop import AskStop, Interrupted, PeriodicSaver, Stopper
from charrnn.training.workers import ALONE, Workers


@dataclass(frozen=True)
class Material:
    """What a run trains, and on what.

    Attributes:
        model: compiled, its optimizer built, with the weights that a new run begins with.
        make_batches: gives endless batches, from a step of an epoch on, both from 0.
        steps: batches in an epoch.
        read: how many characters, words or reviews an epoch trains on.
        validation: batches that are read after each epoch; None for none.
        callbacks: what this kind of network needs besides.
        workers: who trains it.
    """

    model: Any
    make_batches: Callable[[int, int], Any]
    steps: int
    read: int
    validation: Any
    callbacks: Sequence[Any] = ()
    workers: Workers = ALONE


def train(
    run: Run,
    progress: Progress[Any],
    prepare: Callable[[], Material],
    listener: Listener,
    interrupted: AskStop,
) -> None:
    """Train from where the run was saved to the last epoch of the recipe.

    Args:
        run: the folder to write into; it is made if it isn't there.
        progress: the recipe, and the results so far: none for a new run.
        prepare: makes what is trained; called once the folder is held.
        listener: called at each step and epoch.
        interrupted: called after each step; true ends the run.

    Raises:
        Interrupted: `interrupted` returned true. All is saved, in the middle of an epoch too.
        RunError: another process trains in the same folder.
        TrainingError: the loss became NaN or infinite, the network is larger than the memory, or
            another worker was lost.
        OSError: the folder can't be written, or the disk is full.
    """
    with hold_run(run, progress) as held:
        progress = _note_session(progress)
        material = prepare()
        held.check_folder()
        where = (run, listener, material.read, held.check_folder)
        recorder = Recorder(progress, material.workers, *where)
        _carry_out(material, replace(progress, saved=held.saved), recorder, interrupted)


def assist(progress: Progress[Any], prepare: Callable[[], Material], interrupted: AskStop) -> Any:
    """Train as a worker that is not the chief, and write nothing; the rest is as in `train`.

    Returns:
        the network after the last epoch.
    """
    with explain_memory_errors():
        material = prepare()
        follower = Follower(progress, material.workers)
        _carry_out(material, progress, follower, interrupted)
        return follower.make_checkpoint()


def _carry_out(
    material: Material, progress: Progress[Any], recorder: Follower, interrupted: AskStop
) -> None:
    config, workers = progress.recipe.training, material.workers
    guard = Guard(config)
    saver = PeriodicSaver(recorder, guard, progress.checkpoint_every, workers)
    stopper = Stopper(interrupted, recorder, guard, config, workers)
    schedule = Schedule(config, material.steps)
    callbacks = [*material.callbacks, schedule, guard, recorder, saver, stopper]
    with workers.stay_together():
        try:
            _fit(material, _Start(progress, recorder, workers), callbacks)
        except Interrupted:
            workers.part()
            raise
        workers.part()


@dataclass(frozen=True)
class _Start:
    """Where a run begins, or continues.

    Attributes:
        progress: how far it has come, and what it is restored from, if it isn't new.
        recorder: saves it.
        workers: who trains it.
    """

    progress: Progress[Any]
    recorder: Follower
    workers: Workers

    def restore(self, model: Any) -> None:
        """Put the model back to where it was, or save what a new run begins with.

        So a run that was interrupted early begins again with the same weights, borrowed ones too.

        Raises:
            RunError: the resume file can't be used.
        """
        progress = self.progress
        if progress.saved is None:
            self.recorder.save_start(model)
            self.workers.compare(digest_weights(model))
            return
        metrics = progress.point is not None
        restore_model(progress.saved, model, self.workers, metrics=metrics)
        self.workers.compare(digest_weights(model))
        model.optimizer.learning_rate.assign(self.progress.recipe.training.learning_rate)

    def check_point(self, saved: Saved, point: Point, steps: int) -> None:
        """Raise unless a point lies within an epoch.

        Raises:
            RunError: the resume file was not written by this run.
        """
        with explain_damage(saved.run):
            if point.step >= steps:
                raise ValueError(f"step {point.step} of an epoch of {steps}")


def _fit(material: Material, start: _Start, callbacks: Sequence[Any]) -> None:
    """Train the rest of the epoch under way, if there is one, then the others.

    Raises:
        RunError: the resume file can't be used.
    """
    model, epoch, point = material.model, len(start.progress.results), start.progress.point
    epochs = start.progress.recipe.training.epochs
    if point is None or start.progress.saved is None:
        start.restore(model)
    else:
        start.check_point(start.progress.saved, point, material.steps)
        rest = Continuation(callbacks, point.step, partial(start.restore, model))
        _fit_epochs(material, epoch, epoch + 1, [rest], point.step)
        epoch += 1
    if epoch < epochs and not model.stop_training:
        _fit_epochs(material, epoch, epochs, callbacks)


def _fit_epochs(
    material: Material, first: int, end: int, callbacks: Sequence[Any], step: int = 0
) -> None:
    """Train from a step of one epoch to the end of another."""
    material.model.fit(
        material.make_batches(first, step),
        steps_per_epoch=material.steps - step,
        initial_epoch=first,
        epochs=end,
        validation_data=material.validation,
        callbacks=[*callbacks],
        shuffle=False,
        verbose=0,
    )


def _note_session(progress: Progress[Any]) -> Progress[Any]:
    """The progress with what trains it from now on."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    training = progress.recipe.training
    step = progress.point.step if progress.point else 0
    session = Session(len(progress.results), training, began, describe_environment(), step)
    return replace(progress, sessions=add_session(progress.sessions, session))
