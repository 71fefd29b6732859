"""Rich displays on stderr: a download's bar, and a training's bar beside its lines of results."""

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple, Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
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

from charrnn.cli.terminal import Terminal, duration, number
from charrnn.history import EpochResult

_PLAIN_EVERY = 20.0  # seconds between progress lines where there is no bar
_COMPILED = 3  # steps after which nothing is compiled any more
_PACED = 12  # steps after which the time that is left can be told
_LONG = 120.0  # seconds from which on it is told


@contextlib.contextmanager
def download_bar(terminal: Terminal, name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears with the first bytes; yields what is to be told of them."""
    bar = Progress(
        TextColumn(name),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not terminal.live,
        transient=True,
    )
    task = bar.add_task(name, total=None, visible=False)
    with bar:
        yield lambda have, size: bar.update(task, completed=have, total=size, visible=True)


class Pace(NamedTuple):
    """What a training's speed is counted in, and how many of them a step reads."""

    unit: str
    per_step: int


@contextlib.contextmanager
def scoring_bar(terminal: Terminal, mode: str, characters: int) -> Iterator[Callable[[int], None]]:
    """A bar of the characters that were predicted; yields what is to be told of more of them."""
    bar = Progress(
        TextColumn(mode),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        TaskProgressColumn(),
        _Speed(Pace("chars/s", 1)),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not terminal.live,
        transient=True,
    )
    task = bar.add_task(mode, total=characters)
    with bar:
        yield lambda more: bar.advance(task, more)


class _Speed(ProgressColumn):
    """The bar's speed."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(Column(no_wrap=True))
        self._pace = pace

    def render(self, task: Task) -> Text:
        """The text of the column."""
        speed = task.finished_speed or task.speed
        pace = self._pace
        return Text(f"{speed * pace.per_step:,.0f} {pace.unit}" if speed else "starting")


class TrainingDisplay:
    """A bar on stderr while an epoch runs, and a line on stdout when it has ended.

    Args:
        terminal: how much to say.
        epochs: how many epochs the training has.
        steps: steps in an epoch.
        pace: what its speed is counted in.
        as_json: print JSON lines instead of text.
        sample: called after each epoch; the text it returns, if any, is shown.
    """

    def __init__(
        self,
        terminal: Terminal,
        epochs: int,
        steps: int,
        pace: Pace,
        as_json: bool,
        sample: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        self._terminal, self._as_json, self._sample = terminal, as_json, sample
        self._epochs, self._steps, self._pace = epochs, steps, pace
        self._epoch = 0
        self._spoke = self._began = self._compiled = time.monotonic()
        self._foretold, self._taken = False, 0
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(),
            _Speed(pace),
            TextColumn("{task.fields[loss]}", table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            disable=not terminal.live,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._bar.add_task("", total=steps, epoch="", loss="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def on_epoch_begin(self, epoch: int) -> None:
        """An epoch begins."""
        self._epoch = epoch
        self._spoke = self._began = time.monotonic()
        self._bar.reset(self._task, total=self._steps, epoch=f"{epoch}/{self._epochs}", loss="")

    def on_step(self, step: int, loss: float) -> None:
        """A step has ended."""
        self._bar.update(self._task, completed=step, loss=f"loss {number(loss)}")
        now = time.monotonic()
        self._foretell(step, now)
        if self._bar.disable and now - self._spoke > _PLAIN_EVERY:
            self._spoke = now
            speed = step * self._pace.per_step / (now - self._began)
            self._terminal.note(
                f"epoch {self._epoch}/{self._epochs}, step {step}/{self._steps}, "
                f"loss {number(loss)}, {speed:,.0f} {self._pace.unit}"
            )

    def _foretell(self, step: int, now: float) -> None:
        """Say once, when the first steps are compiled and timed, how long a long training takes."""
        if self._foretold:
            return
        self._taken += 1
        if self._taken == _COMPILED:
            self._compiled = now
        elif self._taken == _PACED:
            self._foretold = True
            left = (self._epochs - self._epoch + 1) * self._steps - step
            seconds = left * (now - self._compiled) / (_PACED - _COMPILED)
            if seconds > _LONG:
                self._terminal.note(
                    f"about {duration(seconds)} until epoch {self._epochs} has ended"
                )

    def on_validation(self) -> None:
        """The validation text is read."""
        self._bar.update(self._task, loss="validating")

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        """An epoch has ended: print its line, and a sample if it is due."""
        text = self._sample(result.epoch)
        if self._as_json:
            row = _row(result) | {"best": best}
            _print(json.dumps(row | ({"sample": text} if text is not None else {})))
            return
        _print(self._line(result, best))
        if text is not None:
            _print("\n" + "\n".join(f"    {line}" for line in text.splitlines()) + "\n")

    def _line(self, result: EpochResult, best: bool) -> str:
        width = len(str(self._epochs))
        parts = [f"epoch {result.epoch:>{width}}/{self._epochs}"]
        parts.append(_loss("train", result.train_loss, result.train_accuracy))
        if result.validation_loss is not None:
            accuracy = result.validation_accuracy
            parts.append(_loss("validation", result.validation_loss, accuracy))
        if result.train_accuracy is None:
            parts.append(f"perplexity {number(result.perplexity, 2)}")
        parts.append(f"{result.seconds:.1f} s")
        return "  ".join([*parts, *(["best"] if best else [])])


def _loss(part: str, loss: float, accuracy: float | None) -> str:
    shown = f"{part} {number(loss)}"
    return shown if accuracy is None else f"{shown}, {100 * accuracy:.2f}%"


def _row(result: EpochResult) -> dict[str, Any]:
    """What applies to the kind of network."""
    row = asdict(result)
    if result.train_accuracy is None:
        del row["train_accuracy"], row["validation_accuracy"]
        row["perplexity"] = result.perplexity if math.isfinite(result.perplexity) else None
    return row


def _print(line: str) -> None:
    click.echo(line, file=sys.stdout)
