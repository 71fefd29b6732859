"""Which names a new run can have, and the folders that are claimed for them."""

import re
from collections.abc import Callable
from pathlib import Path

from charrnn.errors import RunError, RunExistsError, UsageError
from charrnn.runs.catalogue import detect_kind
from charrnn.runs.claim import claim, is_free, is_held, make_busy_error
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run

Note = Callable[[str], None]
"""Called with what the user of a new run should know of its name."""

_NAME = re.compile(r"[^\W_][\w.+-]*")
_LONGEST_STEM = 50  # of 4 bytes each, well within what a file system allows


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
        RunError: a run of that name has more than hardly begun, see `charrnn.runs.claim`.
    """
    folder = checkpoints / kind.subfolder
    name = read_name(checkpoints, kind, given, keyword)
    if not is_free(Run(folder / name, kind)):
        taken = _say_taken(folder, name, keyword)
        if keyword != "run":
            raise RunError(taken)
        found = detect_kind(folder / name) or kind
        raise RunExistsError(f"{taken}, or resume it", found.name, name)
    return name


def read_name(checkpoints: Path, kind: Kind, given: str, keyword: str = "run") -> str:
    """A run's name, whether or not there is such a run; arguments as in `choose_name`.

    Raises:
        UsageError: the name can't be a run's, or the path is of another folder's.
    """
    where = f"where a {kind.name} is kept: give a name alone, or another folder as `checkpoints`"
    name = _read_name(checkpoints / kind.subfolder, given, keyword, where)
    if kind is LANGUAGE:
        _reject_reserved(name, keyword)
    return name


def choose_other_name(run: Run, given: str) -> str:
    """Another name for a run, given by itself or as the path of a folder beside the run's.

    A run of any kind may lie where runs of another kind are kept, and stays there.

    Raises:
        UsageError: the name can't be a run's, or the path is of another folder's.
        RunError: there is such a folder.
    """
    folder = run.folder.parent
    name = _read_name(folder, given, "new", f"where {run.name} lies: give a name alone")
    _reject_reserved(name, "new")
    if not is_free(Run(folder / name, run.kind)):
        raise RunError(_say_taken(folder, name, "new"))
    if (folder / name).exists():
        raise RunError(f"there is a folder {folder / name}: choose another name as `new`")
    return name


def make_run(
    checkpoints: Path, kind: Kind, name: str | None, corpus: str, network: str, note: Note
) -> Run:
    """Claim the folder of a new run.

    Args:
        checkpoints: the folder of all runs.
        kind: of the run.
        name: its name; None for one made of the corpus and the network.
        corpus: the corpus's name.
        network: what to call the network.
        note: called with what the user should know.

    Raises:
        RunError: the name was taken since it was checked.
    """
    if name is None:
        return claim_folder(checkpoints, kind, corpus, network, note)
    run = Run(checkpoints / kind.subfolder / name, kind)
    if not _claim(run, note):
        choose_name(checkpoints, kind, name)
        raise make_busy_error(run)
    return run


def claim_folder(
    checkpoints: Path, kind: Kind, corpus: str, network: str, note: Note = lambda _: None
) -> Run:
    """Claim the folder of a new run, named after its corpus and its network.

    A name that is taken gets a number. Of several processes that want the same name, each gets
    another one.
    """
    name, number = suggest_name(corpus, network), 1
    while not _claim(run := Run(checkpoints / kind.subfolder / _number(name, number), kind), note):
        number += 1
    if number > 1:
        note(f"{name} exists: this run is {run.name}")
    return run


def find_free_name(checkpoints: Path, kind: Kind, corpus: str, network: str) -> str:
    """The name that `claim_folder` would give a new run now; nothing is claimed."""
    name, number = suggest_name(corpus, network), 1
    while not is_free(run := Run(checkpoints / kind.subfolder / _number(name, number), kind)) or (
        is_held(run)
    ):
        number += 1
    return run.name


def is_numbered(name: str, suggested: str) -> bool:
    """Whether a run was named by `claim_folder`: as suggested, perhaps with a number."""
    return re.fullmatch(rf"{re.escape(suggested)}(-\d+)?", name) is not None


def suggest_name(corpus: str, network: str) -> str:
    """What a run is called that nobody gave a name: after its corpus and its network."""
    stem = re.sub(r"[^\w.+-]+", "-", corpus)[:_LONGEST_STEM].strip("-._+") or "text"
    return f"{stem}-{network}"


def _read_name(folder: Path, given: str, keyword: str, where: str) -> str:
    """The name of a folder within `folder`, given by itself or as its path.

    Raises:
        UsageError: the path leads elsewhere, or no run can have the name.
    """
    name = given.rstrip("/")
    if "/" in name:
        path = Path(name)  # which may be a link, to another disk
        if path.parent.resolve() != folder.resolve():
            raise UsageError(f"`{keyword}` {given} is not in {folder}, {where}")
        name = path.name
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"`{keyword}` {given!r} can't be a folder's name: use letters and digits, and after "
            "the first of them also . _ + -"
        )
    return name


def _reject_reserved(name: str, keyword: str) -> None:
    """Reject a name that would hide a run: there, runs of another kind are looked for."""
    if is_reserved(name):
        raise UsageError(
            f"`{keyword}` can't be {name}, the folder of other kinds of run: give another name"
        )


def _say_taken(folder: Path, name: str, keyword: str) -> str:
    return f"run {name!r} exists in {folder}: choose another name as `{keyword}`"


def _claim(run: Run, note: Note) -> bool:
    """Claim a folder, and say so if another run began there."""
    begun = run.resume_file.exists()
    if not claim(run):
        return False
    if begun:
        note(f"{run.name} was stopped before its first epoch ended: this run takes its place")
    return True


def _number(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
