"""The table of finished classifiers, with their articles' figures."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from charrnn.cli.columns import align
from charrnn.cli.visible import echo
from charrnn.config.presets import REVIEW_PRESETS
from charrnn.runs.outcome import Outcome

_IMDB = ("imdb", "aclImdb", "aclImdb_v1")  # its files' names
_TEXT = ("run", "network", "reported")  # the columns that are not figures
_FIRST_TO_GO = ("reported", "minutes", "parameters", "s/epoch", "after last", "epochs", "network")


def show(outcomes: Sequence[Outcome], form: str) -> None:
    """Print outcomes on stdout, a row each; `form` is table, markdown or json."""
    if form == "json":
        for outcome in outcomes:
            echo(json.dumps(asdict(outcome) | {"reported": _find_reported(outcome)}))
        return
    columns = _make_columns(outcomes)
    if form == "markdown":
        rule = {name: ["---" if name in _TEXT else "---:"] for name in columns}
        cells = {name: [name, *rule[name], *values] for name, values in columns.items()}
        lines = ["| " + " | ".join(row) + " |" for row in zip(*cells.values(), strict=True)]
    else:
        lines = align(columns, _TEXT, _FIRST_TO_GO)
    echo("\n".join(lines))


def _make_columns(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    rows = [
        {
            "run": outcome.run,
            "network": f"{outcome.preset} {outcome.changes}".strip(),
            "parameters": f"{outcome.parameters:,}",
            "epochs": f"{outcome.best_epoch} of {outcome.epochs}",
            "s/epoch": f"{outcome.seconds_per_epoch:.1f}",
            "minutes": f"{outcome.seconds / 60:.1f}",
            "validation": _format_percent(outcome.validation_accuracy),
            "test loss": f"{outcome.test_loss:.4f}",
            "test": _format_percent(outcome.test_accuracy),
            "after last": _format_percent(outcome.last_test_accuracy),
            "reported": _find_reported(outcome),
        }
        for outcome in outcomes
    ]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _format_percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}%"


def _find_reported(outcome: Outcome) -> str:
    """The article's figures, if network, training and reviews are the article's."""
    row = REVIEW_PRESETS.get(outcome.preset)
    same = row is not None and not outcome.changes and outcome.reviews in _IMDB
    return row.reported if row and same else ""
