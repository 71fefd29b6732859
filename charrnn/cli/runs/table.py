"""The table of all runs."""

import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from charrnn.cli.columns import align, format_age, format_size
from charrnn.cli.sparkline import can_draw, draw_sparkline
from charrnn.cli.visible import echo
from charrnn.runs.history import format_number
from charrnn.views.figure import shorten_label

if TYPE_CHECKING:
    from charrnn.runs.summary import RunSummary

_UNKNOWN = "?"
_TEXT = ("run", "kind", "corpus", "network", "validation")
_FIRST_TO_GO = ("parameters", "size", "kind", "corpus", "validation", "network", "written")
_LONGEST = 24  # characters of a name that a stranger may have chosen


def show(runs: Sequence["RunSummary"], as_json: bool) -> None:
    """Print runs on stdout, a row each."""
    if as_json:
        for run in runs:
            echo(json.dumps(make_values(run)))
    elif runs:
        rows = [_make_row(run) for run in runs]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        echo("\n".join(align(columns, _TEXT, _FIRST_TO_GO)))


def make_values(run: "RunSummary") -> dict[str, Any]:
    """What JSON can hold of a run; a loss beyond all floats is null."""
    return {
        "run": run.name,
        "kind": run.kind or None,
        "folder": str(run.folder),
        "corpus": run.corpus or None,
        "network": run.network or None,
        "parameters": run.parameters,
        "epochs": run.epochs,
        "planned_epochs": run.planned_epochs,
        "checkpoints": list(run.checkpoints),
        "best_epoch": run.best_epoch,
        "best_loss": make_number(run.best_loss),
        "validation_losses": [make_number(result.validation_loss) for result in run.history],
        "written": run.written.isoformat(timespec="seconds"),
        "bytes": run.size,
        "in_training": run.in_training,
        "problem": run.problem or None,
    }


def format_written(run: "RunSummary") -> str:
    """When a run was written to, or that it still is."""
    if run.in_training:
        return "in training"
    return format_age((datetime.now(UTC) - run.written).total_seconds())


def format_epochs(run: "RunSummary") -> str:
    """How many epochs have ended, and of how many."""
    done = f"{run.epochs:,}"
    return done if run.planned_epochs is None else f"{done} of {run.planned_epochs:,}"


def _make_row(run: "RunSummary") -> dict[str, str]:
    row = {
        "run": run.name,
        "kind": run.kind or _UNKNOWN,
        "corpus": run.corpus or _UNKNOWN,
        "network": run.network or _UNKNOWN,
    }
    row = {name: shorten_label(value, _LONGEST) for name, value in row.items()}
    row |= {
        "run": run.name,
        "parameters": _UNKNOWN if run.parameters is None else f"{run.parameters:,}",
        "epochs": format_epochs(run),
        "best loss": "" if run.best_loss is None else format_number(run.best_loss),
        "written": format_written(run),
        "size": format_size(run.size),
    }
    if can_draw(sys.stdout.encoding or "ascii"):
        losses = [result.validation_loss for result in run.history]
        row["validation"] = draw_sparkline([math.nan if one is None else one for one in losses])
    return row


def make_number(value: float | None) -> float | None:
    """What JSON can hold of a number: null stands for NaN and infinity."""
    return value if value is not None and math.isfinite(value) else None
