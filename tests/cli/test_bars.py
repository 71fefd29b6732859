"""Bars on stderr: a download, an evaluation; on a terminal alone, and never with -q."""

import re

import pytest
from rich.cells import cell_len
from rich.progress import Task

from charrnn.cli.bars import Estimator, Pace, SpeedColumn, show_download, show_scoring
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
    with show_scoring(Terminal(), Estimator(Terminal()), "stream", 1000) as progress:
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
    with show_scoring(terminal, Estimator(terminal), "stream", 10) as progress:
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


ADVICE = "; take fewer"


def read_texts(clock: Clock, terminal: Terminal, *speeds: float) -> None:
    """Read texts of 1,000 characters, each at so many a second, in blocks of 100."""
    estimator = Estimator(terminal, ADVICE)
    for number, speed in enumerate(speeds, 1):
        with show_scoring(terminal, estimator, f"text {number}", 1000) as progress:
            for _ in range(10):
                clock.now += 100 / speed
                progress(100)


@pytest.mark.parametrize("speed", [1, 10, 40, 49, 51, 1000])
def test_the_time_of_a_long_text_is_said(
    clock: Clock, capsys: pytest.CaptureFixture[str], speed: float
) -> None:
    """Without a terminal too, once, in whole seconds or minutes, if they are more than 20 s."""
    read_texts(clock, Terminal(), speed)
    seconds = 1000 / speed
    expected = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    line = f"text 1: about {expected} in all{ADVICE}\n"
    assert capsys.readouterr() == ("", line if seconds > 20 else "")
    read_texts(clock, Terminal(quiet=True), speed)
    assert capsys.readouterr() == ("", "")


def test_the_time_is_said_early(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """As soon as three seconds have been measured, not before; long blocks are waited for."""
    for block, first in ((2.1, 2), (2.9, 2), (50.0, 1)):
        with show_scoring(Terminal(), Estimator(Terminal()), "text", 1000) as progress:
            for number in range(1, 11):
                clock.now += block
                progress(100)
                assert bool(capsys.readouterr().err) == (number == first)


def test_each_long_text_has_its_time_and_the_first_the_advice(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was said once need not be said again; a short text does not use it up."""
    read_texts(clock, Terminal(), 1000, 10, 5, 1000)
    assert capsys.readouterr().err.splitlines() == [
        f"text 2: about 2 min in all{ADVICE}",
        "text 3: about 3 min in all",
    ]


def test_the_time_stands_above_the_bar(make_terminal: MakeTerminal, clock: Clock) -> None:
    """A terminal with a bar gets the line too, whole."""
    stderr = make_terminal(80)
    read_texts(clock, Terminal(), 10)
    assert [line.strip() for line in stderr.lines() if "in all" in line] == [
        f"text 1: about 2 min in all{ADVICE}"
    ]


def test_speed(clock: Clock) -> None:
    """A speed is steps times what a step has, a second; before two steps it is unknown."""
    column = SpeedColumn(Pace("reviews", 32))
    task = Task(0, "", total=9, completed=0, _get_time=clock)  # type: ignore[arg-type]
    assert column.render(task).plain == "starting"
    task.finished_speed = 50.0
    assert column.render(task).plain == "1,600 reviews/s"
