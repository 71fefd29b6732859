"""Finding runs."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from charrnn.errors import CheckpointError, NoRunError, RunError, UsageError
from charrnn.runs import container, resume
from charrnn.runs.atomic import find_files
from charrnn.runs.bundled import BUNDLED
from charrnn.runs.checkpoint import SUFFIX
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run

_MOST_NAMES = 10  # in an error message
_COUNTS = {2: "two", 3: "three"}  # there are three kinds


def list_runs(checkpoints: Path, kind: Kind) -> list[Run]:
    """The runs of a kind, the one written to last first.

    Args:
        checkpoints: the folder of all runs.
        kind: what a run's files say, whatever its folder is called; a run of which none can be
            read counts too, so that using it can say what is wrong.
    """
    folder = checkpoints / kind.subfolder
    candidates = [path for path in find_files(folder) if find_files(path, ".h5")]
    runs = [Run(path, kind) for path in candidates if detect_kind(path) in {kind, None}]
    return sorted(runs, key=find_last_write, reverse=True)


def list_all_runs(checkpoints: Path) -> list[Run]:
    """The runs of every kind, wherever they lie, the one written to last first.

    Args:
        checkpoints: the folder of all runs. A run that does not say its kind is of the kind that is
            kept in its place.
    """
    runs = [
        Run(path, detect_kind(path) or kind)
        for kind, path in _list_places(checkpoints)
        if find_files(path, ".h5")
    ]
    return sorted(runs, key=find_last_write, reverse=True)


def list_other_folders(checkpoints: Path) -> list[Path]:
    """The folders among the runs that are none, since no file of a network is in them."""
    others = (path for _, path in _list_places(checkpoints) if not find_files(path, ".h5"))
    return sorted(path for path in others if _is_folder(path))


def _list_places(checkpoints: Path) -> Iterator[tuple[Kind, Path]]:
    """What lies where runs are kept, with the kind that is kept there; hidden names are passed."""
    subfolders = {kind.subfolder for kind in KINDS}
    for kind in KINDS:
        for path in find_files(checkpoints / kind.subfolder):
            reserved = kind is LANGUAGE and path.name in subfolders
            if not reserved and not path.name.startswith("."):
                yield kind, path


def detect_kind(folder: Path) -> Kind | None:
    """Which kind of run is in a folder, by what its files say; None if none of them says."""
    for path in sorted(find_files(folder, SUFFIX), reverse=True):
        with contextlib.suppress(CheckpointError):  # the next file may be readable
            title = container.read_title(path)
            for kind in KINDS:
                if kind.title == title:
                    return kind
    return resume.read_kind(Run(folder, LANGUAGE))


def find_run(checkpoints: Path, kind: Kind, name: str) -> Run:
    """The run of that name, or at that path.

    Raises:
        RunError: there is none; the message lists those that there are.
    """
    runs = list_runs(checkpoints, kind)
    named = match_runs(name, runs)
    if named:
        return named[0]
    for other in KINDS:
        if other != kind and any(means_run(name, run) for run in list_runs(checkpoints, other)):
            place = checkpoints / other.subfolder
            raise NoRunError(
                f"{name} is a {other.name}, not a {kind.name}; it is in {place}",
                other.name,
                other=name,
            )
    folder = checkpoints / kind.subfolder
    path = Path(name)
    if name and find_files(path, ".h5"):
        place = path.resolve().parent / ("." if not kind.subfolder else "..")
        raise NoRunError(
            f"{name} is not in {folder}: to use that run, give {place.resolve()} as `checkpoints`",
            kind.name,
        )
    raise NoRunError(
        f"no run {name!r} in {folder}: {list_names(runs, name)}",
        kind.name,
        empty=not runs,
    )


def find_any_run(checkpoints: Path, name: str) -> Run:
    """The run of that name, or at that path, of whichever kind; else the bundled network's.

    Raises:
        RunError: there is none, or there are several of that name.
    """
    runs = list_all_runs(checkpoints)
    run = choose_run(name, runs, LANGUAGE)
    if run is None and name == BUNDLED.name:
        return BUNDLED
    if run is None:
        raise NoRunError(
            f"no run {name!r} in {checkpoints}: {list_names(runs, name)}",
            LANGUAGE.name,
            empty=not runs,
        )
    return run


def choose_run(name: str, runs: Sequence[Run], kind: Kind) -> Run | None:
    """The one run that is meant, by its name or the path of its folder; None if there is none.

    Args:
        name: the name or path.
        runs: to choose from.
        kind: of a run elsewhere that does not say its kind.

    Raises:
        RunError: several runs have that name.
    """
    named = match_runs(name, runs)
    if len(named) > 1:
        folders = " or ".join(str(run.folder) for run in named)
        count = _COUNTS.get(len(named), len(named))
        raise RunError(f"{count} runs are called {name}: give {folders}")
    if named:
        return named[0]
    path = Path(name)
    return _place_run(path, kind) if name and find_files(path, ".h5") else None


def match_runs(given: str, runs: Sequence[Run]) -> list[Run]:
    """The runs that a name, or the path of a folder, may mean.

    A link to a run is a run of its own, with another name and path; but what means both means the
    run, unless it is the link's very path.
    """
    named = [run for run in runs if means_run(given, run)]
    exact = [run for run in named if _spell_path(run.folder) == _spell_path(given)]
    links_first = sorted(named, key=lambda run: not run.folder.is_symlink())
    return exact or [*{run.folder.resolve(): run for run in links_first}.values()]


def means_run(given: str, run: Run) -> bool:
    """Whether a name, or the path of a folder, is a run's."""
    if given.rstrip("/") == run.name:
        return True
    try:
        return given != "" and Path(given).resolve() == run.folder.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name that no file can have
        return False


def _spell_path(path: str | Path) -> str:
    """A path from the root, with its links."""
    return os.path.abspath(path)  # noqa: PTH100 - `Path.absolute` keeps ..


def _place_run(folder: Path, kind: Kind) -> Run:
    """The run in a folder, which has a name.

    Args:
        folder: the folder, perhaps as "." or "..".
        kind: of a run that doesn't say its kind.
    """
    folder = folder if folder.name.strip(".") else folder.resolve()
    return Run(folder, detect_kind(folder) or kind)


def find_newest_run(checkpoints: Path, kind: Kind) -> Run:
    """The run that a checkpoint was written to last.

    Raises:
        RunError: there is no run with a checkpoint.
    """
    runs = list_runs(checkpoints, kind)
    finished = [run for run in runs if run.list_epochs()]
    interrupted = [run for run in runs if run.interrupted_file.exists()]
    for run in finished + interrupted:
        return run
    folder = checkpoints / kind.subfolder
    raise NoRunError(f"no trained {kind.name} in {folder}: train one", kind.name, empty=True)


def list_newer(run: Run) -> list[Run]:
    """The runs of the same kind that were written to after this one, the newest first."""
    runs = list_runs(run.checkpoints, run.kind)
    return list(itertools.takewhile(lambda other: other != run, runs))


def find_resumable(checkpoints: Path, kind: Kind, name: str) -> Run:
    """The run of that name, or if the name is empty the newest that can be resumed.

    Raises:
        RunError: there is none.
    """
    if name:
        return find_run(checkpoints, kind, name)
    for run in list_runs(checkpoints, kind):
        if run.resume_file.exists():
            return run
    folder = checkpoints / kind.subfolder
    raise NoRunError(f"no {kind.name} in {folder} can be resumed: train one", kind.name, empty=True)


def find_checkpoint(
    checkpoints: Path, kind: Kind, named: str | Path | None = None, epoch: int | None = None
) -> Path:
    """The checkpoint file that is meant.

    Args:
        checkpoints: the folder of all runs.
        kind: of the network.
        named: a run's name or, if no run has that name, the bundled network's, a folder or a
            checkpoint file; None for the newest run or, if there is none, the bundled network.
        epoch: of a run; None for the best one.

    Raises:
        RunError: there is no such run or epoch.
        UsageError: an epoch was given beside one epoch's file.
    """
    if named is None:
        return _find_newest_or_bundled(checkpoints, kind).choose_checkpoint(epoch)
    path = Path(named)
    # An empty name would be the path of the working folder.
    is_name = str(named) in {"", *(run.name for run in list_runs(checkpoints, kind))}
    if str(named) == BUNDLED.name and kind == BUNDLED.kind and not is_name:
        return BUNDLED.choose_checkpoint(epoch)
    if path.suffix == ".h5" or (path.is_file() and not is_name):
        if epoch is not None:
            raise UsageError(f"{path} is one epoch's file: leave out `epoch`")
        return path
    if not is_name and find_files(path, ".h5"):
        return _place_run(path, kind).choose_checkpoint(epoch)
    if not is_name and path.is_dir():
        raise NoRunError(_describe_folder(path), kind.name)
    return find_run(checkpoints, kind, str(named)).choose_checkpoint(epoch)


def _find_newest_or_bundled(checkpoints: Path, kind: Kind) -> Run:
    try:
        return find_newest_run(checkpoints, kind)
    except NoRunError:
        if kind != BUNDLED.kind:
            raise
        return BUNDLED


def find_last_write(run: Run) -> int:
    """When a network of a run was last written, in nanoseconds since 1970; 0 if none was."""
    return max(map(_read_time, find_files(run.folder, ".h5")), default=0)


def list_names(runs: Sequence[Run], given: str) -> str:
    """The newest runs' names, and those that may be meant by a name that none of them has."""
    names = [run.name for run in runs]
    if not names:
        return "there are none yet; train one"
    if len(names) == 1:
        return f"the only run is {names[0]}"
    rest = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    close = get_close_matches(given, names)
    advice = f"; did you mean {' or '.join(close)}?" if close else ""
    return f"the runs are {', '.join(names[:_MOST_NAMES])}{rest}{advice}"


def _describe_folder(folder: Path) -> str:
    """Why a folder is no run."""
    runs = sorted(path.name for path in find_files(folder) if find_files(path, SUFFIX))
    if not runs:
        return f"{folder} is a folder without checkpoints: name a run or a {SUFFIX} file"
    return f"{folder} is a folder of runs, not a run: name one, for example {folder / runs[0]}"


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder's, as far as we may look."""
    with contextlib.suppress(OSError):
        return path.is_dir()
    return False


def _read_time(path: Path) -> int:
    """When a file was written; 0 if it has gone since it was listed, or is a loop of links."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
