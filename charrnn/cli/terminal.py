"""What is said beside the results: notes on stderr, as loud as the user wants."""

import contextlib
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import click

from charrnn.cli.visible import echo, make_visible
from charrnn.data.download import Progress

_COMMAND = re.compile(r"(\.\.\. \| )?\bcharrnn .*")
_HELD = "\0"  # a space that no line breaks at


@dataclass(frozen=True)
class Terminal:
    """stderr, with -v and -q; the command line's `charrnn.planning.report.Reporter`."""

    verbose: bool = False
    quiet: bool = False

    def note(self, message: str) -> None:
        """Say what most users want to know; in a terminal lines break between words."""
        if not self.quiet:
            message = _spell(message)
            shown = _wrap(make_visible(message)) if sys.stderr.isatty() else message
            echo(shown, err=True)

    def detail(self, message: str) -> None:
        """Say what was asked for with -v."""
        if self.verbose:
            self.note(message)

    @contextlib.contextmanager
    def download(self, name: str) -> Iterator[Progress]:
        """A bar that appears with the first bytes; yields what to call as bytes come in."""
        from charrnn.cli.bars import show_download

        with show_download(self.live, name) as progress:
            yield progress

    def note_waiting(self) -> None:
        """If standard input is a terminal, say that we wait for it."""
        if sys.stdin.isatty():
            self.note("reading from standard input; end it with Ctrl-D")

    @property
    def live(self) -> bool:
        """Whether moving displays are welcome."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _spell(message: str) -> str:
    """A message with settings as they are typed in the command under way."""
    from charrnn.cli.hints import spell_message

    context = click.get_current_context(silent=True)
    return spell_message(message, context) if context else message


def _find_width() -> int:
    """How wide stderr is, which may be a terminal when stdout is a file."""
    columns = 0
    with contextlib.suppress(OSError):
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    return shutil.get_terminal_size((columns or 80, 24)).columns


def _wrap(message: str) -> str:
    width = _find_width()
    return "\n".join(_wrap_line(line, width) for line in message.split("\n"))


def _wrap_line(line: str, width: int) -> str:
    """Break a line between words, but not inside a command, which can then be copied whole."""
    held = _COMMAND.sub(lambda match: match[0].replace(" ", _HELD), line)
    wrapped = textwrap.fill(held, width, break_long_words=False, break_on_hyphens=False)
    return wrapped.replace(_HELD, " ")
