"""The one loop: a model and its batches to checkpoints, by Keras's `model.fit`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.runs.sessions import Session, add_session
from charrnn.training.environment import describe_environment
from charrnn.training.guard import Guard
from charrnn.training.listener import Listener
from charrnn.training.record import Recorder
from charrnn.training.restore import restore_model, save_progress
from charrnn.training.schedule import Schedule
from charrnn.training.session import hold_run
from charrnn.training.stop import AskStop, Stopper


@dataclass(frozen=True)
class Material:
    """What a run trains, and on what.

    Attributes:
        model: compiled, its optimizer built, with the weights that a new run begins with.
        batches: endless, from the epoch after the last finished one on.
        steps: batches in an epoch.
        read: how many characters, words or reviews an epoch trains on.
        validation: batches that are read after each epoch; None for none.
        callbacks: what this kind of network needs besides.
    """

    model: Any
    batches: Any
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
    """Train from the end of the last finished epoch to the last one of the recipe.

    Args:
        run: the folder to write into; it is made if it isn't there.
        progress: the recipe, and the results so far: none for a new run.
        prepare: makes what is trained; called once the folder is held.
        listener: called at each step and epoch.
        interrupted: called after each step; true ends the run.

    Raises:
        Interrupted: `interrupted` returned true. The epoch under way is kept in a file of its own.
        RunError: another process trains in the same folder.
        TrainingError: the loss became NaN or infinite, or the network is larger than the memory.
        OSError: the folder can't be written, or the disk is full.
    """
    config = progress.recipe.training
    with hold_run(run, progress) as held:
        progress = _note_session(progress)
        material = prepare()
        held.check_folder()
        _restore_or_save(run, progress, held.saved, material.model)
        guard = Guard(config)
        recorder = Recorder(run, progress, listener, material.read, held.check_folder)
        stopper = Stopper(interrupted, recorder, guard, config.epochs, config.patience)
        schedule = Schedule(config, material.steps)
        material.model.fit(
            material.batches,
            steps_per_epoch=material.steps,
            initial_epoch=len(progress.results),
            epochs=config.epochs,
            validation_data=material.validation,
            callbacks=[*material.callbacks, schedule, guard, recorder, stopper],
            shuffle=False,
            verbose=0,
        )


def _note_session(progress: Progress[Any]) -> Progress[Any]:
    """The progress with what trains it from now on."""
    began = datetime.now(UTC).isoformat(timespec="seconds")
    training = progress.recipe.training
    session = Session(len(progress.results), training, began, describe_environment())
    return replace(progress, sessions=add_session(progress.sessions, session))


def _restore_or_save(run: Run, progress: Progress[Any], saved: Saved | None, model: Any) -> None:
    """Restore the model to the end of its last finished epoch, or save what a new run begins with.

    So a run that was interrupted in its first epoch begins again with the same weights, borrowed
    ones too.

    Raises:
        RunError: the resume file can't be used.
    """
    if saved:
        restore_model(run, saved, model)
        model.optimizer.learning_rate.assign(progress.recipe.training.learning_rate)
    else:
        save_progress(run, progress, model)
