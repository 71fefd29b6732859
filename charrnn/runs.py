"""Run folders: one training, one name, `checkpoints/<run>/`."""

import contextlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn import history
from charrnn.checkpoint import SUFFIX
from charrnn.errors import RunError, UsageError
from charrnn.folders import CHECKPOINTS
from charrnn.history import EpochResult, best_of

_EPOCH_FILE = re.compile(r"epoch-(\d{4,})" + re.escape(SUFFIX))
_NAME = re.compile(r"[^\W_][\w.+-]*")
_LONGEST_STEM = 50  # of 4 bytes each, well within what a file system allows
_MOST_NAMES = 10  # in an error message

CLASSIFIERS = "classify"
"""The folder among the runs where classifiers are kept."""

PRETRAINED = "pretrained"
"""The folder among the runs where word-level language models are kept."""

_USES = {
    "": "it is a network that writes, charrnn sample --run {}",
    CLASSIFIERS: "it is a classifier, charrnn classify predict --run {}",
    PRETRAINED: "it is a word model, charrnn classify imdb --embedding-from {}",
}
_COMMANDS = {CLASSIFIERS: "charrnn classify imdb", PRETRAINED: "charrnn classify pretrain"}


@dataclass(frozen=True)
class Run:
    """A training's folder."""

    folder: Path

    @property
    def name(self) -> str:
        """The run's name, which is its folder's."""
        return self.folder.name

    @property
    def resume_file(self) -> Path:
        """What a resume needs; replaced at the end of each epoch."""
        return self.folder / "resume.h5"

    @property
    def lock_file(self) -> Path:
        """Held by the process that trains in this folder."""
        return self.folder / ".lock"

    @property
    def interrupted_file(self) -> Path:
        """The weights in the middle of an epoch that was broken off."""
        return self.folder / f"interrupted{SUFFIX}"

    def epoch_file(self, epoch: int) -> Path:
        """The checkpoint of an epoch, counted from 1."""
        return self.folder / f"epoch-{epoch:04d}{SUFFIX}"

    def epochs(self) -> list[int]:
        """The epochs whose checkpoints are there, in order."""
        matches = (_EPOCH_FILE.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    @property
    def history_file(self) -> Path:
        """A line for each epoch."""
        return self.folder / "history.csv"

    def write_history(self, results: Sequence[EpochResult]) -> None:
        """Replace history.csv by `results`."""
        history.write(self.history_file, results)

    def history(self) -> list[EpochResult]:
        """The results in history.csv; none where there is no such file.

        Raises:
            RunError: the file is damaged.
        """
        return history.read(self.history_file)

    def best_epoch(self) -> int | None:
        """The epoch with the lowest loss among those whose checkpoints are there."""
        there = set(self.epochs())
        results = [result for result in self.history() if result.epoch in there]
        return best_of(results).epoch if results else max(there, default=None)

    def checkpoint_file(self, epoch: int | None = None) -> Path:
        """The checkpoint to use: of `epoch`, or the best one.

        Raises:
            RunError: there is none; the message lists those there are.
        """
        epochs = self.epochs()
        if epoch is not None:
            if epoch not in epochs:
                raise RunError(f"{self.name} has no epoch {epoch}: it has {_ranges(epochs)}")
            return self.epoch_file(epoch)
        best = self.best_epoch()
        if best is not None:
            return self.epoch_file(best)
        if self.interrupted_file.exists():
            return self.interrupted_file
        raise RunError(
            f"{self.folder} has no checkpoint: name a run's folder, or train the run's first epoch "
            f"with {self.resume_command()}"
        )

    def typed(self) -> str:
        """Its name and where it is, as a command line has them."""
        root = _root(self.folder.parent)
        where = "" if root == CHECKPOINTS else f" --checkpoints {shlex.quote(str(root))}"
        return f"{shlex.quote(self.name)}{where}"

    def resume_command(self, corpus: str = "") -> str:
        """What goes on with it, as a command line has it.

        Args:
            corpus: where its text is now; empty for where it was.
        """
        command = [training_command(self.folder.parent), *([corpus] if corpus else [])]
        return f"{' '.join(command)} --resume {self.typed()}"

    def remove_if_empty(self) -> None:
        """Remove the folder of a training that came to nothing."""
        if self.folder.is_dir() and not any(self.folder.glob("*.h5")):
            self.lock_file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()


def runs(checkpoints: Path) -> list[Run]:
    """The runs in a checkpoints folder, the one written to last first."""
    if not checkpoints.is_dir():
        return []
    found = [Run(path) for path in checkpoints.iterdir() if any(path.glob("*.h5"))]
    return sorted(found, key=_written, reverse=True)


def find_run(checkpoints: Path, name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none; the message lists those there are.
    """
    there = runs(checkpoints)
    for run in there:
        if name in {run.name, str(run.folder)}:
            return run
    _complain_of_another_kind(checkpoints, name)
    raise RunError(f"no run {name!r} in {checkpoints}: {_names(checkpoints, there)}")


def newest_run(checkpoints: Path) -> Run:
    """The run that a checkpoint was written to last.

    Raises:
        RunError: there is no run.
    """
    there = runs(checkpoints)
    for run in there:
        if run.epochs():
            return run
    for run in there:
        if run.interrupted_file.exists():
            return run
    raise RunError(
        f"no trained network in {checkpoints}: train one first with {training_command(checkpoints)}"
    )


def resumable(checkpoints: Path, name: str) -> Run:
    """The run of that name, or where it is empty the newest that can be resumed.

    Raises:
        RunError: there is none.
    """
    if name:
        return find_run(checkpoints, name)
    for run in runs(checkpoints):
        if run.resume_file.exists():
            return run
    command = training_command(checkpoints)
    raise RunError(f"no run in {checkpoints} can be resumed: start one with {command}")


def new_run(checkpoints: Path, name: str | None, corpus: str, cell: str) -> Run:
    """A run that does not exist yet: of the given name, or `corpus-cell` with a number if taken.

    Raises:
        UsageError: the name can't be a folder's.
        RunError: a run of that name exists.
    """
    if name is not None:
        if not _NAME.fullmatch(name):
            raise UsageError(f"--run {name!r}: use letters, digits, and . _ + - after the first")
        if any((checkpoints / name).glob("*.h5")):
            raise RunError(
                f"run {name!r} exists in {checkpoints}: go on with "
                f"{Run(checkpoints / name).resume_command()}, or choose another --run name"
            )
        return Run(checkpoints / name)
    stem = re.sub(r"[^\w.+-]+", "-", corpus)[:_LONGEST_STEM].strip("-._+") or "text"
    checkpoints.mkdir(parents=True, exist_ok=True)
    number = 1
    while not _claimed(folder := checkpoints / _numbered(f"{stem}-{cell}", number)):
        number += 1
    return Run(folder)


def training_command(checkpoints: Path) -> str:
    """The command whose runs a folder holds."""
    return _COMMANDS.get(checkpoints.name, "charrnn train")


def _root(checkpoints: Path) -> Path:
    """The folder of all runs, of every kind."""
    return checkpoints.parent if checkpoints.name in _COMMANDS else checkpoints


def _claimed(folder: Path) -> bool:
    """Make the folder, which of several processes only one can do."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _numbered(base: str, number: int) -> str:
    return base if number == 1 else f"{base}-{number}"


def _written(run: Run) -> int:
    return max(path.stat().st_mtime_ns for path in run.folder.glob("*.h5"))


def _complain_of_another_kind(checkpoints: Path, name: str) -> None:
    """Where a run of that name is among the others, say what it is for."""
    root = _root(checkpoints)
    for folder, use in _USES.items():
        other = root / folder
        if other != checkpoints and name in {run.name for run in runs(other)}:
            raise RunError(f"{name} is in {other}: {use.format(name)}")


def _names(checkpoints: Path, there: Sequence[Run]) -> str:
    if not there:
        return f"there is none yet; train one with {training_command(checkpoints)}"
    rest = f" and {len(there) - _MOST_NAMES} more" if len(there) > _MOST_NAMES else ""
    return "there is " + ", ".join(run.name for run in there[:_MOST_NAMES]) + rest


def _ranges(epochs: Sequence[int]) -> str:
    if not epochs:
        return "none yet"
    gapless = epochs[-1] - epochs[0] + 1 == len(epochs)
    if gapless and len(epochs) > 1:
        return f"{epochs[0]} to {epochs[-1]}"
    return ", ".join(map(str, epochs))
