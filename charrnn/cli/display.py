"""How a run shows itself: a bar on stderr while an epoch trains, a line on stdout when it ends."""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from charrnn.cli.bars import Pace, SpeedColumn
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.planning.durations import describe_duration
from charrnn.runs.history import EpochResult, format_number
from charrnn.runs.point import Point

_PLAIN_EVERY = 20.0  # seconds between progress lines if there is no bar
_COMPILED = 3  # steps after which nothing is compiled any more
_PACED = 12  # steps after which the remaining time can be estimated
_LONG = 120.0  # seconds from which on it is shown
_VERY_LONG = 600.0  # seconds from which on it is said how to make it shorter


class TrainingDisplay:
    """A bar on stderr while an epoch runs, and a line on stdout when it has ended.

    Args:
        terminal: how much to say.
        epochs: how many epochs the run has.
        steps: steps in an epoch.
        pace: what its speed is counted in.
        as_json: print JSON lines instead of text.
        sample: called after each epoch; the text that it returns, if any, is shown.
        shorter: what makes a run that takes very long shorter; empty if nothing does.
        run: the run's name, for JSON.
    """

    def __init__(
        self,
        terminal: Terminal,
        epochs: int,
        steps: int,
        pace: Pace,
        as_json: bool,
        sample: Callable[[int], str | None] = lambda _: None,
        shorter: str = "",
        run: str = "",
    ) -> None:
        self._terminal, self._as_json, self._sample = terminal, as_json, sample
        self._run = run
        self._epochs, self._steps, self._pace = epochs, steps, pace
        self._shorter = shorter
        self._epoch = self._taken = 0
        self._last_note = self._compiled = time.monotonic()
        self._timed: tuple[int, float] | None = None  # from which step of the epoch on, and when
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(),
            SpeedColumn(pace),
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

    def on_epoch_begin(self, epoch: int, point: Point | None = None) -> None:
        """An epoch begins, or continues from a point."""
        taken = point.step if point else 0
        self._epoch = epoch
        self._last_note = time.monotonic()
        self._timed = None if self._taken < _COMPILED else (taken, self._last_note)
        self._bar.reset(
            self._task,
            total=self._steps,
            completed=taken,
            epoch=f"{epoch}/{self._epochs}",
            loss="",
        )

    def on_step(self, step: int, loss: float) -> None:
        """A step has ended."""
        self._bar.update(self._task, completed=step, loss=f"loss {format_number(loss)}")
        now = time.monotonic()
        self._taken += 1
        if self._taken == _COMPILED:
            self._compiled, self._timed = now, (step, now)
        elif self._taken == _PACED:
            self._estimate(step, now)
        if self._bar.disable and now - self._last_note > _PLAIN_EVERY:
            self._last_note = now
            self._terminal.note(
                f"epoch {self._epoch}/{self._epochs}, step {step}/{self._steps}, "
                f"loss {format_number(loss)}{self._describe_speed(step, now)}"
            )

    def _estimate(self, step: int, now: float) -> None:
        """Say how long a long run takes, now that its first steps are compiled and timed."""
        left = (self._epochs - self._epoch + 1) * self._steps - step
        seconds = left * (now - self._compiled) / (_PACED - _COMPILED)
        shorter = f"; for a shorter run: {self._shorter}" if self._shorter else ""
        if seconds > _LONG:
            self._terminal.note(
                f"about {describe_duration(seconds)} until the end of epoch {self._epochs}"
                + (shorter if seconds > _VERY_LONG else "")
            )

    def _describe_speed(self, step: int, now: float) -> str:
        """The speed of the epoch's steps so far, without those that compile; empty at first."""
        if self._timed is None or self._timed[0] == step:
            return ""
        first, began = self._timed
        speed = (step - first) * self._pace.per_step / (now - began)
        return f", {speed:,.0f} {self._pace.unit}/s"

    def on_validation(self) -> None:
        """The validation part is read."""
        self._bar.update(self._task, loss="validating")

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        """An epoch has ended: print its line, and a sample, if due."""
        text = self._sample(result.epoch)
        if self._as_json:
            row = {"run": self._run} | _make_row(result) | {"best": best}
            echo(json.dumps(row | ({"sample": text} if text is not None else {})))
            return
        echo(self._make_line(result, best))
        if text is not None:
            indented = text.removesuffix("\n").replace("\n", "\n    ")
            echo(f"\n    {indented}\n")

    def _make_line(self, result: EpochResult, best: bool) -> str:
        width = len(str(self._epochs))
        parts = [f"epoch {result.epoch:>{width}}/{self._epochs}"]
        parts.append(_format_loss("train", result.train_loss, result.train_accuracy))
        if result.validation_loss is not None:
            accuracy = result.validation_accuracy
            parts.append(_format_loss("validation", result.validation_loss, accuracy))
        if result.train_accuracy is None:
            parts.append(f"perplexity {format_number(result.perplexity, 2)}")
        parts.append(f"{result.seconds:.1f} s")
        return "  ".join([*parts, *(["best"] if best else [])])


def _format_loss(part: str, loss: float, accuracy: float | None) -> str:
    shown = f"{part} {format_number(loss)}"
    return shown if accuracy is None else f"{shown}, {100 * accuracy:.2f}%"


def _make_row(result: EpochResult) -> dict[str, Any]:
    """The fields that apply to the kind of network."""
    row = asdict(result)
    if result.train_accuracy is None:
        del row["train_accuracy"], row["validation_accuracy"]
        row["perplexity"] = result.perplexity if math.isfinite(result.perplexity) else None
    return row
