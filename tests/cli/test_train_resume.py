"""`charrnn train`: the folders of runs, and resuming one."""

from pathlib import Path

import numpy as np
import pytest

from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.claim import hold_lock
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from tests.support.commands import Fails, Invoke, PlanRun
from tests.support.language_runs import find_run
from tests.support.train_command import SMALL, Train, Trained


@pytest.mark.parametrize("way", ["option", "environment"])
def test_run_and_checkpoints(
    plan: PlanRun, novel: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """--run names the folder, --checkpoints or CHARRNN_CHECKPOINTS where it lies."""
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "my/runs")
    words = ["--checkpoints", "my/runs"] if way == "option" else []
    assert plan(novel, *SMALL, *words, "--run", "first.try").run.folder == Path("my/runs/first.try")
    assert not Path("checkpoints").exists()


def test_unnamed_runs_get_new_names(plan: PlanRun, novel: Path) -> None:
    """Without --run a new run never writes into an older one's folder, and says which it took."""
    plans = [plan(novel, *SMALL) for _ in range(3)]
    assert [one.run.name for one in plans] == ["novel-rnn", "novel-rnn-2", "novel-rnn-3"]
    noted = [line for one in plans for line in one.result.stderr.splitlines() if "exists" in line]
    assert noted == [f"novel-rnn exists: this run is novel-rnn-{number}" for number in (2, 3)]


@pytest.mark.slow
def test_run_that_exists(fails: Fails, invoke: Invoke, novel: Path) -> None:
    """A run's name is not taken twice: the older one's checkpoints stay."""
    assert invoke("train", novel, *SMALL, "--run", "mine").exit_code == 0
    path = Path("checkpoints/mine/epoch-0001.weights.h5")
    before = path.read_bytes()
    words = ["train", novel, *SMALL, "--run", "mine"]
    line = fails(1, *words, "--seed", "9")
    assert "run 'mine' exists in checkpoints: choose another name as --run, or resume it" in line
    assert line.endswith(" with charrnn train --resume mine")
    assert invoke(*words, "--checkpoints", "my runs").exit_code == 0
    line = fails(1, *words, "--checkpoints", "my runs")
    assert line.endswith(" with charrnn train --resume mine --checkpoints 'my runs'")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-x", "a b"])
def test_run_name_that_is_no_folder_name(fails: Fails, novel: Path, name: str) -> None:
    """A name that would lead out of the checkpoints' folder, or hide there, is rejected."""
    assert "--run" in fails(2, "train", novel, *SMALL, f"--run={name}")


def test_folder_that_cannot_be_made(fails: Fails, novel: Path) -> None:
    """If a file is in the place of a folder, the line names it."""
    Path("file").write_text("in the way", encoding="utf-8")
    assert "file" in fails(2, "train", novel, *SMALL, "--checkpoints", "file")
    assert "file" in fails(1, "train", novel, *SMALL, "--checkpoints", "file/runs", "-q")
    Path("checkpoints").mkdir()
    Path("checkpoints/mine").write_text("in the way", encoding="utf-8")
    assert "mine" in fails(1, "train", novel, *SMALL, "--run", "mine", "-q")


# Resuming


def test_a_resumed_run_equals_an_uninterrupted_one(train: Train, invoke: Invoke, text: str) -> None:
    """Two epochs and a --resume to four end with the weights of four in one go, to the last bit."""
    words = ["--dropout", 0.3, "--validation", 0.2, "--cell", "lstm", "--order", "shuffled"]
    whole = train(*words, "--epochs", 4)
    Path("novel.txt").write_text(text, encoding="utf-8")
    assert invoke("train", "novel.txt", *SMALL, *words, "--epochs", 2).exit_code == 0
    result = invoke("train", "--resume", "novel-lstm", "--epochs", 4, "--json")
    assert "resuming after epoch 2 of 4\n" in result.stderr
    resumed = Trained(find_run("novel-lstm"), result, [])
    assert np.array_equal(resumed.weights(3), whole.weights(3))
    assert np.array_equal(resumed.weights(4), whole.weights(4))
    losses = [(row["train_loss"], row["validation_loss"], row["best"]) for row in whole.rows]
    assert [(row["train_loss"], row["validation_loss"], row["best"]) for row in resumed.rows] == (
        losses[2:]
    )
    assert [result.epoch for result in resumed.run.read_history()] == [1, 2, 3, 4]


@pytest.mark.slow
def test_resume_without_a_name_takes_the_newest(invoke: Invoke, novel: Path) -> None:
    """--resume alone resumes the run that was written to last, and finds its text again."""
    for name in ("older", "newer"):
        assert invoke("train", novel, *SMALL, "--run", name).exit_code == 0
    result = invoke("train", "--epochs", 2, "--patience", 3, "--resume")
    assert result.exit_code == 0, result.output
    assert find_run("newer").list_epochs() == [1, 2]
    assert find_run("older").list_epochs() == [1]


@pytest.mark.slow
def test_a_resume_can_change_how_weights_move(invoke: Invoke, finished_run: Run) -> None:
    """A run that diverged can be resumed with another learning rate, which then counts."""
    words = ["train", "--resume", finished_run.name, "--epochs", 2, "--learning-rate", 1e-12]
    result = invoke(*words, "--clip-norm", 0.5, "--precision", "bfloat16")
    assert result.exit_code == 0
    assert "bfloat16 products (as asked)" in result.stderr
    before, after = (
        read_checkpoint(finished_run.epoch_file(epoch)).weights.values() for epoch in (1, 2)
    )
    assert all(np.allclose(a, b, atol=1e-8) for a, b in zip(before, after, strict=True))


def test_settings_that_a_resume_rejects(fails: Fails, finished_run: Run) -> None:
    """A resume changes no setting that defines the run, and says what to do instead."""
    resume = ["train", "--resume", finished_run.name]
    line = fails(1, *resume)
    assert "mine has done all its epochs, 1: to train further, set --epochs to, say, 11" in line
    assert "--epochs" in fails(1, *resume, "--epochs", 1)
    longer = [*resume, "--epochs", 2]
    line = fails(2, *longer, "--units", 8, "--batch-size", 8)
    assert "--batch-size, --units can't change on a resume: start a new run for that" in line
    for words in (["--stride", 10], ["--seed", 0], ["--cell", "rnn"], ["--dropout", 0.1]):
        assert str(words[0]) in fails(2, *longer, *words)
    for words in (["--weight-drop", 0.1], ["--schedule", "cosine"]):
        assert str(words[0]) in fails(2, *longer, *words)
    assert "--resume" in fails(2, *longer, "--preset", "minute")
    assert "--resume" in fails(2, *longer, "--run", "other")
    assert finished_run.list_epochs() == [1]


@pytest.mark.slow
def test_a_resume_opens_its_file_once(
    invoke: Invoke, finished_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the plan to the restored network: what was checked is what is used."""
    opened: list[str] = []
    open_file = Path.open

    def note(path: Path, *how: object, **more: object) -> object:
        opened.append(path.name)
        return open_file(path, *how, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", note)
    result = invoke("train", "--resume", finished_run.name, "--epochs", 2)
    assert result.exit_code == 0, result.output
    assert opened.count("resume.h5") == 1


def test_texts_that_a_resume_rejects(
    fails: Fails, finished_run: Run, novel: Path, text: str
) -> None:
    """A resume trains on the same text, or says where to name it."""
    resume = ["train", "--resume", finished_run.name, "--epochs", 2]
    other = Path("other.txt")
    other.write_text(text + "!", encoding="utf-8")
    assert "other.txt" in fails(1, *resume, other)
    novel.write_text(text[::-1], encoding="utf-8")
    line = fails(1, *resume)
    assert f"{novel.resolve()} is not, or no longer, the text that mine was trained on" in line
    command = f"in a new run with --from: charrnn train {novel.resolve()} --from mine"
    assert line.endswith(command)
    novel.unlink()
    line = fails(1, *resume)
    assert f"mine was trained on {novel.resolve()}, which is no longer there" in line
    assert line.endswith(": give that text as CORPUS")
    assert finished_run.list_epochs() == [1]


@pytest.mark.slow
def test_resume_with_the_text_at_another_place(
    invoke: Invoke, fails: Fails, finished_run: Run, novel: Path
) -> None:
    """A text that was moved is given as CORPUS; it is known by its content."""
    moved = novel.rename("moved.txt")
    words = ["train", moved, "--resume", finished_run.name, "--epochs", 2]
    assert invoke(*words).exit_code == 0
    (source,) = read_progress(finished_run, LanguageRecipe).recipe.sources
    assert source.name == str(moved.resolve())
    content = moved.read_bytes()
    moved.unlink()
    words = ["train", "-", "--resume", finished_run.name, "--epochs", 3]
    assert invoke(*words, stdin=content).exit_code == 0
    assert finished_run.list_epochs() == [1, 2, 3]
    line = fails(1, "train", "--resume", finished_run.name, "--epochs", 4)
    assert "mine was trained on standard input: give that text as CORPUS" in line
    assert line.endswith("; to pipe it in again: ... | charrnn train - --resume mine")


def test_resume_of_no_run(fails: Fails, finished_run: Run) -> None:
    """An unknown run is answered with those there are; without any the line says what to type."""
    line = fails(1, "train", "--resume", "yours", "--epochs", "2")
    assert f"no run 'yours' in checkpoints: the only run is {finished_run.name}" in line
    line = fails(1, "train", "--checkpoints", "nowhere", "--resume")
    assert line.endswith("can be resumed: train one with charrnn train")


@pytest.mark.parametrize("damage", ["gone", "cut", "text"])
def test_resume_of_a_damaged_run(
    fails: Fails, invoke: Invoke, finished_run: Run, damage: str
) -> None:
    """If the resume file can't be used the line names it, and the epochs can still be read."""
    content = finished_run.resume_file.read_bytes()
    if damage == "gone":
        finished_run.resume_file.unlink()
    else:
        bad = content[: len(content) // 2] if damage == "cut" else b"not HDF5"
        finished_run.resume_file.write_bytes(bad)
    line = fails(1, "train", "--resume", finished_run.name, "--epochs", 2, "-q")
    assert "resume.h5" in line
    assert invoke("sample", "The ", "--length", 3).exit_code == 0


def test_a_resume_that_can_not_be_says_one_line(fails: Fails, finished_run: Run) -> None:
    """If another trains the run, or its folder can't be written, nothing else is said or drawn."""
    finished_run.curves_file.unlink()
    resume = ["train", "--resume", finished_run.name, "--epochs", 2]
    with hold_lock(finished_run):
        line = fails(1, *resume)
    assert line == (
        "charrnn: run 'mine' is being trained by another process: wait for it, or stop it first"
    )
    finished_run.lock_file.unlink()
    finished_run.lock_file.mkdir()  # no permission in the way that holds for root too
    assert fails(1, *resume) == f"charrnn: {finished_run.lock_file.absolute()}: Is a directory"
    assert not finished_run.curves_file.exists()
