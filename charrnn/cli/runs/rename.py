"""`charrnn runs rename`: another name for a run."""

import json
from pathlib import Path

import click

from charrnn.cli import options, run_options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo


@click.command(
    short_help="Rename a run.", epilog=options.examples("charrnn runs rename novel-lstm novel")
)
@click.argument("old", type=options.NAME_OR_PATH, shell_complete=run_options.complete())
@click.argument("new", type=options.NAME_OR_PATH)
@options.as_json
@options.checkpoints
@options.loudness
def rename(old: str, new: str, as_json: bool, checkpoints: Path, terminal: Terminal) -> None:
    """Rename the run OLD, of any kind, to NEW. A run that is being trained keeps its name."""
    from charrnn.runs.catalogue import find_any_run
    from charrnn.runs.upkeep import rename_run

    run = find_any_run(checkpoints, old)
    renamed = rename_run(run, new)
    terminal.detail(f"{run.folder} is now {renamed.folder}")
    if as_json:
        row = {"run": renamed.name, "kind": run.kind.name, "folder": str(renamed.folder)}
        echo(json.dumps(row | {"was": run.name}))
    else:
        echo(f"{run.name} is now {renamed.name}")
