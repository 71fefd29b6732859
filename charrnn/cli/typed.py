r"""Texts and names that are typed: what a shell and the parser of options make of them."""

import os
import re
import shlex
from typing import Any

import click

from charrnn.cli.terminal import Terminal

_OPTION = re.compile(r"--?\w[\w-]*")


class FreeText(click.types.StringParamType):
    """An argument that can be any text, even one that begins with a dash."""


class PresetName(click.Choice[str]):
    """The name of a preset; a misspelt one is answered with the closest too."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """What is wrong, and which names there are."""
        from difflib import get_close_matches

        message = super().get_invalid_choice_message(value, ctx).rstrip(".")
        close = get_close_matches(str(value), self.choices, 1)
        return f"{message}: did you mean {close[0]!r}?" if close else message


def explain_dash(error: click.NoSuchOption) -> str:
    """How to type a text that was taken for an option.

    Empty if the command takes no text, or if what was typed is an option misspelt.
    """
    misspelt = error.possibilities and _OPTION.fullmatch(error.option_name)
    if error.ctx is None or misspelt:
        return ""
    for argument in error.ctx.command.params:
        if isinstance(argument.type, FreeText):
            name = argument.human_readable_name.strip("[].")
            command = f"{error.ctx.command_path} [OPTIONS] -- {name}"
            return f"a {name} that begins with - goes after --: {command}; "
    return ""


def note_file(terminal: Terminal, text: str, meaning: str, option: str) -> None:
    """If a typed text is the name of a file, say what it is taken for, and how to read the file.

    Args:
        terminal: where to say it.
        text: what was typed; - is standard input.
        meaning: what it is taken for.
        option: what reads a file.
    """
    if text != "-" and os.path.isfile(text):  # noqa: PTH113 - false for what can't be a name
        command = f"{option} {shlex.quote(text)}"
        terminal.note(f"{text} is taken for {meaning}; to read the file: {command}")


def note_escapes(terminal: Terminal, **typed: str | None) -> None:
    r"""Say what a typed \n is, which no shell turns into a line end by itself."""
    for name, text in typed.items():
        if text and r"\n" in text:
            terminal.note(
                rf"note: \n in {name} is two characters, a backslash and an n; for a line end type "
                rf"$'\n' in bash"
            )
