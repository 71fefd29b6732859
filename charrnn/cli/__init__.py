"""The command line: one module per command; click and rich live in this room alone."""

from charrnn.cli.program import program


def main() -> None:
    """The `charrnn` command."""
    program(prog_name="charrnn")
