r"""The one way out: what is printed, with nothing in it that a terminal would obey.

A text, a file's name or a stored field may hold characters that clear the screen, set the window's
title, turn the line around or send an answer as if it were typed. In a terminal they are shown by
their number, `\u001b`: in ASCII, so that every locale and font can show it, and in the notation of
JSON, so that an object copied from the screen is still one. A file or a pipe gets every character
as it is.
"""

import re
import sys
from typing import TextIO

import click

_OBEYED = re.compile(
    "["
    "\0-\x08\x0b-\x1f\x7f-\x9f"  # control characters but line feed and tab
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # what orders text from right to left
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # separators, and marks that take no room
    "\ud800-\udfff"  # half characters, which no terminal can be sent
    "]"
)


def make_visible(text: str) -> str:
    """The text with each character that a terminal would obey replaced by its number."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def flatten(text: str) -> str:
    """The text as it can stand in a row of a table, or in a question: visible, in one line."""
    return make_visible(text).replace("\n", "\\u000a").replace("\t", "\\u0009")


def echo(text: object = "", *, err: bool = False) -> None:
    """Print a line on stdout or stderr; what a terminal would obey is made visible there."""
    stream = sys.stderr if err else sys.stdout
    # Without `color` click would take the escape sequences out of what goes to a file.
    click.echo(_prepare(str(text), stream), file=stream, color=True)


def confirm(question: str) -> bool:
    """Ask on stderr, and read the answer from stdin: no, unless it is y or yes.

    Raises:
        click.Abort: there is no answer.
    """
    return click.confirm(flatten(question), err=True)


def encode(text: str) -> bytes:
    """A piece of text as the bytes for stdout, half characters too unless it is a terminal."""
    return _prepare(text, sys.stdout).encode("utf-8", "surrogatepass")


def _prepare(text: str, stream: TextIO) -> str:
    return make_visible(text) if stream.isatty() else text
