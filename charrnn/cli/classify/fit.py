"""What `charrnn classify imdb` does: show a network's layers, train one, or train all."""

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from charrnn import outcomes, resume_file
from charrnn.classifiers import LayerRow
from charrnn.cli.classify import plan as planning
from charrnn.cli.classify import sources, table
from charrnn.cli.classify.plan import ReviewPlan, Wanted
from charrnn.cli.plan import Places
from charrnn.cli.terminal import Terminal
from charrnn.errors import RunError
from charrnn.history import best_of
from charrnn.outcomes import Outcome
from charrnn.presets.reviews import PRESETS
from charrnn.runs import CLASSIFIERS, Run, runs
from charrnn.settings import ReviewSettings


def summarise(preset: str, given: Mapping[str, Any], as_json: bool) -> None:
    """Print the layers with their output shapes and parameters."""
    network, _ = planning.configure(preset, given)
    rows = network.layer_rows()
    if as_json:
        layers = [
            {"layer": row.name, "output": row.output, "parameters": row.parameters} for row in rows
        ]
        total = {"preset": preset, "parameters": network.parameters, "layers": layers}
        click.echo(json.dumps(total))
        return
    lines = [("layer", "output", "parameters")]
    lines += [(row.name, _shape(row), f"{row.parameters:,}") for row in rows]
    lines.append((preset, "", f"{network.parameters:,}"))
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, output, parameters in lines:
        click.echo(f"{name:<{wide[0]}}  {output:<{wide[1]}}  {parameters:>{wide[2]}}")
    click.echo()


def train_one(preset: str, name: str | None, wanted: Wanted, places: Places, as_json: bool) -> None:
    """Train a preset and print its row of the table."""
    _show(_begin(preset, name, wanted, places, as_json), as_json)


def resume(name: str, wanted: Wanted, places: Places, as_json: bool) -> None:
    """Go on with a run and print its row of the table."""
    plan = planning.go_on(name, wanted, places)
    _show(_fit(plan, places, as_json), as_json)


def train_all(wanted: Wanted, places: Places, as_json: bool) -> None:
    """Train each preset, and print the table.

    One that was finished before with the same flags is not trained again; one that was broken
    off is gone on with.
    """
    # Flags and reviews that don't do are complained about before the first is trained.
    tokens = {planning.configure(preset, wanted.given)[0].tokens for preset in PRESETS}
    hashes = {
        token: sources.load_reviews(token, wanted.data, places.data_dir, places.terminal).sha256
        for token in tokens
    }
    there = _settings(places)
    done = []
    for preset in PRESETS:
        run, outcome = _earlier(preset, wanted, hashes, there)
        if outcome is not None:
            places.terminal.note(f"{outcome.run}: finished before")
        elif run is not None:
            again = Wanted({}, "", wanted.data)
            outcome = _fit(planning.go_on(run.name, again, places), places, as_json)
        else:
            outcome = _begin(preset, None, wanted, places, as_json)
        done.append(outcome)
    table.show(done, "json" if as_json else "table")


def _begin(preset: str, name: str | None, wanted: Wanted, places: Places, as_json: bool) -> Outcome:
    began = time.monotonic()
    plan = planning.begin(preset, name, wanted, places)
    return _fit(plan, places, as_json, began)


def _settings(places: Places) -> list[tuple[Run, ReviewSettings]]:
    """Of each run that can be resumed, the newest first."""
    found = []
    for run in runs(places.checkpoints / CLASSIFIERS):
        with contextlib.suppress(RunError):
            found.append((run, resume_file.load(run, ReviewSettings).settings))
    return found


def _earlier(
    preset: str,
    wanted: Wanted,
    hashes: Mapping[str, str],
    there: Sequence[tuple[Run, ReviewSettings]],
) -> tuple[Run | None, Outcome | None]:
    """A run of this very network and training, and its outcome if it is finished."""
    network, training = planning.configure(preset, wanted.given)
    for run, settings in there:
        if (
            replace(settings.training, precision=training.precision) == training
            and settings.network == network
            and settings.corpus_sha256 == hashes[network.tokens]
            and not settings.embedding_from
        ):
            return run, outcomes.read(run)
    return None, None


def _fit(plan: ReviewPlan, places: Places, as_json: bool, began: float | None = None) -> Outcome:
    """Train, draw the curves, measure on the test reviews, and keep what came out.

    Args:
        plan: the training.
        places: where things are kept.
        as_json: print JSON lines.
        began: the clock when it was begun; None where it is gone on with.
    """
    from charrnn.cli.curves import drawn_curves
    from charrnn.cli.display import Pace, TrainingDisplay
    from charrnn.cli.interruption import stoppable
    from charrnn.training import review_batches, reviews

    terminal, run, config = places.terminal, plan.run, plan.finished.settings.training
    use = f'Ask it: charrnn classify predict --run {run.typed()} "What a film!"'
    _introduce(plan, terminal)
    steps = review_batches.steps_per_epoch(plan.train.split(config.validation)[0], config)
    pace = Pace("reviews/s", config.batch_size)
    display = TrainingDisplay(terminal, config.epochs, steps, pace, as_json)
    with (
        stoppable(terminal, run, steps, run.resume_command(), use) as interrupted,
        display,
        drawn_curves(run, terminal),
    ):
        reviews.train(run, plan.finished, plan.train, display, interrupted, plan.borrowed)
    outcome = _measure(plan, None if began is None else time.monotonic() - began)
    if outcome.epochs < config.epochs:
        terminal.note(
            f"no better epoch in {config.patience}: stopped early, after epoch {outcome.epochs}"
        )
    terminal.note(f"done: epoch {outcome.best_epoch} is the best of {run.folder}.\n{use}")
    return outcome


def _measure(plan: ReviewPlan, seconds: float | None) -> Outcome:
    from charrnn.training.reviews import evaluate

    run, settings = plan.run, plan.finished.settings
    results = run.history()
    epochs = best_of(results).epoch, results[-1].epoch
    scores = evaluate(run, settings, plan.test, {*epochs})
    best, last = (scores[epoch] for epoch in epochs)
    outcome = outcomes.outcome(
        run,
        settings,
        results,
        (best.loss, best.accuracy),
        (last.loss, last.accuracy),
        sum(result.seconds for result in results) if seconds is None else seconds,
    )
    outcomes.write(run, outcome)
    return outcome


def _show(outcome: Outcome, as_json: bool) -> None:
    table.show([outcome], "json" if as_json else "table")


def _introduce(plan: ReviewPlan, terminal: Terminal) -> None:
    settings = plan.finished.settings
    network, config = settings.network, settings.training
    learn, validate = plan.train.split(config.validation)
    whole = network.cell == "none" or not network.max_length
    length = "whole" if whole else f"{network.max_length} tokens"
    terminal.note(
        f"{plan.run.name}: {settings.preset} {settings.changes}".rstrip()
        + f", {network.parameters:,} parameters; {len(learn):,} reviews, {length}, to train on, "
        f"{len(validate):,} to validate, {len(plan.test):,} to test; {config.optimizer}, batch "
        f"{config.batch_size}, {config.precision} products"
    )
    if config.folds:
        terminal.note(
            f"first the bigrams alone, once with all reviews and {config.folds} times without a "
            "part of them: a few minutes"
        )
    if plan.finished.results:
        terminal.note(f"going on after epoch {len(plan.finished.results)} of {config.epochs}")
    terminal.detail(f"{network}\n{config}")


def _shape(row: LayerRow) -> str:
    return " × ".join(str(size or "length") for size in row.output)
