"""`charrnn sample`: which network writes."""

import os
from pathlib import Path

import pytest

from charrnn.runs.history import EpochResult
from tests.support.commands import Invoke
from tests.support.language_runs import find_run, read_rows, read_text, write_epoch
from tests.support.networks import MakeRun


def test_newest_run_and_best_epoch_are_the_default(invoke: Invoke) -> None:
    """Without --run the best epoch of the run written to last writes; stderr names it."""
    words = ["sample", "ab", "--length", 60, "--seed", 1]
    for run in ("new", "old"):
        for epoch in (1, 2, 3):
            path = write_epoch(run, epoch, units=7 if run == "new" else 6)
            os.utime(path, (1e9, 1e9 + (run == "new")))
    losses = [EpochResult(n, 1.0, loss, 1.0) for n, loss in enumerate((2.0, 1.5, 1.75), 1)]
    find_run("new").write_history(losses)
    result = invoke(*words)
    assert result.stderr.startswith("new, epoch 2, ")
    assert read_text(result) == read_text(invoke(*words, "--run", "new", "--epoch", 2))
    by_file = invoke(*words, "--checkpoint", "checkpoints/new/epoch-0002.weights.h5")
    assert read_text(by_file) == read_text(result)
    assert by_file.stderr == result.stderr


def test_run_and_epoch(invoke: Invoke) -> None:
    """--run and --epoch choose the network; each epoch writes its own text."""
    texts = set()
    for run, units in (("one", 6), ("two", 7)):
        for epoch in (1, 2):
            write_epoch(run, epoch, units=units)
    for run in ("one", "two"):
        for epoch in (1, 2):
            words = ["--run", run, "--epoch", epoch, "--seed", 1, "--length", 60]
            result = invoke("sample", "ab", *words)
            assert result.stderr.startswith(f"{run}, epoch {epoch}, ")
            texts.add(read_text(result))
    assert len(texts) == 4


def test_every_epoch_writes(invoke: Invoke) -> None:
    """With --epoch all each epoch's network continues the same prompt, under a line that names it.

    The epochs come in their order, and their texts are those that they write by themselves.
    """
    for epoch in (1, 2, 4):
        write_epoch("mine", epoch)
    find_run("mine").write_history(
        [EpochResult(n, 1.0, loss, 1.0) for n, loss in enumerate((2.0, 1.5, 1.75, 1.6), 1)]
    )
    words = ["sample", "ab", "--length", 30, "--seed", 1, "--num", 2]
    texts = [read_text(invoke(*words, "--epoch", epoch)) for epoch in (1, 2, 4)]
    result = invoke(*words, "--epoch", "all")
    heads = [f"--- mine, epoch {epoch}, validation loss 2.2500" for epoch in (1, 2, 4)]
    parts = [f"{head}\n\n{text}" for head, text in zip(heads, texts, strict=True)]
    assert read_text(result) == "\n\n".join(parts)
    assert result.stderr == "mine, seed 1\n"
    rows = read_rows(invoke(*words, "--epoch", "all", "--json"))
    assert [row["epoch"] for row in rows] == [1, 1, 2, 2, 4, 4]
    assert "".join(rows[0]["prompt"] + rows[0]["text"]) == texts[0].split("\n\n---\n\n")[0]


def test_every_epoch_of_a_run_without_any(invoke: Invoke) -> None:
    """A run that was stopped in its first epoch has one network to show."""
    write_epoch("young", 1, step=40)
    result = invoke("sample", "ab", "--epoch", "all", "--length", 5, "--seed", 1)
    assert result.stdout.startswith("--- young, stopped at step 40 of 172 of epoch 1, ")


def test_interrupted_epoch_can_be_read(invoke: Invoke) -> None:
    """A run that was interrupted in its first epoch can be used with the weights it reached."""
    write_epoch("broken", 1, step=40)
    result = invoke("sample", "ab", "--length", 5)
    assert len(read_text(result)) == 7
    assert result.stderr.startswith("broken, stopped at step 40 of 172 of epoch 1, ")


def test_checkpoint_needs_no_run(invoke: Invoke, make_run: MakeRun, tmp_path: Path) -> None:
    """A checkpoint that was moved and renamed is enough by itself."""
    words = ["sample", "ab", "--length", 30, "--seed", 1]
    path = make_run()
    text = read_text(invoke(*words))
    mailed = path.rename(tmp_path / "from-a-friend.weights.h5")
    path.parent.rmdir()
    assert read_text(invoke(*words, "--checkpoint", mailed)) == text


@pytest.mark.parametrize("words", [["--checkpoints=~/mine"], ["--run=~/mine/novel"]])
def test_tilde_is_the_home_folder(
    invoke: Invoke,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
) -> None:
    """A ~ after = is left by the shell, and means what it means elsewhere."""
    make_run("novel")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    Path("checkpoints").rename(home / "mine")
    assert invoke("sample", *words, "--length", 5).stderr.startswith("novel, ")


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_prompt_in_another_encoding(invoke: Invoke, make_run: MakeRun, encoding: str) -> None:
    """A prompt's file is read in the encoding that is named."""
    make_run("mine")
    Path("start.txt").write_bytes("ab".encode(encoding))
    words = ["sample", "--prompt-file", "start.txt", "--length", 0]
    assert read_text(invoke(*words, "--encoding", encoding)) == "ab"


@pytest.mark.parametrize("way", ["option", "environment"])
def test_checkpoints_folder(
    invoke: Invoke, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """--checkpoints and CHARRNN_CHECKPOINTS say where the runs are."""
    make_run("mine")
    Path("checkpoints").rename("elsewhere")
    words = ["--checkpoints", "elsewhere"] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    result = invoke("sample", "ab", "--length", 5, *words)
    assert len(read_text(result)) == 7
    assert result.stderr.startswith("mine, ")
