"""The command line: one module per command; click and rich live in this room alone."""


def main() -> None:
    """The `charrnn` command."""
    try:
        from charrnn.cli.program import program
    except KeyboardInterrupt:  # that early it would be a traceback
        raise SystemExit(130) from None
    program(prog_name="charrnn")
