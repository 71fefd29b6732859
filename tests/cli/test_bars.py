"""Bars on stderr: a download, an evaluation; on a terminal alone, and never with -q."""

import re

import pytest
from rich.cells import cell_len
from rich.progress import Task

from charrnn.cli.bars import Pace, SpeedColumn, show_download, show_scoring
from charrnn.cli.terminal import Terminal
from tests.support.screens import Clock, MakeTerminal


@pytest.mark.parametrize("width", [20, 40, 80])
def test_download_bar(make_terminal: MakeTerminal, width: int) -> None:
    """A download shows its file and how much is there, within the terminal's width."""
    stderr = make_terminal(width)
    with show_download(True, "play.txt") as progress:
        progress(250_000, 1_000_000)
    drawn = stderr.lines()
    assert drawn[-1].startswith("play.txt") or drawn[-2].startswith("play.txt")
    assert max(map(cell_len, drawn)) <= width
    if width == 80:
        assert re.search(r" 0\.[23]/1\.0 MB ", drawn[-1])


def test_no_download_no_bar(make_terminal: MakeTerminal) -> None:
    """A text that need not be downloaded shows no bar."""
    stderr = make_terminal(80)
    with show_download(True, "play.txt"):
        pass
    assert stderr.lines() == []


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_scoring_bar(make_terminal: MakeTerminal, clock: Clock, width: int) -> None:
    """An evaluation shows its mode, part, characters per second and remaining time."""
    stderr = make_terminal(width)
    with show_scoring(True, "stream", 1000) as progress:
        for _ in range(3):
            clock.now += 0.1
            progress(100)
    drawn = stderr.lines()
    assert max(map(cell_len, drawn)) <= width
    if width >= 80:
        assert re.match(r"stream .* 30% 1,000 chars/s 00:0[01]", drawn[-1])
    assert stderr.getvalue().endswith("\x1b[2K")  # the line is wiped


@pytest.mark.parametrize("quiet", [False, True])
def test_no_bars_without_a_terminal(capsys: pytest.CaptureFixture[str], *, quiet: bool) -> None:
    """A log file gets no bar."""
    terminal = Terminal(quiet=quiet)
    with terminal.download("play.txt") as have:
        have(1, 2)
    with show_scoring(terminal.live, "stream", 10) as progress:
        progress(10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("terminal", "term", "shown"),
    [
        (Terminal(), "xterm", True),
        (Terminal(verbose=True), "xterm", True),
        (Terminal(quiet=True), "xterm", False),
        (Terminal(), "dumb", False),
    ],
)
def test_bars_on_a_terminal(
    make_terminal: MakeTerminal,
    monkeypatch: pytest.MonkeyPatch,
    terminal: Terminal,
    term: str,
    *,
    shown: bool,
) -> None:
    """A terminal gets bars, unless -q was typed or it can't move its cursor."""
    stderr = make_terminal(80)
    monkeypatch.setenv("TERM", term)
    assert terminal.live == shown
    with terminal.download("play.txt") as progress:
        progress(1, 2)
    assert bool(stderr.lines()) == shown


def test_speed(clock: Clock) -> None:
    """A speed is steps times what a step has, a second; before two steps it is unknown."""
    column = SpeedColumn(Pace("reviews", 32))
    task = Task(0, "", total=9, completed=0, _get_time=clock)  # type: ignore[arg-type]
    assert column.render(task).plain == "starting"
    task.finished_speed = 50.0
    assert column.render(task).plain == "1,600 reviews/s"
