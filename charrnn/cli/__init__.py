"""The command line: one module per command; click and rich live in this room alone."""

from charrnn.cli.signals import Ended, end_on_signals


def main() -> None:
    """The `charrnn` command."""
    try:
        end_on_signals()
        from charrnn.cli.program import program  # the first moments, too, can be interrupted

        program(prog_name="charrnn")
    except Ended as ended:
        ended.report()
        raise
