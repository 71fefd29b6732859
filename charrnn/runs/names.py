"""Which names a new run can have."""

import re
from pathlib import Path

from charrnn.errors import RunError, RunExistsError, UsageError
from charrnn.runs.catalogue import detect_kind
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind

_NAME = re.compile(r"[^\W_][\w.+-]*")


def is_reserved(name: str) -> bool:
    """Whether a language model of that name would lie around the runs of another kind."""
    return name in {kind.subfolder for kind in KINDS}


def choose_name(checkpoints: Path, kind: Kind, given: str, keyword: str = "run") -> str:
    """A new run's name, given by itself or as the path of the new run's folder.

    Args:
        checkpoints: the folder of all runs.
        kind: of the run.
        given: the name or path.
        keyword: what it is given as.

    Raises:
        UsageError: the name can't be a run's, or the path is of another folder's.
        RunError: a run of that name exists.
    """
    folder = checkpoints / kind.subfolder
    name = given.rstrip("/")
    if "/" in name:
        path = Path(name).resolve()
        if path.parent != folder.resolve():
            raise UsageError(
                f"`{keyword}` {given} is not in {folder}, where a {kind.name} is kept: give a name "
                "alone, or another folder as `checkpoints`"
            )
        name = path.name
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"`{keyword}` {given!r} can't be a folder's name: use letters and digits, and after "
            "the first of them also . _ + -"
        )
    if kind is LANGUAGE and is_reserved(name):
        raise UsageError(
            f"`{keyword}` can't be {name}, the folder of other kinds of run: give another name"
        )
    if any((folder / name).glob("*.h5")):
        taken = f"run {name!r} exists in {folder}: choose another name as `{keyword}`"
        if keyword != "run":
            raise RunError(taken)
        found = detect_kind(folder / name) or kind
        raise RunExistsError(f"{taken}, or resume it", found.name, name)
    return name
