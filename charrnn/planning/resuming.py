"""What every resume checks."""

from collections.abc import Collection, Mapping
from typing import Any

from charrnn.errors import RunFinishedError, UsageError
from charrnn.runs.run import Run


def check_changeable(settings: Mapping[str, Any], changeable: Collection[str]) -> None:
    """Reject settings that a resume can't change.

    Raises:
        UsageError: there are any.
    """
    fixed = ", ".join(f"`{name}`" for name in sorted({*settings} - {*changeable}))
    if fixed:
        raise UsageError(f"{fixed} can't change on a resume: start a new run for that")


def make_finished_error(run: Run, done: int, more: int) -> RunFinishedError:
    """What to raise if all of a run's epochs are done."""
    return RunFinishedError(
        f"{run.name} has done all its epochs, {done}: to train further, set `epochs` to, say, "
        f"{done + more}",
        run.kind.name,
        run.name,
        done,
    )
