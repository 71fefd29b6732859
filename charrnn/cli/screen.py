"""The one screen on which every kind of run is shown."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import click

from charrnn.cli.hints import suggest_use
from charrnn.cli.terminal import Terminal
from charrnn.data.corpus import STDIN
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


def show_training(
    plan: Plan,
    introduction: str,
    terminal: Terminal,
    as_json: bool,
    sample: Callable[[int], str | None] = lambda _: None,
    shorter: str = "",
) -> int:
    """Carry a plan out, and show how it goes.

    Args:
        plan: what to train.
        introduction: lines that say what it is.
        terminal: how much to say.
        as_json: print JSON lines instead of text.
        sample: called after each epoch; the text that it returns, if any, is shown.
        shorter: what makes a run that takes very long shorter; empty if nothing does.

    Returns:
        the number of the signal that asked to stop when it was too late for that; 0 for none.
    """
    from charrnn.cli.hangup import outlive_terminal

    with outlive_terminal():
        return _show(plan, introduction, terminal, as_json, sample, shorter)


def _show(
    plan: Plan,
    introduction: str,
    terminal: Terminal,
    as_json: bool,
    sample: Callable[[int], str | None],
    shorter: str,
) -> int:
    from charrnn.cli.bars import Pace
    from charrnn.cli.curves import keep_curves
    from charrnn.cli.display import TrainingDisplay
    from charrnn.cli.interruption import explain_stop

    context = click.get_current_context()
    run, recipe, config = plan.run, plan.progress.recipe, plan.progress.recipe.training
    done = len(plan.progress.results)
    terminal.note(introduction)
    if plan.steps < _FEW_STEPS:
        terminal.note(
            "note: a network learns little from so few steps an epoch: give a smaller --batch-size "
            "for more of them, or more --epochs"
        )
    if done:
        terminal.note(f"resuming after epoch {done} of {config.epochs}")
    terminal.detail(f"{recipe.network}\n{config}")
    pace = Pace(plan.unit, plan.units_per_step)
    display = TrainingDisplay(terminal, config.epochs, plan.steps, pace, as_json, sample, shorter)
    piped = getattr(recipe, "source", "") == STDIN
    with (
        explain_stop(terminal, run, plan.steps, context, piped=piped) as interrupted,
        display,
        keep_curves(run, terminal),
    ):
        plan.train(display, interrupted)
    done = len(run.read_history())
    if done < config.epochs:
        terminal.note(
            f"no better epoch in the last {config.patience}: stopped early, after epoch {done}"
        )
    terminal.note(f"best epoch: {run.find_best_epoch()}, in {run.folder}")
    terminal.note(suggest_use(run.kind, run.name, context))
    return interrupted.number
