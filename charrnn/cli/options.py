"""Options that several commands share."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from charrnn.cli.hints import render_error
from charrnn.cli.numbers import Number, WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.config.language import LONGEST_PIECE, MOST_JOBS, Adaptation
from charrnn.data.download import DATA
from charrnn.errors import CharrnnError, CheckpointError, UsageError
from charrnn.runs.kinds import CHECKPOINTS, Kind

if TYPE_CHECKING:
    from charrnn.runs.checkpoint import Provenance


def corpora(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of a text: the names there are, and the shell's own file names."""
    from charrnn.data.corpus import NAMED

    return _texts(NAMED, incomplete)


def _texts(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    matching = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [*matching, CompletionItem(incomplete, type="file")]


class HomePath(click.Path):
    """A path; ~ is the home folder, also where no shell replaces it, as in `--data-dir=~/texts`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path that is meant."""
        return super().convert(expand_home(value), param, ctx)


class _NameOrPath(click.types.StringParamType):
    """The name of a run or a text, or a path like `HomePath`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name as it is, or the path that is meant."""
        return super().convert(expand_home(value), param, ctx)


NAME_OR_PATH = _NameOrPath()


def expand_home(value: Any) -> Any:
    """A typed path with the home folder for ~, if there is such a user."""
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - a name


data_dir = click.option(
    "--data-dir",
    type=HomePath(path_type=Path, file_okay=False),
    default=DATA,
    envvar="CHARRNN_DATA_DIR",
    show_default=True,
    show_envvar=True,
    help="Where downloads are kept.",
)

checkpoints = click.option(
    "--checkpoints",
    type=HomePath(path_type=Path, file_okay=False),
    default=CHECKPOINTS,
    envvar="CHARRNN_CHECKPOINTS",
    show_default=True,
    show_envvar=True,
    help="Where runs are kept, each in its own folder.",
)

temperature = click.option(
    "--temp",
    "--temperature",
    "temperature",
    type=Number(min=0),
    default=1.0,
    show_default=True,
    help="Sampling temperature: below 1 safer, above 1 wilder, 0 always the likeliest character.",
)

top_k = click.option(
    "--top-k",
    type=WholeNumber(min=1),
    help="Sample from the K likeliest characters only.  [default: all]",
)

top_p = click.option(
    "--top-p",
    type=Number(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Sample from the fewest likeliest characters whose probabilities add up to P.",
)

SEED = WholeNumber(0, 2**32 - 1)

seed = click.option(
    "--seed",
    type=SEED,
    help="Random seed: the same seed writes the same text.  [default: a new one, shown]",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")


class _Keep(click.ParamType[str]):
    """Which checkpoints of a run to keep: a word, or a number of epochs."""

    name = "keep"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word or the number, as a string."""
        from charrnn.runs.keep import check_keep

        try:
            return check_keep(str(value))
        except UsageError:
            self.fail(f"{value!r} is not best, last, all or a number of epochs", param, ctx)


_keep = click.option(
    "--keep",
    type=_Keep(),
    metavar="best|last|all|N",
    help="Which checkpoints stay on disk: the best and the last, only the last, the last N and the "
    "best, or all. A resume needs none of them.  [default: all; when resuming, as before]",
)

_checkpoint_every = click.option(
    "--checkpoint-every",
    type=Number(min=0),
    metavar="MINUTES",
    help="Save all in the middle of an epoch too, each time so many minutes of it have passed; 0 "
    "for never.  [default: 10; when resuming, as before]",
)


def saving(command: Any) -> Any:
    """--keep and --checkpoint-every, how a run is saved."""
    return _keep(_checkpoint_every(command))


tensorboard = click.option(
    "--tensorboard",
    is_flag=True,
    help="Write the losses as events that TensorBoard shows while the run goes on.",
)

engine = click.option(
    "--engine",
    type=click.Choice(["numpy", "native", "keras"]),
    default="numpy",
    show_default=True,
    help="What computes the network: native is faster for dozens of texts at once, and rounds "
    "differently; keras does it the tutorial's way, many times slower.",
)

epoch = click.option(
    "--epoch", type=WholeNumber(min=1), help="Which of the run's epochs.  [default: its best]"
)


class _EpochOrAll(click.ParamType["int | str"]):
    """The number of an epoch, or "all"."""

    name = "epoch"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or the word."""
        if value == ALL_EPOCHS:
            return ALL_EPOCHS
        if not re.fullmatch("0*[1-9][0-9]{0,8}", str(value)):
            self.fail(f"{value!r} is not the number of an epoch, or all", param, ctx)
        return int(value)


ALL_EPOCHS = "all"

epoch_or_all = click.option(
    "--epoch",
    type=_EpochOrAll(),
    metavar="N|all",
    help="Which of the run's epochs; all writes the same prompt's text after each.  [default: its "
    "best]",
)

checkpoint = click.option(
    "--checkpoint",
    type=HomePath(path_type=Path),
    help="One checkpoint file, instead of a run.",
)

unknown = click.option(
    "--unknown",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="What to do about characters that the network doesn't know.",
)


adapt_rate = click.option(
    "--adapt-rate",
    "rate",
    type=Number(0, 1),
    help="Learning rate of --adapt: the step for a gradient of typical size.  [default: "
    f"{Adaptation.rate:g}]",
)

adapt_pull = click.option(
    "--adapt-pull",
    "pull",
    type=Number(0, 1),
    help="Fraction of the way back to its original value that an average weight is moved after "
    f"each piece.  [default: {Adaptation.pull:g}]",
)

adapt_piece = click.option(
    "--adapt-piece",
    "piece",
    type=WholeNumber(1, LONGEST_PIECE),
    help="Number of characters that are predicted before they are learnt from.  [default: "
    f"{Adaptation.piece}]",
)

own_corpus = click.option(
    "--corpus",
    type=NAME_OR_PATH,
    metavar="FILE",
    multiple=True,
    shell_complete=corpora,
    help="Where the text that the run was trained on is now; - for standard input. For several "
    "files give it as often, in their order.  [default: where it was]",
)

encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of a text file or standard input, by any name that Python knows.  [default: "
    "utf-8]",
)

newlines = click.option(
    "--newlines",
    type=click.Choice(["keep", "unix"]),
    help="Keep a text's line ends, or make CR LF and CR line feeds as on Unix.  [default: keep]",
)

clean = click.option(
    "--clean",
    is_flag=True,
    help="Make the quotes, dashes, spaces and line ends of word processors plain.",
)

_glob = click.option(
    "--glob",
    metavar="PATTERN",
    multiple=True,
    help="Which files of a folder are read; in quotes, and as often as you like.  [default: *.txt]",
)

text_column = click.option(
    "--text-column",
    metavar="NAME",
    help="Read this column of .csv, .tsv and .jsonl files, a text in each row.  [default: read "
    "them as plain text]",
)

_separator = click.option(
    "--separator",
    metavar="TEXT",
    help="What stands between two texts that are joined.  [default: a line feed]",
)


def reads_texts(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how text files are read: --encoding, --text-column, --newlines and --clean."""
    return encoding(text_column(newlines(clean(command))))


def joins_texts(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add which files are joined, and how: --glob and --separator."""
    return _glob(_separator(command))


review_encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of your reviews' text, by any name that Python knows.  [default: utf-8]",
)


class Sectioned(click.Command):
    """A command whose help puts its many options under headings.

    Args:
        headings: the name of a section's first parameter to what stands above it.
    """

    def __init__(self, *args: Any, headings: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = headings

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, in their order, each under the last heading before it."""
        sections: dict[str, list[tuple[str, str]]] = {}
        heading = "Options"
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, click.Option):
                heading = self.headings.get(parameter.name or "", heading)
                sections.setdefault(heading, []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def loudness(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add -v and -q, handed to the command as its `terminal`; its errors say what to type."""

    @click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
    @wraps(command)
    def with_terminal(*args: Any, verbose: bool, quiet: bool, **kwargs: Any) -> Any:
        if verbose and quiet:
            raise click.UsageError("-v and -q exclude each other")
        try:
            return command(*args, terminal=Terminal(verbose, quiet), **kwargs)
        except CharrnnError as error:
            raise RenderedError(error, click.get_current_context()) from error

    return with_terminal


class RenderedError(click.ClickException):
    """An error of ours in the words of a command line."""

    def __init__(self, error: CharrnnError, context: click.Context) -> None:
        super().__init__(render_error(error, context))
        self.exit_code = error.exit_code  # type: ignore[misc] # click reads it from the instance


_ABOUT_BUNDLED = (
    "this network came along and knows only Shakespeare; train one of your own: "
    "charrnn train my-novel.txt"
)


def choose_checkpoint(
    kind: Kind,
    checkpoints: Path,
    run: str | None,
    checkpoint: Path | None,
    epoch: int | None,
    terminal: Terminal,
) -> Path:
    """The file that --run, --checkpoint and --epoch name; without a name, of the newest run.

    A note names a newer run that can't be meant because no epoch of it has ended.

    Raises:
        click.UsageError: they contradict each other.
        CheckpointError, RunError: there is no such checkpoint.
    """
    from charrnn.runs.bundled import is_bundled
    from charrnn.runs.catalogue import find_checkpoint, list_newer
    from charrnn.runs.run import Run

    if checkpoint is None:
        path = find_checkpoint(checkpoints, kind, run, epoch)
        if is_bundled(path):
            terminal.note(_ABOUT_BUNDLED)
        for newer in list_newer(Run(path.parent, kind))[:1] if run is None else []:
            terminal.note(
                f"note: {newer.name} is newer, but no epoch of it has ended: it is passed over "
                "unless you name it"
            )
        return path
    if run or epoch:
        raise click.UsageError("--checkpoint names one file: leave out --run and --epoch")
    if checkpoint.is_dir():
        raise CheckpointError(f"{checkpoint} is a folder: choose a run with --run NAME")
    return checkpoint


def describe_checkpoint(path: Path, source: "Provenance") -> str:
    """Which network answers, for a note or a title: its run, epoch and loss."""
    described = f"{path.parent.name or path.name}, {source.moment}, {source.describe_loss()}"
    return f"{described} before it adapted" if source.adapted else described


def spell_moment(source: "Provenance") -> dict[str, Any]:
    """A network's epoch for JSON and, if it was stopped in it, at which of how many steps."""
    stopped = {} if source.step is None else {"step": source.step, "steps": source.steps}
    return {"epoch": source.epoch} | stopped


def list_given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were typed; an option that wasn't is None."""
    return {name: value for name, value in settings.items() if value is not None}


def reject_before_command(ctx: click.Context) -> None:
    """Reject options of a group that were typed before one of its commands, which has its own.

    Raises:
        click.UsageError: there are any.
    """
    typed = [
        max(parameter.opts, key=len)
        for parameter in ctx.command.params
        if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if typed:
        command = f"{ctx.command_path} {ctx.invoked_subcommand}"
        raise click.UsageError(f"options go after the command: {command} {' '.join(typed)}")


def texts(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of a text to measure on: a run's own text has two parts."""
    from charrnn.data.corpus import NAMED
    from charrnn.planning.texts import PARTS

    return _texts((*PARTS, *NAMED), incomplete)


def jobs(what: str, default: int | None = 1) -> Callable[..., Any]:
    """The option of how many processes share something; by default one for each core, if None."""
    number = "one for each core" if default is None else default
    return click.option(
        "--jobs",
        type=WholeNumber(1, MOST_JOBS),
        default=default,
        help=f"Number of processes that share {what}, each on one core.  [default: {number}]",
    )


def examples(*lines: str) -> str:
    """A help text's epilog with example commands, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
