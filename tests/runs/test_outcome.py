"""What a finished classifier is worth, summed up in plain numbers and kept in its folder."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.words import Words
from charrnn.errors import RunError
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.outcome import (
    Outcome,
    list_outcomes,
    read_outcome,
    summarize_run,
    write_outcome,
)
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.run import Run
from tests.support import kinds

RUNS = Path("runs")
RESULTS = [
    EpochResult(1, 0.7, 0.6, 3.0, 0.5, 0.70),
    EpochResult(2, 0.5, 0.4, 1.0, 0.8, 0.81),
    EpochResult(3, 0.3, 0.4, 1.5, 0.9, 0.82),
    EpochResult(4, 0.1, 0.5, 20.0, 1.0, 0.83),
]
RECIPE = ReviewRecipe(
    ClassifierConfig(vocabulary_size=5, embedding=1, cell="average", units=()),
    ReviewTraining(seed=7),
    Words(["a"]),
    preset="lstm-32",
    changes="--mask",
    sources=(),
    corpus="mine",
    corpus_sha256="0" * 64,
)


def summarize(name: str = "run") -> Outcome:
    run = Run(Path(name), CLASSIFIER)
    return summarize_run(run, RECIPE, RESULTS, 2, (0.45, 0.8), (0.6, 0.79), 30.5)


def make_run(name: str) -> Run:
    """A run, with the one file that makes it one, and its history."""
    run = kinds.make_run(RUNS, CLASSIFIER, name)
    run.resume_file.write_bytes(b"")
    run.write_history(RESULTS)
    return run


def test_a_run_is_summed_up() -> None:
    """The best epoch is the first with the lowest validation loss; seconds are the median."""
    assert asdict(summarize()) == {
        "run": "run",
        "preset": "lstm-32",
        "changes": "--mask",
        "parameters": 5 + 2,
        "epochs": 4,
        "best_epoch": 2,
        "seconds_per_epoch": 2.25,
        "seconds": 30.5,
        "validation_loss": 0.4,
        "validation_accuracy": 0.81,
        "test_loss": 0.45,
        "test_accuracy": 0.8,
        "last_test_loss": 0.6,
        "last_test_accuracy": 0.79,
        "seed": 7,
        "reviews": "mine",
    }


def test_an_outcome_comes_back_until_it_is_out_of_date() -> None:
    """What is written can be read as JSON and as an outcome, until the run is trained further."""
    run = make_run("mine")
    assert read_outcome(run) is None
    write_outcome(run, summarize())
    assert read_outcome(run) == replace(summarize(), run="mine")  # as the folder is called now
    assert json.loads((run.folder / "result.json").read_text()) == asdict(summarize())
    run.write_history([*RESULTS, replace(RESULTS[0], epoch=5)])
    assert read_outcome(run) is None


def test_finished_runs_come_newest_first() -> None:
    """Of all classifiers those with an outcome are listed, the one written to last first."""
    for age, name in enumerate(("old", "unfinished", "new")):
        run = make_run(name)
        os.utime(run.resume_file, (age, age))
        if name != "unfinished":
            write_outcome(run, replace(summarize(), run=name))
    assert [outcome.run for outcome in list_outcomes(RUNS)] == ["new", "old"]
    assert list_outcomes(Path("nowhere")) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "[1]",
        lambda _: "null",
        lambda text: text[:20],
        lambda text: text.replace("best_epoch", "worst_epoch"),
        lambda text: text.replace('"epochs": 4', '"epochs": "four"'),
        lambda _: "\x00",
        lambda _: "[" * 60_000,
        lambda text: text.replace("0.45", "NaN"),
        lambda text: text.replace("0.45", "Infinity"),
        lambda text: text.replace("30.5", "1e999"),
        lambda text: text.replace("30.5", str(10**400)),
        lambda text: text.replace('"parameters": 7', f'"parameters": {10**40}'),
        lambda text: text.replace('"seed": 7', '"seed": ' + "7" * 5_000),
        lambda text: text.replace('"mine"', '["mine"]'),
    ],
)
def test_a_damaged_outcome_is_named(change: Any) -> None:
    """A file that is no outcome is one line with its path and what to do."""
    run = make_run("mine")
    write_outcome(run, summarize())
    path = run.folder / "result.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(RunError) as failure:
        read_outcome(run)
    assert str(failure.value) == f"{path} is damaged: remove it and train again"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["pipe", "device", "huge", "folder"])
def test_only_a_small_file_is_read(kind: str) -> None:
    """A pipe, a device, a folder or gigabytes in the outcome's place are not read."""
    path = make_run("mine").folder / "result.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(2**34)
    with pytest.raises(RunError, match=r"can't read .*result\.json: it .*; remove it and train"):
        read_outcome(Run(path.parent, CLASSIFIER))
