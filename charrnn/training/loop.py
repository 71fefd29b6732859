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
from charrnn.training.record import Recorder
from charrnn.training.restore import restore_model, save_progress
from charrnn.training.schedule import Schedule
from charrnn.training.session import hold_run
from charrnn.training.stop import AskStop, PeriodicSaver, Stopper


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
    """

    model: Any
    make_batches: Callable[[int, int], Any]
    steps: int
    read: int
    validation: Any
    callbacks: Sequence[Any] = ()


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
        TrainingError: the loss became NaN or infinite, or the network is larger than the memory.
        OSError: the folder can't be written, or the disk is full.
    """
    config = progress.recipe.training
    with hold_run(run, progress) as held:
        progress = _note_session(progress)
        material = prepare()
        held.check_folder()
        guard = Guard(config)
        recorder = Recorder(run, progress, listener, material.read, held.check_folder)
        saver = PeriodicSaver(recorder, guard, progress.checkpoint_every)
        stopper = Stopper(interrupted, recorder, guard, config.epochs, config.patience)
        schedule = Schedule(config, material.steps)
        callbacks = [*material.callbacks, schedule, guard, recorder, saver, stopper]
        _fit(material, _Start(run, progress, held.saved), callbacks)


@dataclass(frozen=True)
class _Start:
    """Where a run begins, or continues.

    Attributes:
        run: its folder.
        progress: how far it has come.
        saved: what it is restored from; None for a new run.
    """

    run: Run
    progress: Progress[Any]
    saved: Saved | None

    def restore(self, model: Any) -> None:
        """Put the model back to where it was, or save what a new run begins with.

        So a run that was interrupted early begins again with the same weights, borrowed ones too.

        Raises:
            RunError: the resume file can't be used.
        """
        if self.saved is None:
            save_progress(self.run, self.progress, model)
            return
        metrics = self.progress.point is not None
        restore_model(self.run, self.saved, model, metrics=metrics)
        model.optimizer.learning_rate.assign(self.progress.recipe.training.learning_rate)

    def check_point(self, point: Point, steps: int) -> None:
        """Raise unless a point lies within an epoch.

        Raises:
            RunError: the resume file was not written by this run.
        """
        with explain_damage(self.run):
            if point.step >= steps:
                raise ValueError(f"step {point.step} of an epoch of {steps}")


def _fit(material: Material, start: _Start, callbacks: Sequence[Any]) -> None:
    """Train the rest of the epoch under way, if there is one, then the others.

    Raises:
        RunError: the resume file can't be used.
    """
    model, epoch, point = material.model, len(start.progress.results), start.progress.point
    epochs = start.progress.recipe.training.epochs
    if point is None:
        start.restore(model)
    else:
        start.check_point(point, material.steps)
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
