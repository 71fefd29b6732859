"""Bars on stderr for what takes a while: downloads and evaluations."""

import contextlib
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


@contextlib.contextmanager
def show_scoring(live: bool, mode: str, characters: int) -> Iterator[Callable[[int], None]]:
    """A bar of the characters predicted, if it may show; yields what to call with how many more."""
    bar = Progress(
        TextColumn(mode),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TaskProgressColumn(),
        SpeedColumn(Pace("chars", 1)),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not live,
        transient=True,
    )
    task = bar.add_task(mode, total=characters)
    with bar:
        yield lambda more: bar.advance(task, more)
