"""`charrnn classify compare`: the table of finished classifiers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.errors import RunError

if TYPE_CHECKING:
    from charrnn.outcomes import Outcome


@click.command(
    short_help="Compare finished classifiers.",
    epilog=options.examples(
        "charrnn classify compare",
        "charrnn classify compare imdb-lstm-32 imdb-gru-32 --format markdown",
    ),
)
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@options.checkpoints
@options.loudness
def compare(names: tuple[str, ...], form: str, checkpoints: Path, terminal: Terminal) -> None:
    """Print a row for each finished classifier, or for each RUN.

    Validation and test are accuracies of the epoch with the lowest validation loss, the one that
    predict uses; "after last" is the test accuracy after the last epoch, as the articles measure.
    """
    from charrnn import outcomes
    from charrnn.cli.classify import table
    from charrnn.runs import CLASSIFIERS

    folder = checkpoints / CLASSIFIERS
    if names:
        found = [_finished(folder, name) for name in names]
    else:
        found = sorted(outcomes.finished(folder), key=lambda outcome: -outcome.test_accuracy)
    if not found:
        raise RunError(f"no finished classifier in {folder}: train one with charrnn classify imdb")
    table.show(found, form)
    terminal.detail(f"{len(found)} of {folder}")


def _finished(folder: Path, name: str) -> "Outcome":
    from charrnn import outcomes
    from charrnn.runs import find_run

    run = find_run(folder, name)
    outcome = outcomes.read(run)
    if outcome is None:
        raise RunError(f"{run.name} is not finished: go on with {run.resume_command()}")
    return outcome
