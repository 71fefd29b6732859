"""Which trained classifier a command asks for: a run's best epoch, another epoch, or a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.runs import CLASSIFIERS, find_run, newest_run

if TYPE_CHECKING:
    from charrnn.checkpoint import Provenance

Floats = npt.NDArray[np.float64]

_ENOUGH = 0.5  # a higher probability of positive is the answer positive, as in Keras's accuracy


def checkpoint_file(
    run: str | None, checkpoint: Path | None, epoch: int | None, checkpoints: Path
) -> Path:
    """The file of the options --run, --checkpoint and --epoch.

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
    folder = checkpoints / CLASSIFIERS
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


def label_of(probability: float) -> str:
    """What a probability of positive says."""
    return "positive" if probability > _ENOUGH else "negative"


def measured(
    measure: Callable[[Sequence[str]], Floats], texts: Sequence[str], path: Path
) -> Floats:
    """What a network says of the texts, unless that is no use.

    Raises:
        CheckpointError: not all of it is finite.
    """
    with np.errstate(all="ignore"):
        values = measure(texts)
    if not np.isfinite(values).all():
        raise CheckpointError(
            f"{path} answers with no number: its training diverged, choose an earlier --epoch"
        )
    return values
