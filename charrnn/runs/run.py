"""A run: one name, one folder, one network that is trained."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn.errors import NoCheckpointError, RunError
from charrnn.runs.atomic import find_files
from charrnn.runs.checkpoint import SUFFIX
from charrnn.runs.history import EpochResult, find_best, read_history, write_history
from charrnn.runs.kinds import Kind

_EPOCH_FILE = re.compile(r"epoch-(\d{4,})" + re.escape(SUFFIX))


@dataclass(frozen=True)
class Run:
    """A run's folder, and which kind of network it trains."""

    folder: Path
    kind: Kind

    @property
    def name(self) -> str:
        """The run's name, which is its folder's."""
        return self.folder.name

    @property
    def checkpoints(self) -> Path:
        """The folder of all runs, of every kind; a run may lie at its top whatever its kind is."""
        place = self.folder.parent
        is_below = self.kind.subfolder and place.name == self.kind.subfolder
        return place.parent if is_below else place

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
        """The weights in the middle of an epoch that was interrupted."""
        return self.folder / f"interrupted{SUFFIX}"

    @property
    def history_file(self) -> Path:
        """A line for each epoch."""
        return self.folder / "history.csv"

    @property
    def curves_file(self) -> Path:
        """The picture of the learning curves."""
        return self.folder / "curves.png"

    @property
    def events_folder(self) -> Path:
        """What TensorBoard shows of the run, if it was asked for."""
        return self.folder / "tensorboard"

    @property
    def event_folders(self) -> tuple[Path, Path]:
        """Its parts: of the training, and of the validation."""
        return self.events_folder / "train", self.events_folder / "validation"

    def epoch_file(self, epoch: int) -> Path:
        """The checkpoint of an epoch, counted from 1."""
        return self.folder / f"epoch-{epoch:04d}{SUFFIX}"

    def list_epochs(self) -> list[int]:
        """The epochs that have a checkpoint, in order."""
        matches = (_EPOCH_FILE.fullmatch(path.name) for path in find_files(self.folder))
        return sorted(int(match[1]) for match in matches if match)

    def list_epoch_files(self) -> list[Path]:
        """The checkpoints of the epochs that have one, in order."""
        return [*map(self.epoch_file, self.list_epochs())]

    def write_history(self, results: Sequence[EpochResult]) -> None:
        """Replace history.csv by `results`."""
        write_history(self.history_file, results)

    def read_history(self) -> list[EpochResult]:
        """The results in history.csv; none if there is no such file.

        Raises:
            RunError: the file is damaged.
        """
        return read_history(self.history_file)

    def find_best_epoch(self) -> int | None:
        """The epoch with the lowest loss among those that have a checkpoint."""
        epochs = set(self.list_epochs())
        results = [result for result in self.read_history() if result.epoch in epochs]
        return find_best(results).epoch if results else max(epochs, default=None)

    def choose_checkpoint(self, epoch: int | None = None) -> Path:
        """The checkpoint to use: that of `epoch`, or of the best one.

        Raises:
            RunError: there is none; the message lists the epochs that there are.
        """
        epochs = self.list_epochs()
        if epoch is not None:
            if epoch not in epochs:
                raise RunError(f"{self.name} has no epoch {epoch}: it has {list_epochs(epochs)}")
            return self.epoch_file(epoch)
        best = self.find_best_epoch()
        if best is not None:
            return self.epoch_file(best)
        if self.interrupted_file.exists():
            return self.interrupted_file
        raise NoCheckpointError(
            f"{self.folder} has no checkpoint yet: train its first epoch", self.kind.name, self.name
        )

    def remove_if_empty(self) -> None:
        """Remove the run's folder if there is no file in it to use or resume."""
        if self.folder.is_dir() and not find_files(self.folder, ".h5"):
            self.lock_file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()


def name_epochs(epochs: Sequence[int]) -> str:
    """Epochs, in order, in words: "epochs 1 to 5", or "epoch 3"."""
    return f"epoch{'s' if len(epochs) != 1 else ''} {list_epochs(epochs)}"


def list_epochs(epochs: Sequence[int]) -> str:
    """Epochs, in order, in words: "1 to 5", or "3, 7"."""
    if not epochs:
        return "none yet"
    consecutive = epochs[-1] - epochs[0] + 1 == len(epochs)
    if consecutive and len(epochs) > 1:
        return f"{epochs[0]} to {epochs[-1]}"
    return ", ".join(map(str, epochs))
