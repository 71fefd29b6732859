"""Around every run: its folder held, and errors of memory explained."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from charrnn.errors import RunError, TrainingError
from charrnn.runs.atomic import remove_leftovers
from charrnn.runs.claim import hold_lock
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import check_size, read_progress
from charrnn.runs.run import Run


@contextlib.contextmanager
def hold_run(run: Run, progress: Progress[Any]) -> Iterator[None]:
    """Hold the run's folder, which is made if need be; if it is left without a file, remove it.

    What a process that was killed there had begun to write is removed.

    Raises:
        RunError: another process trains in the folder, or has trained on since `progress`; or the
            folder is removed or renamed in the meantime.
        TrainingError: the network turned out to be larger than the memory.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with _lock(run), explain_memory_errors(), _explain_missing_folder(run):
        if run.resume_file.exists():
            check_size(run, progress.recipe)
        _check_unchanged(run, progress)
        remove_leftovers(run.folder)
        yield


@contextlib.contextmanager
def explain_memory_errors() -> Iterator[None]:
    """Turn errors of memory into a line that says what to do.

    Raises:
        TrainingError: the network was larger than the memory.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise TrainingError(
            "the network needs more memory than there is: choose fewer `units` or `layers`, or a "
            "smaller `batch_size`"
        ) from error


@contextlib.contextmanager
def _lock(run: Run) -> Iterator[None]:
    with hold_lock(run):
        try:
            yield
        finally:
            run.remove_if_empty()


@contextlib.contextmanager
def _explain_missing_folder(run: Run) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if run.folder.exists():
            raise
        raise RunError(
            f"the run's folder {run.folder} is gone: if it was renamed, resume the run under its "
            "new name; if it was removed, start again"
        ) from error


def _check_unchanged(run: Run, progress: Progress[Any]) -> None:
    """Under the lock, that no other process trained this run since `progress` was read."""
    recipe = type(progress.recipe)
    results = read_progress(run, recipe).results if run.resume_file.exists() else []
    if list(results) != list(progress.results):
        raise RunError(
            f"run {run.name!r} was trained by another process in the meantime: try again"
        )
