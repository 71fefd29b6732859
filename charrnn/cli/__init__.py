"""The command line: one module per command; click and rich live in this room alone."""


def main() -> None:
    """The `charrnn` command."""
    try:
        from charrnn.cli import signals
    except KeyboardInterrupt:  # even that early a traceback would be too long
        raise SystemExit(130) from None
    with signals.end_in_order():
        from charrnn.cli.program import program

        program(prog_name="charrnn")
