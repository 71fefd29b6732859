"""Removing, renaming and thinning runs: none while it is being trained."""

import contextlib
import re
from pathlib import Path

from charrnn.errors import RunError
from charrnn.runs import container, keep
from charrnn.runs.atomic import find_files, remove_leftovers
from charrnn.runs.bundled import BUNDLED
from charrnn.runs.claim import hold_lock
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.names import choose_other_name
from charrnn.runs.run import Run

_NETWORK = re.compile(r"(epoch-\d{4,}|interrupted)\.weights\.h5|resume\.h5")
_BESIDE = r"(epoch-\d{4,}|interrupted)\.rms|history\.csv|curves\.png|\.lock"
_OURS = re.compile(rf"{_NETWORK.pattern}|{_BESIDE}")
_OF_CLASSIFIERS = re.compile(rf"{_OURS.pattern}|result\.json|words\.png")
_EVENTS = re.compile(r"events\.out\.tfevents\..*")
_LATER = "wait for it, or stop it"


def require_run(run: Run, action: str) -> None:
    """Raise unless a network in a folder is one that a run of the user's has written there.

    Else a folder of anyone's with an exported network in it would be a run.

    Args:
        run: the run.
        action: what was asked for, a verb.

    Raises:
        RunError: none is.
    """
    if run.folder.resolve() == BUNDLED.folder.resolve():
        raise RunError(f"{run.name} comes with charrnn: there is nothing to {action}")
    written = (path for path in find_files(run.folder) if _NETWORK.fullmatch(path.name))
    if not any(map(container.is_ours, written)):
        raise RunError(f"nothing in {run.folder} says that it is a run: {action} it yourself")


def remove_run(run: Run) -> list[Path]:
    """Remove a run's files, and its folder if nothing else is in it.

    Returns:
        What stays since no run writes it, sorted.

    Raises:
        RunError: it is being trained, or nothing in the folder says that it is a run.
        OSError: a file can't be removed.
    """
    require_run(run, "remove")
    with hold_lock(run, _LATER):
        remove_leftovers(run.folder)
        if not run.events_folder.is_symlink():  # or what lies elsewhere would go
            for folder in (*run.event_folders, run.events_folder):
                if not folder.is_symlink():
                    _clear(folder, _EVENTS)
        _clear(run.folder, _OF_CLASSIFIERS if run.kind is CLASSIFIER else _OURS)
        if run.folder.is_symlink() and not run.folder.exists():
            run.folder.unlink()
    return sorted(find_files(run.folder))


def rename_run(run: Run, name: str) -> Run:
    """Give a run another name: its folder's.

    Returns:
        The run under its new name.

    Raises:
        UsageError: no run can have that name.
        RunError: it is being trained, there is such a folder, or nothing says that it is a run.
        OSError: the folder can't be renamed.
    """
    require_run(run, "rename")
    renamed = Run(run.folder.with_name(choose_other_name(run, name)), run.kind)
    with hold_lock(run, _LATER):
        run.folder.rename(renamed.folder)
    return renamed


def thin_run(run: Run) -> list[int]:
    """Remove all checkpoints but those of the best and of the last epoch; their epochs.

    Raises:
        RunError: it is being trained, its history is damaged, or nothing says that it is a run.
        OSError: a file can't be removed.
    """
    require_run(run, "thin")
    with hold_lock(run, _LATER):
        return keep.thin(run, keep.BEST)


def _clear(folder: Path, ours: re.Pattern[str]) -> None:
    """Remove the files that are called so, and the folder if nothing else is in it."""
    for path in find_files(folder):
        if ours.fullmatch(path.name) and (path.is_symlink() or not path.is_dir()):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.resolve().rmdir()
