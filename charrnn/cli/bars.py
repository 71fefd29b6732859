"""Bars on stderr for what takes a while: downloads and evaluations."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text

from charrnn.cli.terminal import Terminal
from charrnn.planning.durations import describe_duration

SHORTER = "; --limit N reads only the first N characters"
"""What makes it shorter to measure how well a network predicts a text."""

_MEASURED = 3.0  # seconds after which a speed is known
_LONG = 20.0  # seconds from which on it is said how many there will be


class Pace(NamedTuple):
    """What a speed is counted in, and how many of them a step has."""

    unit: str
    per_step: int


class SpeedColumn(ProgressColumn):
    """A bar's speed."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(Column(no_wrap=True))
        self._pace = pace

    def render(self, task: Task) -> Text:
        """The text of the column."""
        speed = task.finished_speed or task.speed
        pace = self._pace
        return Text(f"{speed * pace.per_step:,.0f} {pace.unit}/s" if speed else "starting")


@contextlib.contextmanager
def show_download(live: bool, name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first bytes, if it may; yields what to call as bytes come in."""
    bar = Progress(
        TextColumn(name),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not live,
        transient=True,
    )
    task = bar.add_task(name, total=None, visible=False)
    with bar:
        yield lambda have, size: bar.update(task, completed=have, total=size, visible=True)


class Estimator:
    """Says how long it takes to read a text, once it has been read for some seconds.

    Args:
        terminal: where to say it.
        advice: what makes it shorter; said once, however many texts are read.
    """

    def __init__(self, terminal: Terminal, advice: str = "") -> None:
        self._terminal, self._advice = terminal, advice
        self.begin("", 0)

    def begin(self, mode: str, characters: int) -> None:
        """A text begins to be read."""
        self._mode, self._characters, self._read = mode, characters, 0
        self._began, self._said = time.monotonic(), False

    def advance(self, more: int) -> None:
        """So many more characters have been read."""
        self._read += more
        seconds = time.monotonic() - self._began
        if self._said or seconds < _MEASURED:
            return
        self._said = True
        whole = seconds * self._characters / self._read
        if whole > _LONG:
            about = f"{self._mode}: about {describe_duration(whole)} in all"
            self._terminal.note(about + self._advice)
            self._advice = ""


@contextlib.contextmanager
def show_scoring(
    terminal: Terminal, estimator: Estimator, mode: str, characters: int
) -> Iterator[Callable[[int], None]]:
    """Show how a text is read, by a bar if it may be; yields what to call with how many more.

    Args:
        terminal: how much to show.
        estimator: says how long a long text takes.
        mode: how it is read.
        characters: how many it has.
    """
    bar = Progress(
        TextColumn(mode),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TaskProgressColumn(),
        SpeedColumn(Pace("chars", 1)),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not terminal.live,
        transient=True,
    )
    task = bar.add_task(mode, total=characters)

    def advance(more: int) -> None:
        bar.advance(task, more)
        estimator.advance(more)

    with bar:
        estimator.begin(mode, characters)
        yield advance
