"""The one screen on which every kind of run is shown."""

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import click

from charrnn.cli.hints import suggest_use
from charrnn.cli.terminal import Terminal
from charrnn.runs.keep import LAST
from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.training.listener import Listener
    from charrnn.training.stop import AskStop


_FEW_STEPS = 10


class Plan(Protocol):
    """What the screen needs of a plan, whatever it trains."""

    @property
    def run(self) -> Run:
        """The run's folder."""

    @property
    def progress(self) -> Progress[Any]:
        """The recipe, and the results so far."""

    @property
    def steps(self) -> int:
        """Batches in an epoch."""

    @property
    def unit(self) -> str:
        """What a speed is counted in."""

    @property
    def units_per_step(self) -> int:
        """How many of them a step reads."""

    def train(self, listener: "Listener", interrupted: "AskStop") -> None:
        """Carry the plan out."""


@dataclass(frozen=True)
class Screen:
    """How runs are shown.

    Attributes:
        terminal: how much to say.
        as_json: print JSON lines instead of text.
        tensorboard: write events for TensorBoard too.
        shorter: what makes a run that takes very long shorter; empty if nothing does.
    """

    terminal: Terminal
    as_json: bool = False
    tensorboard: bool = False
    shorter: str = ""


def show_training(
    plan: Plan,
    introduction: str,
    screen: Screen,
    sample: Callable[[int], str | None] = lambda _: None,
) -> int:
    """Carry a plan out, and show how it goes.

    Args:
        plan: what to train.
        introduction: lines that say what it is.
        screen: how to show it.
        sample: called after each epoch; the text that it returns, if any, is shown.

    Returns:
        the number of the signal that asked to stop when it was too late for that; 0 for none.
    """
    from charrnn.cli.hangup import outlive_terminal

    with outlive_terminal():
        return _show(plan, introduction, screen, sample)


def warn_of_few_steps(steps: int, terminal: Terminal) -> None:
    """Say so if an epoch has so few steps that a network learns little."""
    if steps < _FEW_STEPS:
        terminal.note(
            "note: a network learns little from so few steps an epoch: give a smaller --batch-size "
            "for more of them, or more --epochs"
        )


def _show(
    plan: Plan, introduction: str, screen: Screen, sample: Callable[[int], str | None]
) -> int:
    from charrnn.cli.bars import Pace
    from charrnn.cli.curves import keep_curves
    from charrnn.cli.display import TrainingDisplay
    from charrnn.cli.interruption import explain_stop

    terminal = screen.terminal
    context = click.get_current_context()
    run, recipe, config = plan.run, plan.progress.recipe, plan.progress.recipe.training
    terminal.note(introduction)
    warn_of_few_steps(plan.steps, terminal)
    if place := _describe_place(plan):
        terminal.note(f"resuming after {place}")
    if screen.tensorboard:
        terminal.note(_suggest_tensorboard(run))
    terminal.detail(f"{recipe.network}\n{config}")
    pace = Pace(plan.unit, plan.units_per_step)
    how = (pace, screen.as_json, sample, screen.shorter, run.name)
    display = TrainingDisplay(terminal, config.epochs, plan.steps, *how)
    piped = getattr(recipe, "piped", False)
    with (
        explain_stop(terminal, run, plan.steps, context, piped=piped) as interrupted,
        display,
        keep_curves(run, terminal),
        _watch(plan, display, screen.tensorboard) as listener,
    ):
        plan.train(listener, interrupted)
    done = len(run.read_history())
    if done < config.epochs:
        terminal.note(
            f"no better epoch in the last {config.patience}: stopped early, after epoch {done}"
        )
    which = "last" if plan.progress.keep == LAST else "best"
    terminal.note(f"{which} epoch: {run.find_best_epoch()}, in {run.folder}")
    terminal.note(suggest_use(run.kind, run.name, context))
    return interrupted.number


def _watch(
    plan: Plan, display: "Listener", tensorboard: bool
) -> "AbstractContextManager[Listener]":
    """The display, or what writes events and passes everything on to it."""
    if not tensorboard:
        return nullcontext(display)
    from charrnn.training.tensorboard import EventWriter

    return EventWriter(plan.run, display, plan.steps)


def _describe_place(plan: Plan) -> str:
    """How far the run has come; empty for a new one."""
    done, point = len(plan.progress.results), plan.progress.point
    epochs = plan.progress.recipe.training.epochs
    if point:
        return f"step {point.step} of {plan.steps} of epoch {done + 1} of {epochs}"
    return f"epoch {done} of {epochs}" if done else ""


def _suggest_tensorboard(run: Run) -> str:
    """The command that shows the events of all runs, and how to get it."""
    command = f"TensorBoard: tensorboard --logdir {shlex.quote(str(run.folder.parent))}"
    if find_spec("tensorboard") is None:
        return f"{command} (it is not installed: pip install tensorboard)"
    return command
