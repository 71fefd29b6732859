"""Which trained network a command asks for: a run's best epoch, another epoch, or a file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.errors import CheckpointError

if TYPE_CHECKING:
    from charrnn.checkpoint import Provenance


def checkpoint_file(
    run: str | None, checkpoint: Path | None, epoch: int | None, folder: Path
) -> Path:
    """The file of the options --run, --checkpoint and --epoch, of the runs in a folder.

    Raises:
        click.UsageError: they contradict each other.
        CheckpointError, RunError: there is no such checkpoint.
    """
    if checkpoint:
        if run or epoch:
            raise click.UsageError("--checkpoint names one file: leave out --run and --epoch")
        if checkpoint.is_dir():
            raise CheckpointError(f"{checkpoint} is a folder: choose a run with --run NAME")
        return checkpoint
    from charrnn.runs import find_run, newest_run

    return (find_run(folder, run) if run else newest_run(folder)).checkpoint_file(epoch)


def run_name(path: Path) -> str:
    """The name of a checkpoint's run, as far as its path tells."""
    return path.parent.name or path.name


def described(path: Path, source: "Provenance") -> str:
    """Which network answers, for a note or a title."""
    state = f"epoch {source.epoch}" if source.finished else f"in epoch {source.epoch}"
    kind = "training" if source.validation_loss is None else "validation"
    loss = source.train_loss if source.validation_loss is None else source.validation_loss
    return f"{run_name(path)}, {state}, {kind} loss {loss:.4f}"
