"""`charrnn train` that ends before its time: Ctrl-C, a full disk, a loss that diverges."""

import shlex
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs import resume
from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import Progress
from charrnn.runs.run import Run
from tests.support.commands import Fails, Invoke
from tests.support.slow import slow_except
from tests.support.train_command import (
    LENGTH,
    SMALL,
    Train,
    find_suggestion,
    flatten_weights,
    interrupt_at,
)


def test_ctrl_c_and_resume(
    train: Train, invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends after the step, keeps what is trained, and suggests a command that resumes."""
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=5)
        words = ["--epochs", 3, "--checkpoints", "my runs", "--run", "mine"]
        result = invoke("train", novel, *SMALL, *words)
    run = Run(Path("my runs/mine"), LANGUAGE)
    assert result.exit_code == 130
    assert len(result.stdout.splitlines()) == 1
    assert run.list_epochs() == [1]
    interrupted = read_checkpoint(run.interrupted_file)
    source = interrupted.provenance
    assert (source.epoch, source.step, source.steps) == (2, 5, train().steps[0])
    assert f"step 5 of {train().steps[0]}" in result.stderr
    assert "Traceback" not in result.stderr
    assert invoke(*find_suggestion(result.stderr, "sample"), "--length", 3).exit_code == 0
    resumed = invoke(*find_suggestion(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output
    assert f"resuming after step 5 of {source.steps} of epoch 2 of 3\n" in resumed.stderr
    whole = train("--epochs", 3)
    assert np.array_equal(flatten_weights(run, 3), whole.weights(3))
    assert not run.interrupted_file.exists()


@pytest.mark.slow
def test_ctrl_c_and_resume_of_a_piped_text(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What was piped into the run goes into the command that resumes it, too."""
    words = ["train", "-", *SMALL, "--epochs", 2, "--run", "mine"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=2)
        result = invoke(*words, stdin=text.encode())
    assert "Resume with: ... | charrnn train - --resume mine\n" in result.stderr
    resumed = invoke(*find_suggestion(result.stderr, "train"), stdin=text.encode())
    assert resumed.exit_code == 0, resumed.output


@pytest.mark.slow
def test_ctrl_c_in_the_first_epoch(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first epoch too, what is trained can be read; Ctrl-C then does what it did before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    interrupt_at(monkeypatch, epoch=1, step=2)
    result = invoke("train", novel, *SMALL)
    assert result.exit_code == 130
    assert "stopped: epoch 1, up to step 2 of " in result.stderr
    assert "Resume with: charrnn train --resume novel-rnn\n" in result.stderr
    assert invoke("sample", "The ", "--length", 3).exit_code == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.slow
@pytest.mark.parametrize(
    "named", slow_except([[], ["--run", "novel-rnn"]], []), ids=["by default", "by --run"]
)
def test_a_name_without_an_epoch_is_given_back(
    train: Train, invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch, named: list[str]
) -> None:
    """Stopped in its first epoch, a run says so when it writes; the next one takes its name."""
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=1, step=2)
        invoke("train", novel, *SMALL)
    described = f"novel-rnn, stopped at step 2 of {train().steps[0]} of epoch 1, training loss "
    for words in (["sample", "--length", 3], ["evaluate", "novel-rnn", "training", "--limit", 50]):
        assert described in invoke(*words).stderr
    again = invoke("train", novel, *SMALL, *named)
    assert again.exit_code == 0, again.output
    assert (
        "novel-rnn was stopped before its first epoch ended: this run takes its place\n"
        in again.stderr
    )
    run = Run(Path("checkpoints/novel-rnn"), LANGUAGE)
    assert [path.name for path in run.folder.parent.iterdir()] == ["novel-rnn"]
    assert np.array_equal(flatten_weights(run, 1), train().weights(1))
    assert not run.interrupted_file.exists()


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["classify", "pretrained"])
def test_checkpoints_in_a_folder_with_another_kinds_name(
    invoke: Invoke, fails: Fails, novel: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """A run's kind is what its files say: a language model's is resumed by `charrnn train`.

    The folders of classifiers and word models, inside that of all runs, have these names.
    """
    words = ["train", novel, *SMALL, "--checkpoints", f"x/{folder}", "--run", "mine"]
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch=2, step=2)
        result = invoke(*words, "--epochs", 2)
    command = ["train", "--resume", "mine", "--checkpoints", f"x/{folder}"]
    assert find_suggestion(result.stderr, "train") == command
    assert fails(1, *words).endswith(f" with charrnn {shlex.join(command)}")
    resumed = invoke(*command)
    assert resumed.exit_code == 0, resumed.output
    assert Run(Path(f"x/{folder}/mine"), LANGUAGE).list_epochs() == [1, 2]


def test_a_full_disk(invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The epoch that is said to be saved is the one that a resume starts after."""
    write_progress = resume.write_progress

    def write_but_not_epoch_2(run: Run, progress: Progress[Any], variables: Any) -> None:
        if len(progress.results) == 2:
            raise OSError(28, "No space left on device")
        write_progress(run, progress, variables)

    with monkeypatch.context() as patch:
        patch.setattr("charrnn.training.restore.write_progress", write_but_not_epoch_2)
        result = invoke("train", novel, *SMALL, "--epochs", 3, "--run", "mine")
    assert result.exit_code == 1
    assert "stopped: epoch 1 is saved.\n" in result.stderr
    assert "No space left on device" in result.stderr.splitlines()[-1]
    resumed = invoke(*find_suggestion(result.stderr, "train"))
    assert resumed.exit_code == 0, resumed.output
    assert "resuming after epoch 1 of 3" in resumed.stderr


@pytest.mark.slow
def test_a_run_that_diverges(invoke: Invoke, novel: Path) -> None:
    """It ends in a line with a command that can be typed, and that resumes that run."""
    kept = ["--checkpoints", "kept"]
    words = [*SMALL, *kept, "--run", "wild", "--epochs", 5]
    result = invoke("train", novel, *words, "--learning-rate", 1e38, "--clip-norm", 0)
    assert result.exit_code == 1
    line = result.stderr.splitlines()[-1]
    command = line.split(" Resume with: charrnn ")[1]
    flags = ["--learning-rate", "0.01", "--clip-norm", "1"]
    assert shlex.split(command) == ["train", "--resume", "wild", *kept, *flags]
    again = invoke(*shlex.split(command))
    assert again.exit_code == 0, again.output
    assert len(Run(Path("kept/wild"), LANGUAGE).read_history()) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length", "words"),
    [(LENGTH, ["--learning-rate", "1e38"]), (65, ["--learning-rate", "1e38", "--validation", 0.2])],
    ids=["training", "validation"],
)
def test_a_loss_that_diverges(fails: Fails, text: str, length: int, words: list[object]) -> None:
    """A loss that is NaN or infinite ends the run in one line that says what to change.

    In the second case the only step's loss is fine, but the weights after it are not.
    """
    Path("novel.txt").write_text(text[:length], encoding="utf-8")
    line = fails(1, "train", "novel.txt", *SMALL, "--clip-norm", 0, "-q", *words)
    assert "the loss became NaN or infinite in epoch 1" in line
    assert "--learning-rate" in line
    assert not list(Path("checkpoints").glob("*/epoch-*"))
