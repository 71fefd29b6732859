"""Which trained network a command asks for: a run's best epoch, another epoch, or a file."""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli.terminal import number
from charrnn.errors import CheckpointError

if TYPE_CHECKING:
    from charrnn.checkpoint import Checkpoint, Provenance
    from charrnn.networks.stepper import KerasStepper
    from charrnn.sampling.network import NumpyStepper


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

    chosen = newest_run(folder) if run is None else find_run(folder, run)
    return chosen.checkpoint_file(epoch)


def is_text(named: str, folder: Path, words: Collection[str] = ()) -> bool:
    """Whether a text's file, or a word for one, is named, and neither run nor checkpoint."""
    from charrnn.runs import runs

    other = named in words or (Path(named).is_file() and Path(named).suffix != ".h5")
    return other and named not in {run.name for run in runs(folder)}


def named_file(run: str | None, epoch: int | None, folder: Path) -> Path:
    """The file of an argument RUN, a run's name or a `.weights.h5` file, and --epoch.

    Raises:
        click.UsageError: they contradict each other.
        CheckpointError, RunError: there is no such checkpoint.
    """
    if run is None or Path(run).suffix != ".h5":
        return checkpoint_file(run, None, epoch, folder)
    if epoch:
        raise click.UsageError(f"{run} is one epoch's file: leave out --epoch")
    return checkpoint_file(None, Path(run), None, folder)


def stepper(engine: str, network: "Checkpoint", batch_size: int) -> "NumpyStepper | KerasStepper":
    """What runs the network, by the option --engine, with so many texts side by side."""
    if engine == "keras":
        from charrnn.networks.stepper import KerasStepper

        return KerasStepper(network, batch_size)
    from charrnn.sampling.network import NumpyStepper

    return NumpyStepper(network, batch_size)


def run_name(path: Path) -> str:
    """The name of a checkpoint's run, as far as its path tells."""
    return path.parent.name or path.name


def when(source: "Provenance") -> str:
    """The epoch after which, or in which, a checkpoint was written."""
    return f"epoch {source.epoch}" if source.finished else f"in epoch {source.epoch}"


def described(path: Path, source: "Provenance") -> str:
    """Which network answers, for a note or a title."""
    kind = "training" if source.validation_loss is None else "validation"
    loss = source.train_loss if source.validation_loss is None else source.validation_loss
    return f"{run_name(path)}, {when(source)}, {kind} loss {number(loss)}"


@contextlib.contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Within, a complaint about the network begins with its file."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
