"""What `charrnn train` prints and draws: lines, JSON, learning curves, samples."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from charrnn.cli.program import program
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.runs.run import Run
from tests.support.commands import Fails, Invoke
from tests.support.train_command import SMALL, Train, find_suggestion, interrupt_at

PNG = b"\x89PNG\r\n\x1a\n"


def test_lines(invoke: Invoke, novel: Path) -> None:
    """stdout has a line for each epoch; stderr says what is trained, and how to read it."""
    words = ["--epochs", 2, "--validation", 0.2, "--run", "mine"]
    result = invoke("train", novel, *SMALL, *words)
    for epoch, line in enumerate(result.stdout.splitlines(), 1):
        numbers = r"train \d\.\d{4}  validation \d\.\d{4}  perplexity \d+\.\d\d  \d+\.\d s"
        assert re.fullmatch(rf"epoch {epoch}/2  {numbers}(  best)?", line)
    assert len(result.stdout.splitlines()) == 2
    size = len(set(novel.read_text(encoding="utf-8")))
    parameters = size * 4 + (4 + 6 + 1) * 6 + (6 + 1) * size
    first = result.stderr.splitlines()[0]
    assert first.startswith(f"mine: rnn 6, {parameters:,} parameters; 600 characters, ")
    assert f"{size} distinct" in first
    assert invoke(*find_suggestion(result.stderr, "sample"), "--length", 3).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precision(train: Train, precision: str) -> None:
    """The first line says how products are computed, and the weights show it."""
    exact, other = train("--precision", "float32"), train("--precision", precision)
    first = other.result.stderr.splitlines()[0]
    assert first.endswith(f"{precision} products (as asked)")
    same = np.array_equal(exact.weights(), other.weights())
    assert same == (precision == "float32")


@pytest.mark.slow
def test_few_steps(train: Train) -> None:
    """A run with hardly any steps an epoch is told how to get more; the usual one is not."""
    few = "note: a network learns little from so few steps an epoch: give a smaller --batch-size"
    assert few in train("--batch-size", 9).result.stderr
    assert few not in train().result.stderr


@pytest.mark.slow
def test_loudness(invoke: Invoke, novel: Path) -> None:
    """-q says nothing on stderr and leaves stdout as it is; -v adds every setting."""
    quiet, usual, verbose = (
        invoke("train", novel, *SMALL, *flags) for flags in (["-q"], [], ["-v"])
    )
    assert quiet.stderr == ""
    assert len(quiet.stdout.splitlines()) == len(usual.stdout.splitlines()) == 1
    added = "\n".join(set(verbose.stderr.splitlines()) - set(usual.stderr.splitlines()))
    for config in (NetworkConfig, TrainingConfig):
        assert all(f"{field.name}=" in added for field in dataclasses.fields(config))


def test_json(train: Train) -> None:
    """--json prints an object for each epoch, and the best is the one of the lowest loss."""
    trained = train("--epochs", 3)
    for row in trained.rows:
        assert row["run"] == trained.run.name
        assert set(row) == {
            *(
                "run",
                "epoch",
                "train_loss",
                "validation_loss",
                "seconds",
                "read",
                "perplexity",
                "best",
            ),
        }
    losses = [row["train_loss"] for row in trained.rows]
    assert [row["best"] for row in trained.rows] == [
        loss < min(losses[:place], default=np.inf) for place, loss in enumerate(losses)
    ]
    best = 1 + losses.index(min(losses))
    assert f"best epoch: {best}, in {trained.run.folder}\n" in trained.result.stderr


@pytest.mark.slow
def test_checkpoints_that_are_not_kept(train: Train) -> None:
    """With --keep last one network stays, which the last line doesn't call the best."""
    trained = train("--epochs", 3, "--keep", "last")
    assert trained.run.list_epochs() == [3]
    assert f"last epoch: 3, in {trained.run.folder}\n" in trained.result.stderr
    assert len(trained.run.read_history()) == 3


@pytest.mark.slow
def test_what_is_kept_is_remembered(invoke: Invoke, finished_run: Run) -> None:
    """A resume keeps what it is told to, and the next resume does the same."""
    words = ["train", "--resume", finished_run.name, "-q", "--epochs"]
    assert invoke(*words, 3, "--keep", "2").exit_code == 0
    assert invoke(*words, 4).exit_code == 0
    best = finished_run.find_best_epoch()
    assert {*finished_run.list_epochs()} == {3, 4, best}


@pytest.mark.parametrize("keep", ["0", "none", "1.5"])
def test_what_can_not_be_kept(fails: Fails, keep: str) -> None:
    """Another word is answered with those that there are."""
    line = fails(2, "train", "--keep", keep)
    assert f"{keep!r} is not best, last, all or a number of epochs" in line


# Learning curves


def test_learning_curves(train: Train) -> None:
    """A run leaves a picture of its epochs beside them, and says nothing of it."""
    trained = train("--epochs", 3)
    assert (trained.run.folder / "curves.png").read_bytes().startswith(PNG)
    assert "curves" not in trained.result.output


@pytest.mark.slow
def test_learning_curves_of_a_resumed_run(invoke: Invoke, finished_run: Run) -> None:
    """After a resume all epochs are in the picture; one that can't be written is only noted."""
    picture = finished_run.folder / "curves.png"
    before = picture.read_bytes()
    words = ["train", "--resume", finished_run.name, "--epochs"]
    assert invoke(*words, 2).exit_code == 0
    after = picture.read_bytes()
    assert after.startswith(PNG)
    assert after != before
    picture.unlink()
    picture.mkdir()
    result = invoke(*words, 3)
    assert result.exit_code == 0
    assert f"can't write {picture}: Is a directory" in result.stderr
    assert "best epoch: " in result.stderr
    assert finished_run.list_epochs() == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize(("epoch", "drawn"), [(1, False), (2, True)])
def test_learning_curves_after_ctrl_c(
    invoke: Invoke, novel: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, *, drawn: bool
) -> None:
    """A run that is stopped has drawn the epochs that it finished, if there are any."""
    interrupt_at(monkeypatch, epoch=epoch, step=2)
    assert invoke("train", novel, *SMALL, "--epochs", 3, "--run", "mine").exit_code == 130
    picture = Path("checkpoints/mine/curves.png")
    assert picture.exists() == drawn
    assert not drawn or picture.read_bytes().startswith(PNG)


# Samples


@pytest.mark.slow
def test_live_samples(train: Train, text: str) -> None:
    """--sample-every N shows what the network writes after each Nth epoch, from --prompt on."""
    trained = train("--epochs", 4, "--sample-every", 2, "--prompt", "The ")
    samples = [row.get("sample") for row in trained.rows]
    assert [sample is not None for sample in samples] == [False, True, False, True]
    assert samples[1] != samples[3]
    for sample in filter(None, samples):
        assert sample.startswith("The ")
        assert len(sample) > len("The ") + 100
        assert set(sample) <= set(text)
    assert np.array_equal(trained.weights(4), train("--epochs", 4).weights(4))


@pytest.mark.slow
def test_live_samples_as_text(invoke: Invoke, novel: Path) -> None:
    """As text a sample stands indented below its epoch."""
    result = invoke("train", novel, *SMALL, "--sample-every", 1, "--prompt", "The ")
    head, *rest = result.stdout.splitlines()
    assert head.startswith("epoch 1/1 ")
    assert next(line for line in rest if line).startswith("    The ")


@pytest.mark.slow
def test_live_sample_on_a_terminal_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that stdout's encoding can't show does not end the run."""
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "runs")
    text = "天地玄黄宇宙洪荒日月盈昃辰宿列张" * 20
    Path("chinese.txt").write_text(text, encoding="utf-8")
    words = ["train", "chinese.txt", *SMALL, "--layers", "2", "--sample-every", "1"]
    result = CliRunner(charset="ascii").invoke(program, words, prog_name="charrnn")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 1


def test_prompt_is_checked_before_training(fails: Fails, novel: Path) -> None:
    """A --prompt that the corpus has no characters for is rejected at once, not after an epoch."""
    words = [*SMALL, "--sample-every", "1", "--prompt", "水"]
    line = fails(1, "train", novel, *words)
    assert "--prompt can't be used: " in line
    assert "'水'" in line
    assert not list(Path().glob("checkpoints/*"))


def test_prompt_of_a_resumed_run_is_checked(fails: Fails, finished_run: Run) -> None:
    """The same holds for a run that is resumed."""
    words = ["--epochs", "2", "--sample-every", "1", "--prompt", "水"]
    assert "--prompt can't be used: " in fails(1, "train", "--resume", finished_run.name, *words)
    assert finished_run.list_epochs() == [1]


def test_prompt_without_samples(fails: Fails, novel: Path) -> None:
    """--prompt does nothing without --sample-every, which the error says."""
    assert "--sample-every" in fails(2, "train", novel, *SMALL, "--prompt", "The ")
