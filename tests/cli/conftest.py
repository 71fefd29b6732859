"""Running commands, up to the training itself if that is left out, and a terminal to watch."""

import contextlib
import os
import pty
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from charrnn.runs.run import Run
from tests.support import commands
from tests.support.commands import Fails, Invoke, PlannedRun, PlanRun
from tests.support.language_runs import find_run
from tests.support.screens import Clock, FakeTerminal, MakeTerminal, Watch
from tests.support.train_command import (
    LENGTH,
    SMALL,
    Train,
    Trained,
    train_small,
)

if TYPE_CHECKING:
    from charrnn.data.vocabulary import Ids
    from charrnn.runs.checkpoint import Weights
    from charrnn.runs.recipe import LanguageRecipe


@pytest.fixture(scope="session")
def invoke() -> Invoke:
    """`charrnn` with these words and this standard input."""
    return commands.invoke


@pytest.fixture(scope="session")
def fails() -> Fails:
    """A command that must fail with this exit code and one expected line, which is returned."""
    return commands.fail


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> PlanRun:
    """Runs `charrnn train` up to the training itself, which is left out."""
    begun: list[tuple[Run, LanguageRecipe, Ids, Weights | None]] = []

    def begin(run: Run, work: Any, *_: object) -> None:
        run.folder.mkdir(parents=True, exist_ok=True)
        begun.append((run, work.progress.recipe, work.ids, work.borrowed))

    monkeypatch.setattr("charrnn.training.language.train", begin)

    def command(*words: object, stdin: bytes = b"") -> PlannedRun:
        result = commands.invoke("train", *words, stdin=stdin)
        assert result.exit_code == 0, result.output
        run, recipe, ids, borrowed = begun.pop()
        return PlannedRun(run, recipe, recipe.vocabulary.decode(ids), borrowed, result)

    return command


@pytest.fixture(scope="session")
def text(real_text: str) -> str:
    """The text of a small run."""
    return real_text[:LENGTH]


@pytest.fixture
def novel(text: str) -> Path:
    """The text of a small run, as a file in the working folder."""
    path = Path("novel.txt")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory, text: str) -> Train:
    """Trains the tiny network with --json and more options; once for the same options."""
    done: dict[tuple[str, ...], Trained] = {}

    def command(*words: object) -> Trained:
        key = tuple(map(str, words))
        if key not in done:
            done[key] = train_small(tmp_path_factory.mktemp("training"), text, *key)
        return done[key]

    return command


@pytest.fixture
def finished_run(invoke: Invoke, novel: Path) -> Run:
    """A run of the tiny network, `mine`, that has done its one epoch."""
    assert invoke("train", novel, *SMALL, "--run", "mine").exit_code == 0
    return find_run("mine")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Rich's clock and the display's own."""
    clock = Clock()
    monkeypatch.setattr("rich.console.monotonic", clock)
    monkeypatch.setattr("charrnn.cli.display.time.monotonic", clock)
    return clock


@pytest.fixture
def make_terminal(monkeypatch: pytest.MonkeyPatch) -> MakeTerminal:
    """Makes stderr a terminal of that width."""

    def make(width: int) -> FakeTerminal:
        fake = FakeTerminal()
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "stderr", fake)
        return fake

    return make


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Does something while stdout and stderr are one terminal of 200 columns."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")

    def do(act: Callable[[], object]) -> str:
        reader, writer = pty.openpty()
        with os.fdopen(writer, "w") as terminal, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(sys, "stderr", terminal)
            act()
        received = b""
        with contextlib.suppress(OSError):  # EIO: the writer is gone
            while True:
                received += os.read(reader, 1000)
        os.close(reader)
        return received.decode().replace("\r\n", "\n")

    return do


@pytest.fixture(scope="module")
def ctrl_c_reaches_children() -> Iterator[None]:
    """A shell starts its background jobs with Ctrl-C ignored, and their children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
