"""How a run ends before its time, and what the user learns of it."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from charrnn.cli.hints import suggest_resume, suggest_use
from charrnn.cli.signals import SIGNALS, make_exit_code
from charrnn.cli.terminal import Terminal
from charrnn.data.sources import STDIN
from charrnn.errors import DivergedError, TrainingError, WorkerLostError
from charrnn.runs.resume import read_place
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.training.stop import Signals


@contextlib.contextmanager
def explain_stop(
    terminal: Terminal, run: Run, steps: int, context: click.Context, *, piped: bool
) -> Iterator["Signals"]:
    """Stop a run on a signal, and note what is kept, then, on a full disk or without a worker.

    Args:
        terminal: where to note it.
        run: the run.
        steps: batches in an epoch.
        context: the command under way.
        piped: whether the run reads standard input.

    Yields:
        what the run asks after each step.
    """
    from charrnn.training.stop import Interrupted, catch_interrupts

    def announce() -> None:
        line = "\n" if terminal.live else ""  # the bar's ends with ^C
        terminal.note(f"{line}stopping after this step; press Ctrl-C again to stop at once")

    resume = suggest_resume(run.kind, run.name, context, STDIN if piped else "")
    resume = f"... | {resume}" if piped else resume
    use = suggest_use(run.kind, run.name, context)
    try:
        with catch_interrupts(*SIGNALS, announce=announce) as caught:
            yield caught
    except (Interrupted, KeyboardInterrupt) as stop:
        terminal.note(describe_stop(run, steps, resume, use))
        raise click.exceptions.Exit(make_exit_code(caught.number)) from stop
    except DivergedError as error:
        flags = " ".join(
            f"--{name.replace('_', '-')} {value:g}" for name, value in error.changes.items()
        )
        raise TrainingError(f"{error.problem}. Resume with: {resume} {flags}") from error
    except (OSError, WorkerLostError):
        terminal.note(describe_stop(run, steps, resume, use))
        raise


def describe_stop(run: Run, steps: int, resume: str, use: str) -> str:
    """What a run that was stopped has saved, and how to resume it.

    Args:
        run: the run.
        steps: batches in an epoch.
        resume: the command that resumes it.
        use: a line with the command that its network is for.
    """
    if not run.resume_file.exists():
        return "stopped before training began: nothing is kept. Give the command again."
    epochs, point = read_place(run)
    if not epochs and point is None:
        return f"stopped before the first epoch ended.\nStart again: {resume}"
    saved = f"epoch {epochs}"
    if point:
        saved = f"epoch {epochs + 1}, up to step {point.step} of {steps},"
    return f"stopped: {saved} is saved.\nResume with: {resume}\n{use}"
