"""`charrnn runs remove`: runs that are not needed any more."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options, run_options
from charrnn.cli.columns import format_size
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import confirm, echo
from charrnn.errors import UsageError, say_count

if TYPE_CHECKING:
    from charrnn.runs.summary import RunSummary


@click.command(
    short_help="Remove runs.",
    epilog=options.examples(
        "charrnn runs remove shakespeare-lstm", "charrnn runs remove first second --yes"
    ),
)
@run_options.several("RUN...")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@options.as_json
@options.checkpoints
@options.loudness
def remove(
    names: tuple[str, ...], yes: bool, as_json: bool, checkpoints: Path, terminal: Terminal
) -> None:
    """Remove each RUN, of any kind: its checkpoints, and all else that training wrote.

    It asks first. A run that is being trained stays, and so does every file that no run writes.
    """
    from charrnn.runs.catalogue import find_any_run
    from charrnn.runs.summary import measure_size, summarize_run
    from charrnn.runs.upkeep import remove_run, require_run

    runs = [*dict.fromkeys(find_any_run(checkpoints, name) for name in names)]
    for run in runs:
        require_run(run, "remove")
    if not yes and not _ask([summarize_run(run) for run in runs]):
        terminal.note("nothing is removed")
        return
    for run in runs:
        before = measure_size(run.folder)
        left = [str(path) for path in remove_run(run)]
        freed = before - measure_size(run.folder)
        if as_json:
            row = {"run": run.name, "kind": run.kind.name, "folder": str(run.folder)}
            echo(json.dumps(row | {"bytes": freed, "left": left}))
        else:
            what = f"the run in {run.folder}" if left else str(run.folder)
            echo(f"removed {what}, {format_size(freed)}")
        if left:
            terminal.note(f"note: kept, since no run writes it: {', '.join(left)}")


def _ask(runs: Sequence["RunSummary"]) -> bool:
    """Whether the user wants these runs removed.

    Raises:
        UsageError: nobody answers.
    """
    described = [
        f"{run.name} ({run.kind or 'damaged'}, {say_count(run.epochs, 'epoch')}, "
        f"{format_size(run.size)})"
        for run in runs
    ]
    try:
        return confirm(f"Remove {', '.join(described)}?")
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("nothing is removed: nobody answers, so give `yes` to remove") from None
