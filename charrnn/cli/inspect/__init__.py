"""`charrnn inspect`: what a trained network thinks while it reads."""

import shlex
from pathlib import Path

import click

from charrnn.cli import options, reading, run_options
from charrnn.cli.hints import type_run
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.units import UnitName, UnitType
from charrnn.config.language import SHORTEST_COPY
from charrnn.errors import CorpusError
from charrnn.runs.kinds import LANGUAGE

_LIMIT = 1_000  # characters: a screen or two
_FIND_LIMIT = 20_000  # enough to tell a unit from chance
_GATES_LIMIT = 100  # as many as fit below a picture


@click.command(
    cls=options.Sectioned,
    headings={"guesses": "What to show", "page": "How to show it", "epoch": "What to read"},
    short_help="Show what a network thinks while it reads.",
    epilog=options.examples(
        "charrnn inspect",
        "charrnn inspect shakespeare-lstm my-sonnet.txt --guesses",
        "charrnn inspect --find newlines",
        "charrnn inspect --unit 301 --limit 400",
        "charrnn inspect --copied my-sample.txt",
    ),
)
@run_options.argument(LANGUAGE)
@click.argument("text", type=options.NAME_OR_PATH, required=False, shell_complete=options.texts)
@click.option(
    "--guesses",
    is_flag=True,
    help="Below each line, show what the network expected where it was most surprised.",
)
@click.option(
    "--unit",
    type=UnitType(),
    metavar="UNIT",
    help="Colour by the output of one unit: its number, or LAYER:NUMBER, both from 0.",
)
@click.option(
    "--find",
    metavar="WHAT",
    help="List the units that follow a property of the text: quotes, newlines, brackets, indent, "
    "capitals or a regular expression.",
)
@click.option(
    "--gates",
    type=UnitType(),
    metavar="UNIT",
    help="Draw a unit's gates and states over time.",
)
@click.option(
    "--out",
    type=options.HomePath(path_type=Path, dir_okay=False),
    help="Where to save the picture of --gates, a .png or .svg file.  "
    "[default: RUN-gates-UNIT.png, in this folder]",
)
@click.option(
    "--copied",
    is_flag=True,
    help="List the stretches of the text that stand word for word in what the network learnt from.",
)
@click.option(
    "--shortest",
    type=WholeNumber(min=1),
    help=f"Number of characters that a copied stretch has at least.  [default: {SHORTEST_COPY}]",
)
@click.option(
    "--html",
    "page",
    type=options.HomePath(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the text, the guesses and every unit's outputs as a page for any browser, offline: "
    "an .html file.",
)
@options.as_json
@options.epoch
@click.option(
    "--limit",
    type=WholeNumber(min=2),
    help=f"Read only this many characters, from the text's start.  [default: {_LIMIT:,}; "
    f"{_FIND_LIMIT:,} with --find; {_GATES_LIMIT} with --gates; all with --copied]",
)
@options.own_corpus
@options.reads_texts
@options.unknown
@options.checkpoints
@options.data_dir
@options.loudness
def inspect(
    run: str | None,
    text: str | None,
    guesses: bool,
    unit: UnitName | None,
    find: str | None,
    gates: UnitName | None,
    out: Path | None,
    copied: bool,
    shortest: int | None,
    page: Path | None,
    as_json: bool,
    epoch: int | None,
    limit: int | None,
    corpus: tuple[str, ...],
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool,
    unknown: str,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Show what RUN, by default the newest, thinks while it reads TEXT.

    RUN is a run's name or a .weights.h5 file. TEXT is validation (the default: the part that the
    run held back), training (the part that it learnt from), shakespeare, pydoc, a text file, or -
    for standard input; a text alone is read by the newest run.

    Each character is coloured by its surprise, -log of the probability that the network gave it,
    in nats; where there are no colours, a digit stands below.
    """
    colours = guesses or unit is not None or page is not None
    chosen = {
        "--guesses, --unit or --html": colours,
        "--find": find is not None,
        "--gates": gates is not None,
        "--copied": copied,
    }
    _check_options(chosen, {"--out": ("--gates", out), "--shortest": ("--copied", shortest)})
    if text is None and reading.is_text(run, checkpoints):
        run, text = None, run
    if run and not text and Path(run).suffix and not Path(run).exists():
        raise CorpusError(f"no run or text {run}")
    text = text or "validation"

    from charrnn.data.reading import make_reading

    how = make_reading(
        encoding=encoding, text_column=text_column, newlines=newlines, clean=clean or None
    )
    reading.check_texts(text, corpus, how, used=copied)
    reading.check_run(run, checkpoints, "inspect")

    from charrnn.cli.inspect import views
    from charrnn.cli.inspect.source import load_source
    from charrnn.planning.folders import Folders

    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, None, epoch, terminal)
    limits = {"--find": _FIND_LIMIT, "--gates": _GATES_LIMIT, "--copied": None}
    (view,) = [name for name, given in chosen.items() if given] or [""]
    limit = limit or limits.get(view, _LIMIT)
    folders = Folders(checkpoints, data_dir)
    source = load_source(path, text, corpus, how, limit, folders, terminal)
    if copied:
        views.show_copies(source, shortest or SHORTEST_COPY, as_json=as_json)
    elif find is not None:
        named = _type_network(run, path, epoch)
        views.show_followers(source, find, unknown, named, as_json=as_json)
    elif gates is not None:
        views.show_gates(source, gates, unknown, out, as_json=as_json)
    else:
        views.show_text(source, unit, unknown, page, guesses=guesses, as_json=as_json)


def _check_options(chosen: dict[str, bool], needs: dict[str, tuple[str, object]]) -> None:
    """Reject options of different views.

    Args:
        chosen: the options that choose what is shown, and whether they were typed.
        needs: another option to the view that it needs, and its value.

    Raises:
        click.UsageError: there are some.
    """
    typed = [name for name, given in chosen.items() if given]
    if len(typed) > 1:
        raise click.UsageError(f"{' and '.join(typed)} show different things: one at a time")
    for name, (view, value) in needs.items():
        if value is not None and not chosen[view]:
            raise click.UsageError(f"{name} is for {view}: add {view}, or leave {name} out")


def _type_network(run: str | None, path: Path, epoch: int | None) -> str:
    """How the network is named for `charrnn sample`: units are those of one epoch."""
    if run is not None and Path(run).is_file():
        return f"--checkpoint {shlex.quote(run)}"
    chosen = f" --epoch {epoch}" if epoch else ""
    return f"--run {type_run(run or path.parent.name, click.get_current_context())}{chosen}"
