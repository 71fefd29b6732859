"""`charrnn classify compare`: the table of finished classifiers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options, run_options
from charrnn.cli.hints import suggest_resume
from charrnn.cli.terminal import Terminal
from charrnn.errors import NoRunError, RunError
from charrnn.runs.kinds import CLASSIFIER

if TYPE_CHECKING:
    from charrnn.runs.outcome import Outcome


@click.command(
    short_help="Compare finished classifiers.",
    epilog=options.examples(
        "charrnn classify compare",
        "charrnn classify compare imdb-lstm-32 imdb-gru-32 --format markdown",
    ),
)
@click.argument(
    "names",
    type=options.NAME_OR_PATH,
    metavar="[RUN]...",
    nargs=-1,
    shell_complete=run_options.complete(CLASSIFIER),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="Format of the output; json prints one object per line.",
)
@options.checkpoints
@options.loudness
@click.pass_context
def compare(
    ctx: click.Context, names: tuple[str, ...], form: str, checkpoints: Path, terminal: Terminal
) -> None:
    """Print a row for each finished classifier, or for each RUN.

    Validation and test are accuracies of the epoch with the lowest validation loss, the one that
    predict uses; "after last" is the test accuracy after the last epoch, the way the articles
    measure.
    """
    from charrnn.cli.classify import table
    from charrnn.runs.outcome import list_outcomes

    if names:
        outcomes = [_read_finished(checkpoints, name, ctx) for name in names]
    else:
        outcomes = sorted(list_outcomes(checkpoints), key=lambda outcome: -outcome.test_accuracy)
    folder = checkpoints / CLASSIFIER.subfolder
    if not outcomes:
        raise NoRunError(
            f"no finished classifier in {folder}: train one", CLASSIFIER.name, empty=True
        )
    table.show(outcomes, form)
    terminal.detail(f"{len(outcomes)} of {folder}")


def _read_finished(checkpoints: Path, name: str, context: click.Context) -> "Outcome":
    from charrnn.runs.catalogue import find_run
    from charrnn.runs.outcome import read_outcome

    run = find_run(checkpoints, CLASSIFIER, name)
    outcome = read_outcome(run)
    if outcome is None:
        resume = suggest_resume(CLASSIFIER, run.name, context)
        raise RunError(f"{run.name} is not finished: resume it with {resume}")
    return outcome
