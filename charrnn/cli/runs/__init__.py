"""`charrnn runs`: which runs there are, and keeping them in order."""

from pathlib import Path

import click

from charrnn.cli import options
from charrnn.cli.runs.remove import remove
from charrnn.cli.runs.rename import rename
from charrnn.cli.runs.show import show
from charrnn.cli.runs.thin import thin
from charrnn.cli.terminal import Terminal


@click.group(
    invoke_without_command=True,
    short_help="List runs; show, thin, rename or remove one.",
    epilog=options.examples(
        "charrnn runs",
        "charrnn runs show shakespeare-lstm",
        "charrnn runs thin shakespeare-lstm",
        "charrnn runs rename shakespeare-lstm hamlet",
        "charrnn runs remove hamlet",
    ),
)
@options.as_json
@options.checkpoints
@options.loudness
@click.pass_context
def runs(ctx: click.Context, as_json: bool, checkpoints: Path, terminal: Terminal) -> None:
    """List all runs, the one written to last first: language models, classifiers, word models.

    The loss is the best epoch's on what was held back, in nats per character, byte, word or
    review; the bars show it epoch by epoch.
    """
    if ctx.invoked_subcommand is not None:
        options.reject_before_command(ctx)
        return

    from charrnn.cli.runs import table
    from charrnn.runs.bundled import BUNDLED
    from charrnn.runs.catalogue import list_other_folders
    from charrnn.runs.summary import summarize_runs

    found = summarize_runs(checkpoints)
    if not found:
        terminal.note(f"no runs in {checkpoints} yet: train one with charrnn train")
    table.show(found, as_json)
    if found and all(run.name != BUNDLED.name for run in found):
        name = BUNDLED.name
        terminal.note(f"{name} comes with charrnn, and can be named too: charrnn runs show {name}")
    for run in found:
        if run.problem:
            terminal.note(f"note: {run.problem}")
    for folder in list_other_folders(checkpoints):
        terminal.note(f"note: {folder} is no run: it has no checkpoint")


runs.add_command(show)
runs.add_command(thin)
runs.add_command(rename)
runs.add_command(remove)
