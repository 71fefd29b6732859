"""Which process a run's folder belongs to: its lock, from the plan of a run to its end.

A name belongs to a run once an epoch of it has ended, or ten minutes of its first one are saved.
Before that the next run of that name takes it over.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.data.files import open_regular
from charrnn.errors import RunError
from charrnn.runs.atomic import find_files
from charrnn.runs.keep import EVERY
from charrnn.runs.resume import read_place
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from filelock import BaseFileLock

_ANOTHER_NAME = "wait for it, or choose another name as `run`"
_LATER = "wait for it, or stop it first"
_LITTLE = 60 * EVERY  # seconds of training, which any run may lose
_PATIENCE = 1.0  # seconds: `is_held` holds a lock much shorter than that

_claimed: dict[Path, "BaseFileLock"] = {}  # by this process, and not trained in yet


def is_free(run: Run) -> bool:
    """Whether a new run may have the folder: the run in it, if any, has hardly begun.

    A folder with files that can't be read, or that are not a run's, is not free.
    """
    if not run.folder.exists():
        return True
    if not run.folder.is_dir():
        return False
    files = {path.name for path in find_files(run.folder, ".h5")}
    if not files <= {run.resume_file.name, run.interrupted_file.name}:
        return False
    try:
        return not run.read_history() and (not files or _has_hardly_begun(run))
    except RunError:
        return False


def _has_hardly_begun(run: Run) -> bool:
    epochs, point = read_place(run)
    return not epochs and (point is None or point.seconds < _LITTLE)


def claim(run: Run) -> bool:
    """Claim a folder for a new run, which is made if need be, unless it is another's.

    What a run that had hardly begun has left in it is removed. Of several processes one gets the
    folder.
    """
    if not is_free(run):
        return False
    run.folder.mkdir(parents=True, exist_ok=True)
    lock = _acquire(run)
    if lock is None:
        return False
    if not is_free(run):  # it was trained in before the lock was held
        lock.release()
        return False
    run.interrupted_file.unlink(missing_ok=True)
    run.resume_file.unlink(missing_ok=True)
    _claimed[run.folder.resolve()] = lock
    return True


def claim_resume(run: Run) -> None:
    """Claim the folder of a run that is about to be resumed.

    Raises:
        RunError: another process trains in it.
        OSError: the folder can't be written.
    """
    folder = run.folder.resolve()
    if folder in _claimed:
        return
    lock = _acquire(run)
    if lock is None:
        raise make_busy_error(run, _LATER)
    _claimed[folder] = lock


@contextlib.contextmanager
def hold_lock(run: Run, advice: str = _ANOTHER_NAME) -> Iterator[None]:
    """Hold the lock of a run's folder, whether or not it has been claimed.

    Args:
        run: the run.
        advice: what to do if another process holds it.

    Raises:
        RunError: another process holds it.
    """
    lock = _claimed.pop(run.folder.resolve(), None) or _acquire(run)
    if lock is None:
        raise make_busy_error(run, advice)
    try:
        yield
    finally:
        lock.release()


def is_held(run: Run) -> bool:
    """Whether a process trains in a run's folder, or is about to; nothing is written to find out.

    A process that asks for the lock at this very moment tries again: see `_acquire`.
    """
    with contextlib.suppress(OSError), open_regular(run.lock_file) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def release_claims() -> None:
    """Give up the folders that were claimed and not trained in: what claimed them has failed."""
    while _claimed:
        _claimed.popitem()[1].release()


def make_busy_error(run: Run, advice: str = _ANOTHER_NAME) -> RunError:
    """The error for a run whose folder another process holds."""
    return RunError(f"run {run.name!r} is being trained by another process: {advice}")


def _acquire(run: Run) -> "BaseFileLock | None":
    """Take the lock; None if another process trains. One that only looks is waited for."""
    from filelock import FileLock, Timeout

    lock = FileLock(run.lock_file, timeout=0, thread_local=False)
    with contextlib.suppress(Timeout):
        lock.acquire()
        return lock
    if is_held(run):
        return None
    with contextlib.suppress(Timeout):
        lock.acquire(_PATIENCE, poll_interval=_PATIENCE / 100)
        return lock
    return None
