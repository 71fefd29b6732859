"""What is said beside the results: notes on stderr, as loud as the user wants."""

import os
import sys
from dataclasses import dataclass

import click

_EXPLODED = 1e6


@dataclass(frozen=True)
class Terminal:
    """stderr, with -v and -q."""

    verbose: bool = False
    quiet: bool = False

    def note(self, message: str) -> None:
        """Something that most users want to know."""
        if not self.quiet:
            click.echo(message, err=True)

    def detail(self, message: str) -> None:
        """Something for those who asked for more."""
        if self.verbose:
            click.echo(message, err=True)

    def note_waiting(self) -> None:
        """Where standard input is a terminal, that we wait for it."""
        if sys.stdin.isatty():
            self.note("reading from standard input; end it with Ctrl-D")

    @property
    def live(self) -> bool:
        """Whether moving displays are welcome."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def number(value: float, decimals: int = 4) -> str:
    """A loss or a perplexity; one that has exploded is not written out in full."""
    return f"{value:.{decimals}f}" if value < _EXPLODED else f"{value:.1e}"


def duration(seconds: float) -> str:
    """A time in the unit that one would say it in."""
    if seconds < 100:  # noqa: PLR2004 - up to here seconds are said
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
