"""`charrnn plot`: the losses of runs in a picture."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options, run_options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.errors import CheckpointError, NoRunError, RunError, UsageError
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind

if TYPE_CHECKING:
    from charrnn.runs.history import EpochResult
    from charrnn.runs.run import Run

_PICTURE = "losses.png"
_AXES = {"epochs": "epoch", "characters": "read", "minutes": "minutes"}
_UNITS: dict[Kind, str] = {LANGUAGE: "character", CLASSIFIER: "review", WORD_MODEL: "word"}


@click.command(
    short_help="Draw the losses of runs.",
    epilog=options.examples(
        "charrnn plot",
        "charrnn plot shakespeare-rnn shakespeare-lstm shakespeare-gru",
        "charrnn plot novel --by minutes --out novel.svg",
    ),
)
@run_options.several("[RUN]...", required=False)
@click.option(
    "--by",
    type=click.Choice([*_AXES]),
    multiple=True,
    help="What stands below the losses: epochs, characters read (of other kinds of run words or "
    "reviews), or minutes; can be given several times.  [default: all three, side by side]",
)
@click.option(
    "--out",
    type=options.HomePath(path_type=Path, dir_okay=False),
    default=_PICTURE,
    show_default=True,
    help="Where to save the picture, a .png or .svg file.",
)
@options.as_json
@options.checkpoints
@options.loudness
def plot(
    names: tuple[str, ...],
    by: tuple[str, ...],
    out: Path,
    as_json: bool,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Draw the losses of each RUN, by default the newest, in one picture.

    Of one run it shows training and validation, of several the validation loss, each with a line
    and markers of its own. The runs must be of one kind. "shakespeare" is the network that comes
    with charrnn, unless a run has that name.
    """
    from charrnn.views.curves import write_losses
    from charrnn.views.figure import check_form

    check_form(out)
    runs = _find_runs(names, checkpoints)
    histories = {name_apart(run, runs): _read_history(run) for run in runs}
    axes = [_AXES[name] for name in dict.fromkeys(by or _AXES)]
    if "read" in axes:
        axes = _leave_out_unknown(axes, histories, terminal)
    write_losses(out, histories, axes, _find_unit(runs))
    if as_json:
        echo(json.dumps({"picture": str(out), "runs": [*histories], "by": axes}))
    else:
        echo(f"picture: {out}")


def _find_runs(names: Sequence[str], checkpoints: Path) -> "list[Run]":
    """The runs that are named, or the newest one.

    Raises:
        RunError: there is no such run.
        UsageError: they are of different kinds.
    """
    from charrnn.runs.catalogue import find_any_run, list_all_runs

    if not names:
        newest = [run for run in list_all_runs(checkpoints) if run.history_file.exists()][:1]
        if not newest:
            raise NoRunError(
                f"no run in {checkpoints} has losses to draw: train one", LANGUAGE.name, empty=True
            )
        return newest
    runs = [*dict.fromkeys(find_any_run(checkpoints, name) for name in names)]
    other = next((run for run in runs if run.kind != runs[0].kind), None)
    if other:
        raise UsageError(
            f"{runs[0].name} is a {runs[0].kind.name} and {other.name} a {other.kind.name}: their "
            "losses have different units; draw them apart"
        )
    return runs


def _find_unit(runs: "Sequence[Run]") -> str:
    """What the losses of runs of one kind are means over.

    Raises:
        UsageError: not the same for all.
    """
    from charrnn.runs.checkpoint import read_header

    units = {run.name: _UNITS[run.kind] for run in runs}
    for run in runs:
        with contextlib.suppress(CheckpointError, RunError):
            if read_header(run.choose_checkpoint(), run.kind)[1].per_byte:
                units[run.name] = "byte"
    if len({*units.values()}) > 1:
        listed = ", ".join(f"{name} per {unit}" for name, unit in units.items())
        raise UsageError(f"the losses have different units, {listed}: draw them apart")
    return units[runs[0].name]


def _read_history(run: "Run") -> "list[EpochResult]":
    """The epochs of a run.

    Raises:
        RunError: none has ended, or the history is damaged.
    """
    history = run.read_history()
    if not history:
        raise RunError(f"{run.name} has no losses to draw: no epoch in {run.history_file}")
    return history


def name_apart(run: "Run", runs: "Sequence[Run]") -> str:
    """What to call a run among others: its name or, if another has it too, its folder."""
    return run.name if sum(one.name == run.name for one in runs) == 1 else str(run.folder)


def _leave_out_unknown(
    axes: list[str], histories: "Mapping[str, Sequence[EpochResult]]", terminal: Terminal
) -> list[str]:
    """The axes without what was read, if no run noted that; a note says which runs did not.

    Raises:
        RunError: there would be no axes left.
    """
    unknown = [name for name, history in histories.items() if history[0].read is None]
    if unknown:
        terminal.note(
            f"note: not drawn by what was read, which was not noted: {', '.join(unknown)}"
        )
    if len(unknown) < len(histories):
        return axes
    if axes == ["read"]:
        raise RunError(f"nothing says how much {' and '.join(unknown)} read: choose another `by`")
    return [name for name in axes if name != "read"]
