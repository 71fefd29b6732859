"""`charrnn train` inside this process: a tiny network on a few hundred characters."""

import json
import re
import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import Result

from charrnn.cli.display import TrainingDisplay
from charrnn.runs.checkpoint import Checkpoint, read_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support.commands import invoke

_SIZES = "--cell rnn --units 6 --embedding 4 --layers 1"
_BATCHES = "--batch-size 4 --seq-length 10 --epochs 1 --validation 0"
_PLAIN = "--dropout 0 --weight-drop 0 --embedding-dropout 0 --patience 0"
_RATE = "--learning-rate 0.01 --schedule constant"

SMALL = f"{_SIZES} {_BATCHES} {_PLAIN} {_RATE}".split()
"""Options of the tiny network and its one epoch."""

LENGTH = 600
"""Characters of the text that it learns."""


@dataclass
class Trained:
    """A run that was carried out, and what it printed.

    Attributes:
        steps: how many each epoch had.
    """

    run: Run
    result: Result
    steps: Sequence[int]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.result.stdout.splitlines()]

    def checkpoint(self, epoch: int = 1) -> Checkpoint:
        return read_checkpoint(self.run.epoch_file(epoch))

    def weights(self, epoch: int = 1) -> npt.NDArray[np.float32]:
        return flatten_weights(self.run, epoch)


class Train(Protocol):
    """Trains the tiny network with --json and more options; once for the same options."""

    def __call__(self, *words: object) -> Trained: ...


def flatten_weights(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """All weights of an epoch's checkpoint, in one row."""
    weights = read_checkpoint(run.epoch_file(epoch)).weights
    return np.concatenate([values.ravel() for values in weights.values()])


def train_small(folder: Path, text: str, *words: object) -> Trained:
    """Train the tiny network in a folder, with more options."""
    novel = folder / "novel.txt"
    novel.write_text(text, encoding="utf-8")
    steps: list[int] = []

    def on_step(_: TrainingDisplay, step: int, __: float) -> None:
        if step == 1:
            steps.append(0)
        steps[-1] = step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingDisplay, "on_step", on_step)
        places = ["--checkpoints", folder, "--run", "novel"]
        result = invoke("train", novel, *places, "--json", *SMALL, *words)
    assert result.exit_code == 0, result.output
    return Trained(Run(folder / "novel", LANGUAGE), result, steps)


def interrupt_at(monkeypatch: pytest.MonkeyPatch, epoch: int, step: int) -> None:
    """Let the user press Ctrl-C in this epoch's step; all other steps are as they were."""
    on_step = TrainingDisplay.on_step

    def on_step_with_ctrl_c(self: TrainingDisplay, now: int, loss: float) -> None:
        on_step(self, now, loss)
        if (self._epoch, now) == (epoch, step):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "on_step", on_step_with_ctrl_c)


def find_suggestion(stderr: str, command: str) -> list[str]:
    """The words after `charrnn` of the one command that a message suggests."""
    (line,) = re.findall(rf"charrnn ({command} .*)", stderr)
    return shlex.split(line)
