"""`charrnn runs show`: all that is known of a run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options, run_options
from charrnn.cli.columns import format_size
from charrnn.cli.hints import repeat_folders
from charrnn.cli.layers import draw_layers, list_values
from charrnn.cli.runs.table import format_epochs, format_written, make_values
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo

if TYPE_CHECKING:
    from charrnn.runs.details import RunDetails
    from charrnn.runs.run import Run

_WIDTH = 12  # of the names on the left
_FEW = 5  # files that are named


@click.command(
    short_help="Show all that is known of a run.",
    epilog=options.examples(
        "charrnn runs show shakespeare-lstm",
        "charrnn runs show checkpoints/classify/imdb-lstm-32 --json",
    ),
)
@click.argument(
    "name", metavar="RUN", type=options.NAME_OR_PATH, shell_complete=run_options.complete()
)
@options.as_json
@options.checkpoints
@options.loudness
@click.pass_context
def show(
    ctx: click.Context, name: str, as_json: bool, checkpoints: Path, terminal: Terminal
) -> None:
    """Show RUN, of any kind: its text with hash, network, epochs, settings, machine and layers.

    "repeat" is the command that trains the run again, and those that resume it with the settings
    that were changed on the way. "shakespeare" is the network that comes with charrnn, unless a
    run has that name.
    """
    from charrnn.cli.runs.repeat import list_commands
    from charrnn.runs.catalogue import find_any_run
    from charrnn.runs.details import read_details

    run = find_any_run(checkpoints, name)
    found = read_details(run)
    for problem in found.problems:
        terminal.note(f"note: {problem}")
    commands = list_commands(run, found.progress, repeat_folders(ctx)) if found.progress else []
    if as_json:
        echo(json.dumps(_make_values(found, commands)))
        return
    for about, text in _describe(run, found, commands):
        if text:
            echo(f"{about:<{_WIDTH}} {text}")
    if found.network:
        echo("\n".join(["", *draw_layers(found.network.layer_rows(), run.name)]))


def _make_values(found: "RunDetails", commands: list[str]) -> dict[str, Any]:
    """What JSON can hold."""
    progress, network = found.progress, found.network
    recipe = progress.recipe if progress else None
    return make_values(found.summary) | {
        "problem": "; ".join(found.problems) or None,
        "corpus_sha256": found.corpus_sha256 or None,
        "source": ", ".join(_find_sources(found)) or None,
        "begun_from": _find_beginning(found) or None,
        "adapted": (found.provenance.adapted if found.provenance else "") or None,
        "settings": {
            "network": asdict(network) if network else None,
            "training": asdict(recipe.training) if recipe else None,
            "keep": progress.keep if progress else None,
            "checkpoint_every": progress.checkpoint_every if progress else None,
        },
        "layers": list_values(network.layer_rows()) if network else None,
        "point": progress.point.to_values() if progress and progress.point else None,
        "sessions": [
            {
                "after": one.after,
                "step": one.step,
                "began": one.began,
                "environment": dict(one.environment),
            }
            for one in (progress.sessions if progress else ())
        ],
        "repeat": commands,
    }


def _describe(run: "Run", found: "RunDetails", commands: list[str]) -> Iterator[tuple[str, str]]:
    """What is known, with a word on its left; empty for what is not."""
    from charrnn.runs.run import name_epochs

    summary = found.summary
    yield "run", f"{summary.name}, {summary.kind or 'of no kind that can be read'}"
    yield "folder", f"{summary.folder}, {format_size(summary.size)}, {format_written(summary)}"
    if found.corpus_sha256:
        yield "corpus", f"{summary.corpus}, sha256 {found.corpus_sha256}"
    sources = _find_sources(found)
    more = f" and {len(sources) - _FEW:,} more" if len(sources) > _FEW else ""
    yield "from", ", ".join(sources[:_FEW]) + more
    yield "begun with", _find_beginning(found)
    minutes = sum(result.seconds for result in summary.history) / 60
    yield "epochs", f"{format_epochs(summary)}, {minutes:.1f} minutes"
    if found.progress and (point := found.progress.point):
        yield "saved", f"after step {point.step} of epoch {len(found.progress.results) + 1}"
    yield "checkpoints", name_epochs(summary.checkpoints)
    if source := found.provenance:
        yield "best", f"{source.moment}, {source.describe_loss()}"
        yield "adapted to", source.adapted
    if found.network:
        parameters = f"{found.network.parameters:,} parameters"
        yield "network", f"{found.network.describe()}, {parameters}"
        yield "", _list_settings(asdict(found.network))
    yield from _describe_training(found)
    yield "repeat", "" if commands else f"not known without {run.resume_file.name} and its preset"
    for number, command in enumerate(commands):
        yield "" if number else "repeat", command


def _describe_training(found: "RunDetails") -> Iterator[tuple[str, str]]:
    """How it is trained, and on which machines."""
    if not (progress := found.progress):
        return
    yield "training", _list_settings(asdict(progress.recipe.training))
    for session in progress.sessions:
        place = f"step {session.step} of epoch {session.after + 1}" if session.step else ""
        if session.after and not place:
            place = f"epoch {session.after}"
        began = f"after {place}, {session.began}" if place else session.began
        yield "machine", f"{began}: {_list_settings(session.environment)}"


def _find_sources(found: "RunDetails") -> list[str]:
    """Where what it learnt from was: paths or names."""
    sources: Any = found.progress.recipe.sources if found.progress else ()
    return [source if isinstance(source, str) else source.name for source in sources]


def _find_beginning(found: "RunDetails") -> str:
    """Whose weights, or whose embedding, it began with."""
    recipe: Any = found.progress.recipe if found.progress else None
    return str(getattr(recipe, "begun_from", getattr(recipe, "embedding_from", "")))


def _list_settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
