"""What the training commands of `charrnn classify` do: show layers, train one preset, or all."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from charrnn.cli.classify import table
from charrnn.cli.hints import suggest_resume
from charrnn.cli.layers import draw_layers, list_values
from charrnn.cli.screen import Screen, show_training
from charrnn.cli.signals import SIGNALS, make_exit_code
from charrnn.cli.visible import echo
from charrnn.config.presets import REVIEW_PRESETS
from charrnn.errors import say_count
from charrnn.planning.earlier import find_earlier_runs
from charrnn.planning.folders import Folders
from charrnn.planning.review_sources import ReviewSource
from charrnn.planning.reviews import (
    ReviewPlan,
    ReviewRequest,
    configure,
    plan_classifier,
    plan_classifier_resume,
)
from charrnn.runs.keep import Saving
from charrnn.runs.outcome import Outcome, read_outcome


def show_layers(preset: str, given: Mapping[str, Any], as_json: bool) -> None:
    """Print the layers with their output shapes and parameters."""
    network, _ = configure(preset, given)
    rows = network.layer_rows()
    if as_json:
        total = {"preset": preset, "parameters": network.parameters}
        echo(json.dumps(total | {"layers": list_values(rows)}))
        return
    echo("\n".join([*draw_layers(rows, preset), ""]))


def train_preset(request: ReviewRequest, folders: Folders, screen: Screen) -> None:
    """Train one preset and print its row of the table."""
    outcome, _ = _train(request, folders, screen)
    _show_outcomes([outcome], screen.as_json)


def resume_run(
    name: str,
    given: Mapping[str, Any],
    data: Sequence[Path],
    folders: Folders,
    screen: Screen,
    saving: Saving,
) -> None:
    """Resume a run and print its row of the table."""
    plan = plan_classifier_resume(name, given, data, folders, screen.terminal, saving)
    outcome, _ = _carry_out(plan, screen)
    _show_outcomes([outcome], screen.as_json)


def train_all(
    source: ReviewSource,
    given: Mapping[str, Any],
    changes: str,
    saving: Saving,
    folders: Folders,
    screen: Screen,
) -> None:
    """Train each preset, and print the table.

    One that was finished with the same settings is not trained again; one that was interrupted is
    resumed.
    """
    requests = [
        ReviewRequest(preset, source, settings=given, changes=changes, saving=saving)
        for preset in REVIEW_PRESETS
    ]
    outcomes, terminal = [], screen.terminal
    for request, run in find_earlier_runs(requests, source, folders, terminal):
        outcome, signal = read_outcome(run) if run else None, 0
        if outcome is not None:
            terminal.note(f"{outcome.run}: already finished")
        elif run is not None:
            plan = plan_classifier_resume(run.name, {}, source.paths, folders, terminal, saving)
            outcome, signal = _carry_out(plan, screen)
        else:
            outcome, signal = _train(request, folders, screen)
        outcomes.append(outcome)
        if signal:
            terminal.note("stopped: give the command again to train the rest")
            raise click.exceptions.Exit(make_exit_code(signal))
    _show_outcomes(outcomes, screen.as_json)


def _train(request: ReviewRequest, folders: Folders, screen: Screen) -> tuple[Outcome, int]:
    began = time.monotonic()
    plan = plan_classifier(request, folders, screen.terminal)
    return _carry_out(plan, screen, began)


def _carry_out(plan: ReviewPlan, screen: Screen, began: float | None = None) -> tuple[Outcome, int]:
    """Train, and measure on the test reviews.

    Args:
        plan: the run.
        screen: how to show it.
        began: the clock when it began; None for a resume.

    Returns:
        what came of it, and the number of the signal that asked to stop when it was too late for
        that; 0 for none.
    """
    from charrnn.training.stop import catch_interrupts

    signal = show_training(plan, _introduce(plan), screen)
    try:
        with catch_interrupts(*SIGNALS) as caught:
            return plan.measure(None if began is None else time.monotonic() - began), signal
    except KeyboardInterrupt as stop:
        resume = suggest_resume(plan.run.kind, plan.run.name, click.get_current_context())
        screen.terminal.note(f"stopped during the test: the run is trained. Test it with {resume}")
        raise click.exceptions.Exit(make_exit_code(caught.number)) from stop


def _show_outcomes(outcomes: Sequence[Outcome], as_json: bool) -> None:
    table.show(outcomes, "json" if as_json else "table")


def _introduce(plan: ReviewPlan) -> str:
    recipe = plan.progress.recipe
    network, config = recipe.network, recipe.training
    whole = not (network.reads_sequence and network.max_length)
    length = "whole" if whole else f"{say_count(network.max_length, 'token')} each"
    lines = [
        f"{plan.run.name}: {recipe.preset} {recipe.changes}".rstrip()
        + f", {network.parameters:,} parameters; {say_count(len(plan.learn), 'review')}, "
        f"{length}, to train on, {len(plan.validate):,} to validate, {len(plan.test):,} to test; "
        f"{config.optimizer}, batch {config.batch_size}, {config.precision} products"
    ]
    if config.folds:
        lines.append(
            f"first the bigrams alone, once with all reviews and {config.folds} times without a "
            "part of them: a few minutes"
        )
    return "\n".join(lines)
