"""The table of finished classifiers, beside what their articles report."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from charrnn.outcomes import Outcome
from charrnn.presets import PRESETS

_HEADINGS = (
    "preset",
    "parameters",
    "epochs",
    "s/epoch",
    "minutes",
    "validation",
    "test loss",
    "test",
    "after last",
    "reported",
)
_IMDB = ("imdb", "aclImdb", "aclImdb_v1")  # its files' names
_WIDE = 240  # columns where no terminal sets a limit


def show(outcomes: Sequence[Outcome], form: str) -> None:
    """Print them on stdout, a row each; `form` is table, markdown or json."""
    if form == "json":
        for outcome in outcomes:
            click.echo(json.dumps(asdict(outcome) | {"reported": _reported(outcome)}))
    elif form == "markdown":
        click.echo(_markdown(outcomes))
    else:
        _table(outcomes)


def _table(outcomes: Sequence[Outcome]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, heading in enumerate(_HEADINGS):
        text = place in {0, len(_HEADINGS) - 1}
        table.add_column(heading, justify="left" if text else "right", overflow="fold")
    for outcome in outcomes:
        table.add_row(*map(Text, _cells(outcome)))
    width = None if sys.stdout.isatty() else _WIDE
    Console(file=sys.stdout, width=width, highlight=False).print(table)


def _markdown(outcomes: Sequence[Outcome]) -> str:
    rule = ("---",) + ("---:",) * (len(_HEADINGS) - 2) + ("---",)
    rows = [_HEADINGS, rule, *map(_cells, outcomes)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{outcome.preset} {outcome.changes}".strip(),
        f"{outcome.parameters:,}",
        f"{outcome.best_epoch} of {outcome.epochs}",
        f"{outcome.seconds_per_epoch:.1f}",
        f"{outcome.seconds / 60:.1f}",
        _percent(outcome.validation_accuracy),
        f"{outcome.test_loss:.4f}",
        _percent(outcome.test_accuracy),
        _percent(outcome.last_test_accuracy),
        _reported(outcome),
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def _reported(outcome: Outcome) -> str:
    """What is reported of the preset, where the reviews are the same."""
    row = PRESETS.get(outcome.preset)
    return row.reported if row and outcome.reviews in _IMDB else ""
