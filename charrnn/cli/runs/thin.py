"""`charrnn runs thin`: runs without the checkpoints in between."""

import json
from pathlib import Path

import click

from charrnn.cli import options, run_options
from charrnn.cli.columns import format_size
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.errors import say_count


@click.command(
    short_help="Keep only a run's best and last checkpoint.",
    epilog=options.examples("charrnn runs thin shakespeare-lstm"),
)
@run_options.several("RUN...")
@options.as_json
@options.checkpoints
@options.loudness
def thin(names: tuple[str, ...], as_json: bool, checkpoints: Path, terminal: Terminal) -> None:
    """Keep the checkpoints of the best and of the last epoch of each RUN, and remove the others.

    The run can be used and resumed as before. `charrnn train --keep` thins a run while it trains.
    """
    from charrnn.runs.catalogue import find_any_run
    from charrnn.runs.run import name_epochs
    from charrnn.runs.summary import measure_size
    from charrnn.runs.upkeep import thin_run

    runs = [*dict.fromkeys(find_any_run(checkpoints, name) for name in names)]
    for run in runs:
        before = measure_size(run.folder)
        removed, kept = thin_run(run), run.list_epochs()
        freed = before - measure_size(run.folder)
        if as_json:
            row = {"run": run.name, "kind": run.kind.name, "removed": removed, "kept": kept}
            echo(json.dumps(row | {"bytes": freed}))
        else:
            count = say_count(len(removed), "checkpoint")
            left = name_epochs(kept)
            echo(f"{run.name}: {count} removed, {format_size(freed)}; kept {left}")
        terminal.detail(f"{run.folder} has {format_size(before - freed)}")
