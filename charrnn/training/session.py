"""Around every run: its folder held, and errors of memory explained."""

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from charrnn.errors import RunError, TrainingError
from charrnn.runs.atomic import remove_leftovers
from charrnn.runs.claim import hold_lock
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved

Identity = tuple[int, int] | None
"""Which folder is at a path; None for no folder."""


@dataclass(frozen=True)
class Held:
    """A run's folder that this process holds.

    Attributes:
        run: the run.
        folder: which folder it is, whatever it is called.
        saved: what a resume restores; None for a new run.
    """

    run: Run
    folder: Identity
    saved: Saved | None

    def check_folder(self) -> None:
        """Raise if the folder has gone, even if there is another one at its place.

        Raises:
            FileNotFoundError: it has.
        """
        if _identify(self.run.folder) != self.folder:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.run.folder))


@contextlib.contextmanager
def hold_run(run: Run, progress: Progress[Any]) -> Iterator[Held]:
    """Hold the run's folder, which is made if need be; if it is left without a file, remove it.

    What a process that was killed there had begun to write is removed.

    Raises:
        RunError: another process trains in the folder, or has trained on since `progress`; or the
            folder is removed or renamed in the meantime, even if another has taken its place.
        TrainingError: the network turned out to be larger than the memory.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    folder = _identify(run.folder)
    with _lock(run, folder), explain_memory_errors(), _explain_missing_folder(run, folder):
        saved = _find_saved(run, progress)
        if saved:
            saved.check_size(progress.recipe.network.parameters)
        remove_leftovers(run.folder)
        yield Held(run, folder, saved)


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
def _lock(run: Run, folder: Identity) -> Iterator[None]:
    with hold_lock(run):
        try:
            yield
        finally:
            if _identify(run.folder) == folder:
                run.remove_if_empty()


@contextlib.contextmanager
def _explain_missing_folder(run: Run, folder: Identity) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if _identify(run.folder) == folder:
            raise
        raise RunError(
            f"the run's folder {run.folder} is gone: if it was renamed, resume the run under its "
            "new name; if it was removed, start again"
        ) from error


def _identify(path: Path) -> Identity:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _find_saved(run: Run, progress: Progress[Any]) -> Saved | None:
    """Under the lock, the run's resume file: as it was read for `progress`, or read now.

    Raises:
        RunError: another process trained this run since `progress` was read.
    """
    now = progress
    if not run.resume_file.exists():
        now = Progress(progress.recipe, [])
    elif progress.saved is None or not progress.saved.is_current():
        now = read_progress(run, type(progress.recipe))
    if (list(now.results), now.point) != (list(progress.results), progress.point):
        raise RunError(
            f"run {run.name!r} was trained by another process in the meantime: try again"
        )
    return now.saved
