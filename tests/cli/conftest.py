"""Running a command inside this process, and what every failure must look like."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from charrnn.cli.program import program

Invoke = Callable[..., Result]


@pytest.fixture(scope="session")
def invoke() -> Invoke:
    """`charrnn` with these words and this standard input."""

    def run(*words: object, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(program, [*map(str, words)], input=stdin, prog_name="charrnn")

    return run


@pytest.fixture(scope="session")
def fails(invoke: Invoke) -> Callable[..., str]:
    """A command that must fail with this exit code and one expected line, which is returned."""

    def run(code: int, *words: object, stdin: bytes = b"") -> str:
        result = invoke(*words, stdin=stdin)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith("charrnn: ")
        assert not line.startswith("charrnn: unexpected ")
        return line

    return run
