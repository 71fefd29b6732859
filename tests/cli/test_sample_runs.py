"""`charrnn sample`: which network writes."""

import os
from pathlib import Path

import pytest

from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, Kind
from tests.support import kinds
from tests.support.commands import Invoke
from tests.support.language_runs import (
    find_run,
    read_rows,
    read_text,
    write_epoch,
    write_trained,
)
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
    held = [*words, "--set-unit", "0=0.9"]
    last = read_text(invoke(*held, "--epoch", 4))
    assert last != texts[-1]
    assert read_text(invoke(*held, "--epoch", "all")).endswith(f"\n\n{last}")


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "words", "name"),
    [
        (LANGUAGE, "sample a --length 1 --seed 1 {}", "--run ready"),
        (LANGUAGE, "evaluate {} --mode stream", "ready"),
        (CLASSIFIER, "classify predict {} Nice", "--run ready"),
        (CLASSIFIER, "classify words {} --top 1", "ready"),
    ],
)
def test_a_newer_run_that_is_passed_over_is_named(
    invoke: Invoke, kind: Kind, words: str, name: str
) -> None:
    """Without a name a run of which no epoch has ended is not used, and stderr says so."""
    if kind is LANGUAGE:
        write_trained("ready")
    else:
        kinds.write_epoch(kinds.make_run(Path("checkpoints"), kind, "ready"))
    for path in Path("checkpoints").glob("**/*.h5"):
        os.utime(path, (1e9, 1e9))

    def list_notes(name: str, *more: str) -> list[str]:
        result = invoke(*words.format(name).split(), *more)
        assert result.exit_code == 0, result.output
        return result.stderr.splitlines()

    (described, *_) = before = list_notes("")
    assert described.startswith("ready, epoch 1, ")
    kinds.write_resume_file(kinds.make_run(Path("checkpoints"), kind, "just-begun"))
    note = "note: just-begun is newer, but no epoch of it has ended: it is passed over unless you"
    first, *rest = list_notes("")
    assert (first, len(rest)) == (f"{note} name it", len(before))
    assert list_notes(name) == before
    assert list_notes("", "-q") == []


@pytest.mark.parametrize(
    "command", ["sample a --length 1 --run tiny", "evaluate tiny novel.txt --mode stream"]
)
def test_json_of_a_stopped_network(invoke: Invoke, command: str) -> None:
    """It has the step of which the text speaks, and of how many; that of a whole epoch has not."""
    write_trained("tiny", epoch=3)
    (whole, *_) = read_rows(invoke(*command.split(), "--json"))
    assert (whole["epoch"], {"step", "steps"} & whole.keys()) == (3, set())
    Path("checkpoints/tiny/epoch-0003.weights.h5").unlink()
    write_epoch("tiny", 1, step=40)
    stopped = invoke(*command.split(), "--json", "--unknown", "skip")
    for row in read_rows(stopped):
        assert row.keys() == whole.keys() | {"step", "steps"}
        shown = f"stopped at step {row['step']} of {row['steps']} of epoch {row['epoch']}"
        assert stopped.stderr.startswith(f"tiny, {shown}, ")


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
