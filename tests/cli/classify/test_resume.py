"""`charrnn classify imdb` and `train` with --resume: what continues, and what is rejected."""

import json
from pathlib import Path

import pytest

from charrnn.runs.outcome import read_outcome
from tests.support.commands import Fails, Invoke
from tests.support.reviews import (
    QUICK,
    Finished,
    find_classifier_run,
    interrupt_at,
    read_weights,
    write_npz,
    write_table,
)
from tests.support.slow import slow_except

COLUMNS = ["--text-column", "comment", "--label-column", "recommended"]


@pytest.mark.parametrize("command", slow_except(["imdb", "train"], "train"))
def test_resume(finished: Finished, invoke: Invoke, command: str) -> None:
    """--resume finds its reviews, adds epochs, and renews the outcome; --json prints lines."""
    words = ["classify", command, "--resume", "reviews-lstm-32", "--epochs", 4, "--json"]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "resuming after epoch 3 of 4" in result.stderr
    epoch, row = map(json.loads, result.stdout.splitlines())
    assert (epoch["epoch"], row["epochs"], row["run"]) == (4, 4, "reviews-lstm-32")
    assert row["reported"] == ""
    outcome = read_outcome(finished.run)
    assert outcome is not None
    assert outcome.epochs == 4
    assert outcome.test_loss == row["test_loss"]
    assert finished.run.epoch_file(4).exists()


def test_what_a_resume_rejects(finished: Finished, fails: Fails) -> None:
    """A resume changes neither network nor reviews; the message says what to do instead."""
    resume = ["classify", "imdb", "--resume"]
    name = "reviews-lstm-32"
    assert "set --epochs to, say, 8" in fails(1, *resume)
    assert "--epochs" in fails(1, *resume, name, "--epochs", 2)
    line = fails(2, *resume, name, "--epochs", 5, "--units", 3, "--batch-size", 2)
    assert "--batch-size, --units can't change" in line
    assert "--resume" in fails(2, *resume, name, "--model", "gru-32")
    assert "--resume" in fails(2, *resume, name, "--run", "other")
    for column in ("--text-column", "--label-column"):
        assert f"leave out {column}" in fails(2, *resume, name, column, "text")
    assert name in fails(1, *resume, "yours")
    other = write_npz(Path("other/reviews.npz"), train=30)
    longer = [*resume, name, "--epochs", 5]
    assert "--data" in fails(1, *longer, "--data", other)
    assert read_outcome(finished.run) is not None
    assert "charrnn classify imdb" in fails(1, *resume, "--checkpoints", "nowhere")


@pytest.mark.slow
def test_resume_of_a_table(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run of a table is resumed as the message says, with the same columns.

    It ends with the weights of a run that was not interrupted.
    """
    table = write_table(Path("reviews.csv"), columns=("comment", "recommended"))
    start = ["classify", "train", "--data", table, *COLUMNS, *QUICK, "--epochs", 2, "-q"]
    assert invoke(*start, "--run", "whole").exit_code == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, "mine", step=2, epoch=2)
        stopped = invoke(*[word for word in start if word != "-q"], "--run", "mine")
    assert stopped.exit_code == 130, stopped.output
    assert "\nResume with: charrnn classify train --resume mine\n" in stopped.stderr
    result = invoke("classify", "train", "--resume", "mine")
    assert result.exit_code == 0, result.output
    assert "resuming after step 2 of 3 of epoch 2 of 2" in result.stderr
    whole, mine = (read_weights(find_classifier_run(name), 2) for name in ("whole", "mine"))
    assert mine.tolist() == whole.tolist()


@pytest.mark.slow
def test_resume_of_a_table_that_moved(invoke: Invoke, fails: Fails) -> None:
    """If the table is elsewhere, --data says where; its columns are still the run's own."""
    table = write_table(Path("reviews.tsv"), columns=("comment", "recommended"))
    start = ["classify", "train", "--data", table, *COLUMNS, *QUICK, "--run", "mine", "-q"]
    assert invoke(*start).exit_code == 0
    table.rename("moved.tsv")
    resume = ["classify", "train", "--resume", "mine", "--epochs", 2, "-q"]
    assert "reviews.tsv" in fails(1, *resume)
    write_table(Path("other.tsv"), columns=("comment", "recommended"), count=40)
    line = fails(1, *resume, "--data", "other.tsv")
    assert "other.tsv does not hold" in line
    assert line.endswith(": give those as --data")
    assert invoke(*resume, "--data", "moved.tsv").exit_code == 0
    assert find_classifier_run("mine").list_epochs() == [1, 2]
