"""`--vocabulary byte` from end to end: train, resume, sample, evaluate, inspect."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import find_run, read_rows, read_text
from tests.support.train_command import SMALL

TEXT = "Zürich, 水 und 🙂!\nЕщё раз: naïve – 東京.\n" * 20
TRAIN = ["--vocabulary", "byte", *SMALL, "--validation", "0.2", "--run", "mixed"]


@pytest.fixture
def mixed() -> Path:
    """A text of many scripts."""
    path = Path("mixed.txt")
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def trained(invoke: Invoke, mixed: Path) -> Path:
    """A run of the tiny network on the text's bytes, `mixed`: its checkpoint."""
    assert invoke("train", mixed, *TRAIN).exit_code == 0
    return find_run("mixed").epoch_file(1)


def test_what_is_trained_is_said(invoke: Invoke, mixed: Path) -> None:
    """Characters and bytes, and once that losses are per byte."""
    result = invoke("train", mixed, *TRAIN, "--dry-run")
    content = TEXT.encode()
    size = f"{len(TEXT):,} characters in {len(content):,} bytes, {len({*content})} distinct"
    assert size in result.stderr
    assert result.stderr.count("nats per byte") == 1
    assert "of 4 × 10 bytes" in result.stdout


@pytest.mark.slow
def test_an_interrupted_run_ends_the_same(invoke: Invoke, mixed: Path, trained: Path) -> None:
    """Resumed after its first epoch, it ends with the weights of one that was not interrupted."""
    assert invoke("train", "--resume", "mixed", "--epochs", 2).exit_code == 0
    words = [*TRAIN[:-1], "whole", "--epochs", 2]
    assert invoke("train", mixed, *words).exit_code == 0
    ours, expected = (read_checkpoint(find_run(name).epoch_file(2)) for name in ("mixed", "whole"))
    assert ours.provenance == expected.provenance
    for name, values in expected.weights.items():
        np.testing.assert_array_equal(ours.weights[name], values)
    assert trained.exists()


@pytest.mark.slow
def test_texts_are_whole(invoke: Invoke, trained: Path) -> None:
    """As text and as JSON, one and several: as many characters as were asked for."""
    words = ["sample", "東", "--run", "mixed", "--length", 60, "--seed", 3, "--temp", 2]
    text = read_text(invoke(*words, "-q"))
    assert text == "東" + charrnn.load(trained).generate("東", 60, 2.0, seed=3)
    assert len(text) == 61
    rows = read_rows(invoke(*words, "--num", 3, "--json"))
    assert [len(row["text"]) for row in rows] == [60] * 3
    assert rows[0]["text"] == text[1:]


@pytest.mark.slow
def test_losses_are_measured_per_character(invoke: Invoke, trained: Path) -> None:
    """Per byte too, under names of their own; the text is what the run held back."""
    stream, crops = read_rows(invoke("evaluate", "mixed", "--json"))
    held_back = TEXT[int(len(TEXT) * 0.8) :]
    expected = charrnn.load(trained).evaluate(held_back)
    assert stream["nats_per_character"] == pytest.approx(expected.loss, rel=1e-12)
    assert stream["characters"] == crops["characters"] == len(held_back) - 1
    assert stream["bytes"] == crops["bytes"] == len(held_back[1:].encode())
    for row in (stream, crops):
        total = row["nats_per_character"] * row["characters"]
        assert row["nats_per_byte"] == pytest.approx(total / row["bytes"], rel=1e-12)
        assert row["bits_per_character"] == pytest.approx(row["nats_per_character"] / math.log(2))
    result = invoke("evaluate", "mixed", "--mode", "stream")
    head, cells = (line.split() for line in result.stdout.splitlines())
    assert head[-2:] == ["nats/byte", "bytes"]
    assert float(cells[-2]) == pytest.approx(stream["nats_per_byte"], abs=1e-4)
    assert f"{len(held_back)} characters" in result.stderr
    assert "per byte; its validation text" in result.stderr


@pytest.mark.slow
def test_reading_is_shown_by_characters(invoke: Invoke, trained: Path) -> None:
    """An object for each character; a guess that is no whole one is shown by its number."""
    seen = charrnn.load(trained).inspect("水 und 🙂!")
    rows = read_rows(invoke("inspect", "mixed", "-", "--json", stdin="水 und 🙂!".encode()))
    assert "".join(row["character"] for row in rows) == "水 und 🙂!"
    assert [row["surprise"] for row in rows[1:]] == pytest.approx(seen.surprise[1:].tolist())
    symbols = {symbol for row in rows for symbol, _ in row["guesses"]}
    assert symbols <= {*map(chr, range(128))} | {rf"\x{byte:02x}" for byte in range(128, 256)}
    page = Path("page.html")
    assert invoke("inspect", "mixed", "--html", page).exit_code == 0
    assert "firsts" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_runs_say_what_they_read(invoke: Invoke, trained: Path) -> None:
    """The command that repeats a run, and the losses in `runs show` and `export`."""
    (row,) = read_rows(invoke("runs", "show", "mixed", "--json"))
    assert "--vocabulary byte" in row["repeat"][0]
    assert "per byte" in read_text(invoke("runs", "show", "mixed"))
    assert json.dumps(row)
    invoke("train", "mixed.txt", *SMALL, "--run", "plain")
    assert invoke("plot", "mixed").exit_code == 0
    result = invoke("plot", "mixed", "plain")
    assert result.exit_code == 2
    assert "mixed per byte, plain per character" in result.stderr
    assert trained.exists()


def test_what_bytes_do_not_go_with(fails: Fails, mixed: Path) -> None:
    """One line that names the option."""
    line = fails(2, "train", mixed, "--vocabulary", "byte", "--min-count", 2)
    assert line.startswith("charrnn: --min-count is for characters")
    line = fails(2, "train", mixed, "--from", "shakespeare", "--vocabulary", "byte")
    assert "shakespeare reads characters, which can't change: leave out --vocabulary" in line
