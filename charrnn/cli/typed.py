r"""Texts that are typed as arguments: what a shell and the parser of options make of them."""

import click

from charrnn.cli.terminal import Terminal


class FreeText(click.types.StringParamType):
    """An argument that can be any text, even one that begins with a dash."""


def explain_dash(error: click.NoSuchOption) -> str:
    """How to type a text that was taken for an option; empty if the command takes no text."""
    if error.ctx is None:
        return ""
    for argument in error.ctx.command.params:
        if isinstance(argument.type, FreeText):
            name = argument.human_readable_name.strip("[].")
            command = f"{error.ctx.command_path} [OPTIONS] -- {name}"
            return f"a {name} that begins with - goes after --: {command}; "
    return ""


def note_escapes(terminal: Terminal, **typed: str | None) -> None:
    r"""Say what a typed \n is, which no shell turns into a line end by itself."""
    for name, text in typed.items():
        if text and r"\n" in text:
            terminal.note(
                rf"note: \n in {name} is two characters, a backslash and an n; for a line end type "
                rf"$'\n' in bash"
            )
