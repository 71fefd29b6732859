"""How often a run is saved, and which of its checkpoints are kept.

No weight depends on it: a resume starts from the resume file, which holds everything.
"""

import math
from dataclasses import dataclass

from charrnn.config.fields import MOST_EPOCHS, require
from charrnn.runs.gradient_rms import find_rms_file
from charrnn.runs.history import find_best
from charrnn.runs.run import Run

ALL, BEST, LAST = "all", "best", "last"
EVERY = 10.0
"""Minutes of an epoch's training after which a run is saved by default, the most that is lost."""


@dataclass(frozen=True)
class Saving:
    """How a run is to be saved; None for the default or, on a resume, for what it was.

    Attributes:
        keep: which checkpoints stay; see `choose_kept`.
        checkpoint_every: minutes of an epoch after which all is saved in the middle of it; 0 for
            never.
    """

    keep: str | None = None
    checkpoint_every: float | None = None

    def check(self) -> None:
        """Raise unless both can be meant.

        Raises:
            UsageError: one can't.
        """
        if self.keep is not None:
            check_keep(self.keep)
        minutes = self.checkpoint_every
        require(
            minutes is None or (math.isfinite(minutes) and minutes >= 0),
            f"`checkpoint_every` must be a number of minutes from 0, not {minutes}",
        )


AS_BEFORE = Saving()
"""The default of a new run, and on a resume what it was."""


def check_keep(keep: str) -> str:
    """Return `keep` if it says which checkpoints to keep.

    Raises:
        UsageError: it is neither best, last nor all, nor a number of epochs.
    """
    is_number = keep.isascii() and keep.isdigit() and len(keep) <= len(str(MOST_EPOCHS))
    require(
        keep in {ALL, BEST, LAST} or (is_number and int(keep) > 0),
        f"`keep` must be {BEST}, {LAST}, {ALL} or a number of epochs above 0, not {keep!r}",
    )
    return keep


def choose_kept(run: Run, keep: str) -> set[int]:
    """The epochs whose checkpoints stay, of those that have one.

    Args:
        run: the run.
        keep: "best" for the best and the last epoch, "last" for the last alone, a number for so
            many of the last and the best, "all" for all. Unless the last alone stays, so does an
            epoch that the history does not know: it may be the best.

    Raises:
        RunError: the history is damaged.
    """
    epochs = run.list_epochs()
    if keep == ALL or not epochs:
        return {*epochs}
    last = epochs[-1:] if keep in {BEST, LAST} else epochs[-int(keep) :]
    if keep == LAST:
        return {*last}
    known = [result for result in run.read_history() if result.epoch in epochs]
    best = {find_best(known).epoch} if known else set()
    return {*last} | best | {*epochs} - {result.epoch for result in known}


def thin(run: Run, keep: str) -> list[int]:
    """Remove the checkpoints that don't stay, with what was measured of them; their epochs.

    Raises:
        RunError: the history is damaged.
        OSError: a file can't be removed.
    """
    kept = choose_kept(run, keep)
    gone = [epoch for epoch in run.list_epochs() if epoch not in kept]
    for epoch in gone:
        run.epoch_file(epoch).unlink(missing_ok=True)
        find_rms_file(run.epoch_file(epoch)).unlink(missing_ok=True)
    return gone
