"""Around every training: its folder held, its beginning or its resume, and what memory allows."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from filelock import FileLock, Timeout

from charrnn import resume_file
from charrnn.errors import RunError, TrainingError
from charrnn.runs import Run
from charrnn.settings import Finished
from charrnn.training import resume


@contextlib.contextmanager
def session(run: Run, finished: Finished[Any]) -> Iterator[None]:
    """Hold the run's folder; one that the training leaves without a file is removed again.

    Raises:
        RunError: another process trains in the folder, or has trained on since `finished`.
        TrainingError: within, the network turned out to be larger than the memory.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run), enough_memory():
        _check_unchanged(run, finished)
        yield


def begin_or_go_on(run: Run, finished: Finished[Any], model: Any) -> None:
    """Put the model where the last finished epoch left it, or save that nothing is done yet.

    Where the first epoch was broken off the file holds what it began with, borrowed weights too.

    Raises:
        RunError: the resume file can't be used.
    """
    if run.resume_file.exists():
        resume.restore(run, model)
        model.optimizer.learning_rate.assign(finished.settings.training.learning_rate)
    else:
        resume.save(run, finished, model)


@contextlib.contextmanager
def _locked(run: Run) -> Iterator[None]:
    try:
        lock = FileLock(run.lock_file, timeout=0).acquire()
    except Timeout:
        raise RunError(
            f"run {run.name!r} is being trained by another process: wait for it, or choose "
            "another --run name"
        ) from None
    with lock:
        try:
            yield
        finally:
            run.remove_if_empty()


def _check_unchanged(run: Run, finished: Finished[Any]) -> None:
    """Under the lock, that no other training wrote here since `finished` was decided on."""
    kind = type(finished.settings)
    there = resume_file.load(run, kind).results if run.resume_file.exists() else []
    if list(there) != list(finished.results):
        raise RunError(
            f"run {run.name!r} was trained on by another process meanwhile: give the command again"
        )


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """Say it in a line where a network is larger than the memory.

    Raises:
        TrainingError: within, it was.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise TrainingError(
            "the network needs more memory than there is: choose fewer --units or --layers, or a "
            "smaller --batch-size"
        ) from None
