"""Running a command inside this process, and what every failure must look like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import click
import pytest
from click.testing import CliRunner, Result

from charrnn.cli.program import program
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.runs.checkpoint import Weights
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.run import Run


class Invoke(Protocol):
    """Runs `charrnn` with these words and this standard input."""

    def __call__(self, *words: object, stdin: bytes = b"") -> Result: ...


class Fails(Protocol):
    """Runs a command that must fail with this exit code and one line, which is returned."""

    def __call__(self, code: int, *words: object, stdin: bytes = b"") -> str: ...


@dataclass
class PlannedRun:
    """What a run would have begun with, and what was printed before it."""

    run: Run
    recipe: LanguageRecipe
    text: str
    borrowed: Weights | None
    result: Result

    @property
    def network(self) -> NetworkConfig:
        return self.recipe.network

    @property
    def training(self) -> TrainingConfig:
        return self.recipe.training


class PlanRun(Protocol):
    """Runs `charrnn train` up to the training itself, which is left out."""

    def __call__(self, *words: object, stdin: bytes = b"") -> PlannedRun: ...


def invoke(*words: object, stdin: bytes = b"") -> Result:
    """Run `charrnn` with these words and this standard input."""
    return CliRunner().invoke(program, [*map(str, words)], input=stdin, prog_name="charrnn")


def run_command(*words: object, code: int | None = None) -> Callable[[], None]:
    """What runs `charrnn` with these words on the streams that there are, to that exit code."""

    def act() -> None:
        with pytest.raises(SystemExit) as end:
            program([*map(str, words)], prog_name="charrnn")
        assert code in {None, end.value.code}

    return act


def parse_command(*words: object) -> click.Context:
    """The context of `charrnn` with these words, before the command runs."""
    rest = [*map(str, words)]
    context = program.make_context("charrnn", [*rest])
    while rest and isinstance(context.command, click.Group):
        name = rest.pop(0)
        context = context.command.commands[name].make_context(name, [*rest], parent=context)
    return context


def fail(code: int, *words: object, stdin: bytes = b"") -> str:
    """Run a command that must fail with this exit code and one line on stderr; that line."""
    result = invoke(*words, stdin=stdin)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("charrnn: ")
    assert not line.startswith("charrnn: unexpected ")
    return line
