"""Where a plan reads and writes."""

from dataclasses import dataclass
from pathlib import Path

from charrnn.data.download import DATA
from charrnn.runs.kinds import CHECKPOINTS


@dataclass(frozen=True)
class Folders:
    """Where things are kept.

    Attributes:
        checkpoints: where runs are found.
        data: where downloads are kept.
        new_runs: where new runs are made; None to make them among the others.
    """

    checkpoints: Path = CHECKPOINTS
    data: Path = DATA
    new_runs: Path | None = None

    @property
    def destination(self) -> Path:
        """The checkpoints folder that new runs are made in."""
        return self.new_runs or self.checkpoints
