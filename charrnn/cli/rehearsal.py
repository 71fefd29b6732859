"""`charrnn train --dry-run`: what a run would be and take."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.cli import cells
from charrnn.cli.columns import format_size
from charrnn.cli.introduction import introduce
from charrnn.cli.layers import draw_layers, list_values
from charrnn.cli.screen import warn_of_few_steps
from charrnn.cli.visible import echo
from charrnn.errors import say_count
from charrnn.planning.durations import describe_closely, describe_duration
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.cli.screen import Screen
    from charrnn.data.reading import Reading
    from charrnn.planning.cells import CellRun
    from charrnn.planning.estimate import Estimate
    from charrnn.planning.folders import Folders
    from charrnn.planning.language import Proposal, Request


def rehearse(
    named: Sequence[str], request: "Request", folders: "Folders", screen: "Screen"
) -> None:
    """Show what would be trained, of each cell if all are asked for; nothing is left on disk."""
    from charrnn.planning.cells import CellRun
    from charrnn.planning.language import propose_run

    with _keep_nothing(folders, named, request.reading) as places:
        if request.settings.get("cell") == cells.ALL:
            _, runs = cells.propose(named, request, places, screen)
        else:
            runs = [CellRun(propose_run(named, request, places, screen.terminal))]
    estimates: list[Estimate] = []
    for run in runs:
        if run.earlier and run.finished:
            screen.terminal.note(cells.describe_finished(run.earlier.name))
        else:
            if estimates and not screen.as_json:
                echo("")
            estimates.append(_show_estimate(run, folders, screen))
    if len(estimates) > 1 and not screen.as_json:
        seconds, size = sum(one.seconds for one in estimates), sum(one.size for one in estimates)
        echo(f"\nin all  about {describe_duration(seconds)}, about {format_size(size)}")


@contextlib.contextmanager
def _keep_nothing(
    folders: "Folders", named: Sequence[str], reading: "Reading"
) -> Iterator["Folders"]:
    """The folders; for what has to be downloaded or prepared, with one that then goes."""
    from charrnn.data.corpus import NAMED
    from charrnn.data.download import inspect
    from charrnn.planning.prepare import has_to_be_prepared

    wanted = [NAMED[name].remote for name in named or ["shakespeare"] if name in NAMED]
    is_here = all(not one or inspect(one, folders.data).state == "complete" for one in wanted)
    if is_here and not has_to_be_prepared(named, folders.data, reading):
        yield folders
        return
    with tempfile.TemporaryDirectory(prefix="charrnn-") as folder:
        yield replace(folders, data=Path(folder))


def _show_estimate(run: "CellRun", folders: "Folders", screen: "Screen") -> "Estimate":
    """Print layers, steps, time and disk space of what would be trained."""
    from charrnn.planning.estimate import estimate_run

    proposal, name = run.proposal, _find_name(run, folders)
    recipe, config = proposal.recipe, proposal.recipe.training
    screen.terminal.note(introduce(name, proposal))
    if run.earlier:
        screen.terminal.note(
            f"it would be resumed after epoch {run.done}; what follows is for all {config.epochs}"
        )
    warn_of_few_steps(proposal.steps, screen.terminal)
    screen.terminal.note("measuring the first steps")
    estimate = estimate_run(proposal)
    rows = recipe.network.layer_rows(config.seq_length)
    if not screen.as_json:
        echo("\n".join([*draw_layers(rows, name), "", *_describe(proposal, estimate)]))
        return estimate
    values = {
        "run": name,
        "parameters": recipe.network.parameters,
        "layers": list_values(rows),
        "epochs": estimate.epochs,
        "steps": proposal.steps,
        "seconds": estimate.seconds,
        "seconds_to_start": estimate.start,
        "seconds_per_epoch": estimate.epoch,
        "bytes": estimate.size,
        "checkpoints": estimate.checkpoints,
        "checkpoint_bytes": estimate.checkpoint,
        "resume_bytes": estimate.resume,
    }
    echo(json.dumps(values))
    return estimate


def _find_name(run: "CellRun", folders: "Folders") -> str:
    """What the run is called, or would be."""
    from charrnn.runs.names import find_free_name

    recipe = run.proposal.recipe
    if run.earlier:
        return run.earlier.name
    return run.proposal.name or find_free_name(
        folders.destination, LANGUAGE, recipe.corpus, recipe.network.cell
    )


def _describe(proposal: "Proposal", estimate: "Estimate") -> list[str]:
    """Steps, time and room, a line each."""
    config, steps = proposal.recipe.training, say_count(proposal.steps, "step")
    unit = proposal.recipe.vocabulary.unit
    batch = f"{config.batch_size} × {config.seq_length} {unit}s"
    in_all = f"{estimate.epochs * proposal.steps:,} in all"
    start, epoch = map(describe_closely, (estimate.start, estimate.epoch))
    time = f"{describe_duration(estimate.seconds)}: {start} to start, then {epoch} an epoch"
    kept = f"{say_count(estimate.checkpoints, 'checkpoint')} of {format_size(estimate.checkpoint)}"
    files = f"{kept}, and {format_size(estimate.resume)} for a resume"
    early = f", or less: it ends after {config.patience} epochs without a better one"
    return [
        f"steps  {say_count(estimate.epochs, 'epoch')} of {steps} of {batch}, {in_all}",
        f"time   about {time}{early if 0 < config.patience < estimate.epochs else ''}",
        f"disk   about {format_size(estimate.size)}: {files}",
    ]
