"""Options that several commands share."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from charrnn.cli.terminal import Terminal
from charrnn.folders import CHECKPOINTS, DATA

data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA,
    envvar="CHARRNN_DATA_DIR",
    show_default=True,
    show_envvar=True,
    help="Where downloads are kept.",
)

checkpoints = click.option(
    "--checkpoints",
    type=click.Path(path_type=Path, file_okay=False),
    default=CHECKPOINTS,
    envvar="CHARRNN_CHECKPOINTS",
    show_default=True,
    show_envvar=True,
    help="Where runs are kept, a folder each.",
)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, an object a line.")

engine = click.option(
    "--engine",
    type=click.Choice(["numpy", "keras"]),
    default="numpy",
    show_default=True,
    help="keras is the tutorial's way, many times slower.",
)


epoch = click.option("--epoch", type=click.IntRange(min=1), help="[default: the run's best]")

unknown = click.option(
    "--unknown",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="What to do with characters that the network doesn't know.",
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
    """Add -v and -q, handed to the command as its `terminal`."""

    @click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
    @wraps(command)
    def with_terminal(*args: Any, verbose: bool, quiet: bool, **kwargs: Any) -> Any:
        if verbose and quiet:
            raise click.UsageError("-v and -q exclude each other")
        return command(*args, terminal=Terminal(verbose, quiet), **kwargs)

    return with_terminal


def refuse_on_resume(names: Iterable[str]) -> None:
    """Complain about flags that a resume can't change, by their parameters' names.

    Raises:
        click.UsageError: there are any.
    """
    flags = ", ".join("--" + name.replace("_", "-") for name in sorted(names))
    if flags:
        raise click.UsageError(f"{flags} can't change on a resume: start a new run for that")


def run_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion of a run's name."""
    from charrnn.runs import runs

    folder = ctx.params.get("checkpoints") or CHECKPOINTS
    return [run.name for run in runs(folder) if run.name.startswith(incomplete)]


def classifier_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Shell completion of a classifier's name."""
    from charrnn.runs import CLASSIFIERS, runs

    folder = (ctx.params.get("checkpoints") or CHECKPOINTS) / CLASSIFIERS
    return [run.name for run in runs(folder) if run.name.startswith(incomplete)]


def corpora(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of a text: the names there are, and the shell's own file names."""
    from charrnn.data.corpus import NAMED

    return _texts(NAMED, incomplete)


def texts(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of a text to measure on: of a run's own there are two parts."""
    from charrnn.cli.texts import PARTS
    from charrnn.data.corpus import NAMED

    return _texts((*PARTS, *NAMED), incomplete)


def _texts(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    matching = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [*matching, CompletionItem(incomplete, type="file")]


def examples(*lines: str) -> str:
    """A help text's epilog with example commands, kept line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
