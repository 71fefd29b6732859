"""`charrnn evaluate`: what is measured, with which network, on which text."""

import os
from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.data.sources import STDIN
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.history import EpochResult
from tests.support.commands import Invoke
from tests.support.language_runs import (
    HELD_BACK,
    LEARNT,
    find_run,
    read_rows,
    write_trained,
)
from tests.support.networks import MakeRun


def expect_loss(path: Path, text: str, crop_length: int | None = None) -> Any:
    """The loss by the Python interface."""
    return pytest.approx(charrnn.load(path).score(text, crop_length), rel=1e-12)


def test_held_back_text_by_default(invoke: Invoke) -> None:
    """By default the newest run reads its validation text, in a stream and in crops."""
    path = write_trained()
    stream, crops = read_rows(invoke("evaluate", "--json", "--crop-length", 50))
    assert stream["nats_per_character"] == expect_loss(path, HELD_BACK)
    assert crops["nats_per_character"] == expect_loss(path, HELD_BACK, 50)
    assert stream["characters"] == crops["characters"] == len(HELD_BACK) - 1
    assert read_rows(invoke("evaluate", "--json")) == read_rows(
        invoke("evaluate", "tiny", "validation", "--json")
    )


def test_training_text(invoke: Invoke) -> None:
    """`training` is the text before the part held back; a crop predicts 256 characters."""
    path = write_trained()
    stream, crops = read_rows(invoke("evaluate", "tiny", "training", "--json"))
    assert stream["nats_per_character"] == expect_loss(path, LEARNT)
    assert (
        crops["nats_per_character"]
        == expect_loss(path, LEARNT, 256)
        != expect_loss(path, LEARNT, 255)
    )
    assert crops["crop_length"] == 256


def test_training_text_without_validation(invoke: Invoke) -> None:
    """If a run held nothing back, `training` is the whole text."""
    path = write_trained(validation=0.0)
    (row,) = read_rows(invoke("evaluate", "tiny", "training", "--mode", "stream", "--json"))
    assert row["nats_per_character"] == expect_loss(path, LEARNT + HELD_BACK)


def test_other_texts(invoke: Invoke, make_run: MakeRun) -> None:
    """A file or standard input is read whole; the checkpoint alone is enough for it."""
    path = make_run()
    text = "had a bad head\n" * 5
    Path("my text.txt").write_text(text, encoding="utf-8")
    from_file = invoke("evaluate", "tiny", "my text.txt", "--mode", "stream", "--json")
    from_stdin = invoke("evaluate", "tiny", "-", "--mode", "stream", "--json", stdin=text.encode())
    for result, named in ((from_file, "my text.txt"), (from_stdin, "-")):
        (row,) = read_rows(result)
        assert row["text"] == named
        assert row["nats_per_character"] == expect_loss(path, text)
    assert "my text.txt, 75 characters" in from_file.stderr
    assert "standard input, 75 characters" in from_stdin.stderr


def test_named_corpus(invoke: Invoke, make_run: MakeRun, real_text: str) -> None:
    """A corpus is read by its name."""
    path = make_run()
    words = ["--unknown", "skip", "--limit", 3000, "--mode", "stream", "--json"]
    (row,) = read_rows(invoke("evaluate", "tiny", "pydoc", *words))
    known = "".join(character for character in real_text[:3000] if character in "\n !abcdefgh")
    assert row["nats_per_character"] == expect_loss(path, known)
    assert row["characters"] == len(known) - 1


def test_limit(invoke: Invoke) -> None:
    """--limit N reads the text's first N characters."""
    path = write_trained()
    stream, crops = read_rows(
        invoke("evaluate", "tiny", "--limit", 70, "--crop-length", 20, "--json")
    )
    assert stream["nats_per_character"] == expect_loss(path, HELD_BACK[:70])
    assert crops["nats_per_character"] == expect_loss(path, HELD_BACK[:70], 20)
    assert stream["characters"] == 69
    assert read_rows(invoke("evaluate", "--limit", 10**9, "--json")) == read_rows(
        invoke("evaluate", "--json")
    )


@pytest.mark.parametrize("mode", ["stream", "crops"])
def test_mode(invoke: Invoke, mode: str) -> None:
    """--mode chooses one of the two measures."""
    write_trained()
    both = {row["mode"]: row for row in read_rows(invoke("evaluate", "--json"))}
    assert read_rows(invoke("evaluate", "--json", "--mode", "both")) == [*both.values()]
    assert read_rows(invoke("evaluate", "--json", "--mode", mode)) == [both[mode]]
    assert len(invoke("evaluate", "--mode", mode).stdout.splitlines()) == 2


def test_newest_run_and_best_epoch_are_the_default(invoke: Invoke) -> None:
    """Without RUN the best epoch of the run written to last is measured; --epoch chooses."""
    for name in ("new", "old"):
        for epoch in (1, 2, 3):
            os.utime(write_trained(name, epoch=epoch), (1e9, 1e9))
        os.utime(f"checkpoints/{name}/resume.h5", (1e9, 1e9 + (name == "new")))
    losses = [EpochResult(n, 1.0, value, 1.0) for n, value in enumerate((2.0, 1.5, 1.75), 1)]
    find_run("new").write_history(losses)
    words = ["--mode", "crops", "--json"]
    (found,) = read_rows(invoke("evaluate", *words))
    assert (found["run"], found["epoch"]) == ("new", 2)
    assert read_rows(invoke("evaluate", "new", *words)) == [found]
    assert read_rows(invoke("evaluate", "new", "--epoch", 2, *words)) == [found]
    (other,) = read_rows(invoke("evaluate", "new", "--epoch", 3, *words))
    assert other["epoch"] == 3
    assert other["nats_per_character"] != found["nats_per_character"]


def test_checkpoint_file_as_run(invoke: Invoke, tmp_path: Path) -> None:
    """RUN may be a checkpoint file; with a resume.h5 beside it, its own text is known too."""
    write_trained(epoch=1)
    path = write_trained(epoch=2)
    (row,) = read_rows(invoke("evaluate", path, "--mode", "stream", "--json"))
    assert (row["checkpoint"], row["epoch"]) == (str(path), 2)
    assert row["nats_per_character"] == expect_loss(path, HELD_BACK)
    mailed = path.rename(tmp_path / "from-a-friend.weights.h5")
    (again,) = read_rows(
        invoke("evaluate", mailed, "-", "--mode", "stream", "--json", stdin=b"a bad cab")
    )
    assert again["nats_per_character"] == expect_loss(mailed, "a bad cab")


@pytest.mark.parametrize("name", ["shakespeare", "training", "novel.txt"])
def test_run_with_the_name_of_a_text(invoke: Invoke, name: str) -> None:
    """A name that a run and a text share is the run's."""
    path = write_trained(name)
    (row,) = read_rows(invoke("evaluate", name, "--mode", "stream", "--json"))
    assert row["nats_per_character"] == expect_loss(path, HELD_BACK)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_checkpoints_folder(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """--checkpoints and CHARRNN_CHECKPOINTS say where the runs are."""
    write_trained("mine")
    Path("checkpoints").rename("elsewhere")
    words = ["--checkpoints", "elsewhere"] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    assert [row["run"] for row in read_rows(invoke("evaluate", "--json", *words))] == [
        "mine",
        "mine",
    ]


@pytest.mark.slow
def test_engines_agree(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """--engine keras reads with Keras itself, and measures the same."""
    from charrnn.networks.stepper import KerasStepper

    used = []

    class Watched(KerasStepper):
        def __init__(self, network: Checkpoint, batch_size: int) -> None:
            used.append(batch_size)
            super().__init__(network, batch_size)

    monkeypatch.setattr("charrnn.networks.stepper.KerasStepper", Watched)
    write_trained(cell="gru")
    words = ["evaluate", "--limit", 60, "--crop-length", 20, "--json"]
    by_numpy = read_rows(invoke(*words, "--engine", "numpy"))
    assert by_numpy == read_rows(invoke(*words))
    assert used == []
    for ours, keras in zip(by_numpy, read_rows(invoke(*words, "--engine", "keras")), strict=True):
        assert keras["nats_per_character"] == pytest.approx(ours["nats_per_character"], rel=1e-6)
    assert used == [1, 2, 1]


@pytest.mark.parametrize("source", [None, STDIN])
@pytest.mark.parametrize("part", ["validation", "training"])
def test_moved_text(invoke: Invoke, part: str, source: str | None) -> None:
    """--corpus says where the run's own text is now: a file, or standard input."""
    path = write_trained(source=source)
    Path("novel.txt").rename("moved.txt")
    expected = expect_loss(path, HELD_BACK if part == "validation" else LEARNT)
    words = ["evaluate", "tiny", part, "--mode", "stream", "--json", "--corpus"]
    (row,) = read_rows(invoke(*words, "moved.txt"))
    (piped,) = read_rows(invoke(*words, "-", stdin=Path("moved.txt").read_bytes()))
    assert row["nats_per_character"] == piped["nats_per_character"] == expected
