"""Running a command inside this process, and what every failure must look like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result

from charrnn.runs.checkpoint import Weights
from charrnn.cli.program import program
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.runs.run import Run
from charrnn.runs.recipe import LanguageRecipe

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


@dataclass
class Planned:
    """What a training would have begun with, and what was said before it."""

    run: Run
    settings: LanguageRecipe
    text: str
    borrowed: Weights | None
    result: Result

    @property
    def network(self) -> NetworkConfig:
        return self.settings.network

    @property
    def training(self) -> TrainingConfig:
        return self.settings.training


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> Callable[..., Planned]:
    """Runs `charrnn train` up to the training itself, which is left out."""
    begun: list[tuple[Run, LanguageRecipe, Any, Weights | None]] = []

    def begin(
        run: Run, finished: Any, ids: Any, _display: Any, _interrupted: Any, borrowed: Any
    ) -> None:
        run.folder.mkdir(parents=True, exist_ok=True)
        begun.append((run, progress.recipe, ids, borrowed))

    monkeypatch.setattr("charrnn.training.train.train", begin)

    def command(*words: object, stdin: bytes = b"") -> Planned:
        result = invoke("train", *words, stdin=stdin)
        assert result.exit_code == 0, result.output
        run, settings, ids, borrowed = begun.pop()
        return Planned(run, settings, settings.vocabulary.decode(ids), borrowed, result)

    return command
