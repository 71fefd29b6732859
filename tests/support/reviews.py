"""Small files of reviews, and what the commands of `charrnn classify` make of them."""

import csv
import json
import os
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
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.run import Run

WORDS = ["the", "film", "was", "good", "bad", "and", "so"]
"""The words of the reviews of `write_npz`, the most frequent first."""

EMBEDDING = "layers/embedding/vars/0"
RUNS = Path("checkpoints/classify")
TINY = ["--cell", "average", "--dense", 0, "--embedding", 2, "--max-words", 11, "--max-length", 6]
QUICK = [*TINY, "--batch-size", 8, "--epochs", 1]
"""Options of a tiny network and its one epoch."""


def write_npz(path: Path, train: int = 24, **others: Any) -> Path:
    """Write reviews in Keras's format, good and bad in turn, and the word index beside them."""
    random = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part, count in (("train", train), ("test", 11)):
        ranks = np.empty(count, object)
        ranks[:] = [[4 + place % 2, *random.integers(1, 8, 5).tolist()] for place in range(count)]
        arrays |= {f"x_{part}": ranks, f"y_{part}": 1 - np.arange(count) % 2}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **(arrays | others))
    index = {word: rank for rank, word in enumerate(WORDS, 1)}
    path.with_name("imdb_word_index.json").write_text(json.dumps(index))
    return path


def write_folder(folder: Path, count: int = 12) -> Path:
    """Write reviews in the layout of aclImdb, `count` for each part and label."""
    for part in ("train", "test"):
        for label, word in (("pos", "good"), ("neg", "bad")):
            place = folder / part / label
            place.mkdir(parents=True)
            for number in range(count):
                text = f"the film {number} was so {word} and {word}"
                (place / f"{number}_1.txt").write_text(text)
    return folder


def write_table(
    path: Path, count: int = 30, columns: Sequence[str] = ("review", "sentiment")
) -> Path:
    """Write a table, by its name's ending, of good and bad reviews in turn."""
    text, label = columns
    opinions = [("good", "positive"), ("bad", "negative")]
    rows = [
        {text: f"the film {number} was so {word} and {word}", label: opinion}
        for number in range(count)
        for word, opinion in [opinions[number % 2]]
    ]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return path


def find_classifier_run(name: str) -> Run:
    """The classifier's run of that name in the usual folder."""
    return Run(RUNS / name, CLASSIFIER)


def read_weights(run: Run, epoch: int) -> npt.NDArray[np.float32]:
    """All weights of an epoch's checkpoint, in one row."""
    from charrnn.runs.checkpoint import read_classifier

    weights = read_classifier(run.epoch_file(epoch)).weights
    return np.concatenate([values.ravel() for values in weights.values()])


def interrupt_at(monkeypatch: pytest.MonkeyPatch, run: str, step: int, epoch: int = 1) -> None:
    """Let the user press Ctrl-C in that step of the run's epoch."""
    on_step = TrainingDisplay.on_step

    def interrupt(display: TrainingDisplay, at: int, loss: float) -> None:
        on_step(display, at, loss)
        if (display._epoch, at) == (epoch, step) and (RUNS / run).exists():
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TrainingDisplay, "on_step", interrupt)


@dataclass
class PlannedClassifier:
    """What a run would have begun with, and what was printed before it."""

    run: Run
    recipe: ReviewRecipe
    learn: Examples
    validate: Examples
    borrowed: Any
    result: Result

    @property
    def network(self) -> ClassifierConfig:
        return self.recipe.network

    @property
    def training(self) -> ReviewTraining:
        return self.recipe.training

    @property
    def ids(self) -> list[list[int]]:
        """The ids of the reviews to learn from and to validate on, in their order."""
        return [ids.tolist() for ids in (*self.learn.ids, *self.validate.ids)]


class PlanClassifier(Protocol):
    """Runs `charrnn classify` with these words up to the training itself, which is left out."""

    def __call__(self, *words: object) -> PlannedClassifier: ...


@dataclass
class Finished:
    """A finished command in a folder of its own."""

    folder: Path
    result: Result

    @property
    def run(self) -> Run:
        return Run(self.folder / RUNS / "reviews-lstm-32", CLASSIFIER)
