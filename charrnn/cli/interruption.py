"""Stopping a training: the first Ctrl-C is a wish, and what is kept is said."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import click

from charrnn import resume_file
from charrnn.cli.terminal import Terminal
from charrnn.errors import TrainingError
from charrnn.runs import Run


@contextlib.contextmanager
def interruption(terminal: Terminal) -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C is noted for the training to ask about; the second ends at once."""
    noted: list[int] = []

    def note(number: int, _: object) -> None:
        noted.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        line = "\n" if terminal.live else ""  # the bar's ends with ^C
        terminal.note(f"{line}stopping after this step; press Ctrl-C again to stop at once")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(noted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stoppable(
    terminal: Terminal, run: Run, steps: int, go_on: str, use: str
) -> Iterator[Callable[[], bool]]:
    """Within, a training can be stopped by Ctrl-C; what is kept, then or on a full disk, is said.

    Args:
        terminal: where to say it.
        run: its run.
        steps: in an epoch.
        go_on: the command that goes on with it.
        use: what can be done with the network as it is, a line.
    """
    from charrnn.training.callbacks import DivergedError, Interrupted

    try:
        with interruption(terminal) as interrupted:
            yield interrupted
    except (Interrupted, KeyboardInterrupt) as stop:
        kept = f"{stop.step} of {steps}" if isinstance(stop, Interrupted) and stop.step else None
        terminal.note(farewell(run, kept, go_on, use))
        raise click.exceptions.Exit(128 + signal.SIGINT) from None
    except DivergedError as diverged:
        again = f"{go_on} {diverged.flags}"
        raise TrainingError(f"{diverged}. Go on from there with {again}") from None
    except OSError:
        terminal.note(farewell(run, None, go_on, use))
        raise


def farewell(run: Run, kept: str | None, go_on: str, use: str) -> str:
    """What a training that was stopped has saved, and how to go on.

    Args:
        run: its run.
        kept: which step the interrupted file holds; None for no such file.
        go_on: the command that goes on with it.
        use: what can be done with the network as it is, a line.
    """
    if not run.resume_file.exists():
        return "stopped before the training began: nothing is kept. Give the command again."
    epochs = resume_file.epochs(run)
    part = f"; the weights of step {kept} after it are in {run.interrupted_file.name}"
    if not epochs:
        saved = "stopped before the first epoch ended"
        next_line = f"Start again: {go_on}"
    else:
        saved = f"stopped: epoch {epochs} is saved"
        next_line = f"Go on after it: {go_on}"
    if kept and not epochs:
        part = f"; the weights of its step {kept} are in {run.interrupted_file.name}"
    lines = [f"{saved}{part if kept else ''}.", next_line]
    if epochs or kept:
        lines.append(use)
    return "\n".join(lines)
