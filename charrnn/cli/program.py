"""The top command, and the one place where errors become a line and an exit code."""

import io
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click
from click.exceptions import NoSuchCommand

from charrnn import __version__
from charrnn.cli.classify import classify
from charrnn.cli.compare import compare
from charrnn.cli.data import data
from charrnn.cli.evaluate import evaluate
from charrnn.cli.export import export
from charrnn.cli.import_ import import_
from charrnn.cli.inspect import inspect
from charrnn.cli.options import RenderedError
from charrnn.cli.play import play
from charrnn.cli.plot import plot
from charrnn.cli.runs import runs
from charrnn.cli.sample import sample
from charrnn.cli.train import train
from charrnn.cli.typed import explain_dash
from charrnn.cli.visible import echo
from charrnn.errors import CharrnnError

_SHORT_VERBOSE = re.compile(r"-[a-z]*v[a-z]*")
_INTERRUPTED = 130  # 128 + SIGINT, the way shells say it


class Program(click.Group):
    """A group that reports every failure in one line on stderr, never by a traceback."""

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run the command line and exit; arguments as in `click.Command.main`."""
        args = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        _open_missing_streams()
        try:
            code = super().main(args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of our output has gone, as in `| head`
            code = 1
        except (click.Abort, KeyboardInterrupt):  # click has ended the line
            code = _INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the last place before the user
            if _is_verbose(args):
                _print_causes(error)
            if _was_interrupted(error):
                code = _INTERRUPTED
            else:
                echo(_make_message(error), err=True)
                code = getattr(error, "exit_code", 1)
        finally:
            _drop_unwritten()
        sys.exit(code if isinstance(code, int) else 0)


def _was_interrupted(error: BaseException) -> bool:
    """Whether Ctrl-C came while a library was loaded, which C makes an ImportError."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, ImportError) and isinstance(cause, KeyboardInterrupt)


def _is_verbose(args: Sequence[str]) -> bool:
    """Whether -v was typed, alone or with other letters, before any --."""
    options = list(args[: args.index("--")] if "--" in args else args)
    return any(word == "--verbose" or _SHORT_VERBOSE.fullmatch(word) for word in options)


def _print_causes(error: BaseException) -> None:
    """Print the traceback of what is unexpected, and what each other error came from."""
    if not isinstance(error, (CharrnnError, click.ClickException, OSError)):
        echo("".join(traceback.format_exception(error)).rstrip(), err=True)
        return
    cause = error.__cause__
    if isinstance(error, RenderedError) and cause is not None:
        cause = cause.__cause__  # its own text is the message
    while cause is not None:
        name = type(cause).__name__
        text = " ".join(str(cause).splitlines())
        echo(f"caused by {name}: {text}" if text else f"caused by {name}", err=True)
        cause = cause.__cause__


def _drop_unwritten() -> None:
    """Don't try again at the exit what stdout can't take, its reader gone or its disk full."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _open_missing_streams() -> None:
    """If a caller closed stdin, stdout or stderr, read and write nothing instead.

    A file opened later must not get a standard stream's number. And what a terminal can't show is
    replaced, not an error.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _make_message(error: Exception) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    lines = _describe(error).splitlines()
    return f"charrnn: {' '.join(line.strip() for line in lines)}"


def _describe(error: Exception) -> str:
    if isinstance(error, click.UsageError):
        help_at = f"{error.ctx.command_path} --help" if error.ctx else "charrnn --help"
        message = error.format_message().rstrip(".")
        if isinstance(error, NoSuchCommand) and not error.possibilities:
            message += f": there are {', '.join(_list_commands(error.ctx))}"
        dash = explain_dash(error) if isinstance(error, click.NoSuchOption) else ""
        return f"{message} ({dash}see {help_at})"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, CharrnnError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return (
            f"{error.filename}: {error.strerror}"
            if error.filename
            else f"can't write: {error.strerror}"
        )
    first = (str(error).splitlines() or [""])[0]
    return f"unexpected {type(error).__name__}: {first} (add -v to see where)"


def _list_commands(context: click.Context | None) -> list[str]:
    """The commands of the group that a context is of."""
    if context is None or not isinstance(context.command, click.Group):
        return []
    return context.command.list_commands(context)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: charrnn train, then: charrnn sample; or with: charrnn classify imdb",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def program() -> None:
    """Train recurrent networks: one that writes, on any text, or one that judges film reviews."""


program.add_command(train)
program.add_command(sample)
program.add_command(play)
program.add_command(evaluate)
program.add_command(inspect)
program.add_command(export)
program.add_command(import_)
program.add_command(compare)
program.add_command(plot)
program.add_command(runs)
program.add_command(data)
program.add_command(classify)
