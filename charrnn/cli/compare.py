"""`charrnn compare`: language models side by side."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options, run_options
from charrnn.cli.columns import align
from charrnn.cli.numbers import Number, WholeNumber
from charrnn.cli.runs.table import make_number
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.config.language import LONGEST_TEXT
from charrnn.runs.history import format_number
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from charrnn.inference.score import OnProgress
    from charrnn.planning.comparison import Comparison

_TEXT = ("run", "network")
_UNKNOWN = "?"


@click.command(
    short_help="Compare language models.",
    epilog=options.examples(
        "charrnn compare shakespeare-rnn shakespeare-lstm shakespeare-gru",
        'charrnn compare novel-lstm novel-gru --prompt "It was " --plot curves.png',
        "charrnn compare novel-lstm novel-gru --limit 20000 --json",
    ),
)
@run_options.several("RUN RUN...", LANGUAGE)
@click.option(
    "--prompt", default="", help="What each network continues.  [default: the start of a line]"
)
@click.option(
    "--length",
    type=WholeNumber(0, LONGEST_TEXT),
    default=200,
    show_default=True,
    help="Number of characters that each network writes; 0 for none.",
)
@click.option(
    "--temp",
    "--temperature",
    "temperature",
    type=Number(min=0),
    default=0.8,
    show_default=True,
    help="Sampling temperature.",
)
@click.option(
    "--seed",
    type=options.SEED,
    default=1,
    show_default=True,
    help="Random seed: the same seed gives each network the same chances.",
)
@click.option(
    "--limit",
    type=WholeNumber(min=2),
    help="Measure only this many characters of what a run held back.  [default: all]",
)
@click.option(
    "--plot",
    type=options.HomePath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Draw the losses of all in one picture, a .png or .svg file, as `charrnn plot` does.",
)
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def compare(
    names: tuple[str, ...],
    prompt: str,
    length: int,
    temperature: float,
    seed: int,
    limit: int | None,
    plot: Path | None,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Compare two or more language models: size, minutes, losses, and what each writes.

    Each is measured on the part of its own text that it held back: in one stream, the way `charrnn
    sample` reads, and in crops of 256 characters, the way nanoGPT measures. All continue the same
    prompt. To compare classifiers, use `charrnn classify compare`.
    """
    from charrnn.cli.bars import SHORTER, Estimator, show_scoring
    from charrnn.planning.comparison import Trial, compare_runs
    from charrnn.planning.folders import Folders
    from charrnn.views.figure import check_form

    if plot is not None:
        check_form(plot, "plot")

    estimator = Estimator(terminal, "" if limit else SHORTER)

    def show(name: str, characters: int) -> "AbstractContextManager[OnProgress]":
        return show_scoring(terminal, estimator, name, characters)

    trial = Trial(prompt, length, temperature, seed, limit)
    found = []
    for one in compare_runs(names, trial, Folders(checkpoints, data_dir), terminal, show):
        found.append(one)
        if as_json:
            echo(json.dumps(_make_values(one, trial.prompt)))
    if not as_json:
        _show(found, prompt, length)
    if plot is not None:
        _draw(found, plot, terminal)


def _show(found: "Sequence[Comparison]", prompt: str, length: int) -> None:
    """Print the table, and below it what each network writes."""
    names = _list_names(found)
    columns = {
        "run": names,
        "network": [one.network for one in found],
        "parameters": [f"{one.parameters:,}" for one in found],
        "minutes": [_format(one.minutes, 1) for one in found],
        "epoch": [str(one.epoch) for one in found],
        "stream": [_format(one.stream) for one in found],
        "crops": [_format(one.crops) for one in found],
    }
    echo("\n".join(align(columns, _TEXT, ("epoch", "network", "parameters"))))
    for name, one in zip(names, found, strict=True) if length else ():
        text = f"{prompt}{one.text}".removesuffix("\n").replace("\n", "\n    ")
        echo(f"\n{name}\n    {text}")


def _list_names(found: "Sequence[Comparison]") -> list[str]:
    """What to call each: its run or, if another is called so too, its file."""
    runs = [one.run for one in found]
    return [one.run if runs.count(one.run) == 1 else str(one.checkpoint) for one in found]


def _format(value: float | None, decimals: int = 4) -> str:
    return _UNKNOWN if value is None else format_number(value, decimals)


def _make_values(one: "Comparison", prompt: str) -> dict[str, Any]:
    """What JSON can hold; a loss beyond all floats is null."""
    values = asdict(one) | {"prompt": prompt}
    values["checkpoint"] = str(one.checkpoint)
    values["losses"] = [make_number(result.validation_loss) for result in one.history]
    del values["history"]
    return values | {name: make_number(values[name]) for name in ("stream", "crops")}


def _draw(found: "Sequence[Comparison]", path: Path, terminal: Terminal) -> None:
    """Draw the curves of the runs that have any."""
    from charrnn.views.curves import write_losses

    named = zip(_list_names(found), found, strict=True)
    histories = {name: one.history for name, one in named if one.history}
    if not histories:
        terminal.note("note: none of these has losses to draw")
        return
    units = {one.vocabulary for one in found if one.history}
    if len(units) > 1:
        terminal.note("note: losses per character and per byte can't be drawn in one picture")
        return
    write_losses(path, histories, unit=units.pop())
    terminal.note(f"picture: {path}")
