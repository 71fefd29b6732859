"""`charrnn evaluate`: what it rejects, and what it says then."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.data.sources import STDIN
from charrnn.errors import DownloadError
from charrnn.runs.checkpoint import read_checkpoint, write_checkpoint
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import HELD_BACK, LEARNT, read_rows, write_trained
from tests.support.networks import MakeRun


def set_bias(path: Path, bias: float) -> None:
    """Give a checkpoint another bias for its first character."""
    made = read_checkpoint(path)
    name = "layers/dense/vars/1"
    values = made.weights[name].copy()
    values[0] = bias
    weights = {**made.weights, name: values}
    write_checkpoint(path, dataclasses.replace(made, weights=weights))


def test_own_text_needs_no_encoding(fails: Fails, make_run: MakeRun) -> None:
    """A run's own text is read as when it was trained; an encoding is for another text."""
    make_run()
    assert "--encoding is for another text" in fails(2, "evaluate", "--encoding", "cp1252")


def test_text_in_another_encoding_is_measured(invoke: Invoke, make_run: MakeRun) -> None:
    """The losses of a text don't depend on how its file is encoded."""
    make_run()
    words = ["evaluate", "tiny", "other.txt", "--json"]
    Path("other.txt").write_bytes(LEARNT.encode())
    plain = read_rows(invoke(*words))
    Path("other.txt").write_bytes(LEARNT.encode("utf-16"))
    assert read_rows(invoke(*words, "--encoding", "utf-16")) == plain


def test_infinite_perplexity(invoke: Invoke, make_run: MakeRun) -> None:
    """A perplexity beyond all floats is printed as inf, in JSON as null."""
    path = make_run()
    set_bias(path, 5000.0)
    words = ["evaluate", "tiny", "-", "--mode", "stream"]
    (row,) = read_rows(invoke(*words, "--json", stdin=b"aaaa"))
    assert row["perplexity"] is None
    assert row["nats_per_character"] == pytest.approx(5000, rel=1e-2)
    assert " inf " in invoke(*words, stdin=b"aaaa").stdout
    set_bias(path, 3e30)
    assert "3.0e+30" in invoke(*words, stdin=b"aaaa").stdout


@pytest.mark.parametrize("bias", [np.nan, np.inf])
def test_diverged_network(fails: Fails, make_run: MakeRun, bias: float) -> None:
    """A network that holds NaN or infinity is rejected by its path, before a text is read."""
    set_bias(make_run(), bias)
    line = fails(1, "evaluate", "tiny", "-", stdin=b"abc")
    assert re.search(r"epoch-0001\.weights\.h5 .*NaN or infinity: .*an earlier epoch$", line)


@pytest.mark.parametrize("name", ["pydoc", "training", "-", "novel.txt"])
def test_text_instead_of_a_run(fails: Fails, name: str) -> None:
    """If a text is given in the place of a run, the message says where it belongs."""
    write_trained()
    assert f"charrnn evaluate RUN {name}" in fails(2, "evaluate", name)


def test_unknown_characters(invoke: Invoke, fails: Fails, make_run: MakeRun) -> None:
    """Characters that the network doesn't know are named; --unknown skip leaves them out."""
    path = make_run()
    words = ["evaluate", "tiny", "-"]
    strange = "a xbad ycaß b".encode()
    line = fails(1, *words, stdin=strange)
    assert all(repr(character) in line for character in "xyß")
    assert "'a'" not in line
    assert line.endswith("; to leave them out, set --unknown to skip")
    assert line == fails(1, *words, "--unknown", "error", stdin=strange)
    stream, _ = read_rows(invoke(*words, "--unknown", "skip", "--json", stdin=strange))
    assert stream["nats_per_character"] == charrnn.load(path).score("a bad ca b")


def test_no_validation_text(fails: Fails) -> None:
    """If a run held nothing back, the message says what can be read instead."""
    write_trained(validation=0.0)
    line = fails(1, "evaluate")
    assert "tiny" in line
    assert "training" in line


def test_no_resume_file(fails: Fails, make_run: MakeRun) -> None:
    """Without resume.h5 nothing says what the network learnt from: TEXT must be given."""
    path = make_run()
    for words in (["tiny"], [path], [path.name, "training"]):
        if words[0] == path.name:
            path.rename(path.name)
        line = fails(1, "evaluate", *words)
        assert "resume.h5" in line
        assert "TEXT" in line


def test_damaged_resume_file(fails: Fails) -> None:
    """A damaged resume.h5 is named."""
    path = write_trained().with_name("resume.h5")
    path.write_bytes(path.read_bytes()[:-1])
    assert "resume.h5 is damaged" in fails(1, "evaluate")


def test_resume_file_of_another_run(fails: Fails, make_run: MakeRun) -> None:
    """A checkpoint moved into another run's folder has not learnt that run's text."""
    write_trained("mine")
    strange = make_run("other").rename("checkpoints/mine/strange.weights.h5")
    line = fails(1, "evaluate", strange)
    assert "strange.weights.h5" in line
    assert "TEXT" in line


def test_changed_text(fails: Fails) -> None:
    """If the text has changed, it is not used as what was held back."""
    write_trained()
    with Path("novel.txt").open("a", encoding="utf-8") as file:
        file.write("!")
    line = fails(1, "evaluate")
    assert "novel.txt" in line
    assert "no longer" in line
    assert "--corpus" in line


def test_missing_text(fails: Fails) -> None:
    """A text that is no longer there is named, and what to do."""
    write_trained()
    Path("novel.txt").unlink()
    line = fails(1, "evaluate")
    assert "novel.txt, which is no longer there" in line
    assert "--corpus" in line


def test_piped_text(fails: Fails) -> None:
    """A text that was piped into training can't be read again; nothing is read from stdin."""
    write_trained(source=STDIN)
    line = fails(1, "evaluate", stdin=(LEARNT + HELD_BACK).encode())
    assert "trained on standard input" in line
    assert line.endswith("; to pipe it in again, give --corpus -")


def test_another_text(fails: Fails) -> None:
    """--corpus must be the text that the run learnt from, and is for its own parts only."""
    write_trained()
    Path("other.txt").write_text(LEARNT, encoding="utf-8")
    assert "other.txt is not" in fails(1, "evaluate", "--corpus", "other.txt")
    assert "standard input is not" in fails(1, "evaluate", "--corpus", "-", stdin=b"other")
    assert "--corpus" in fails(2, "evaluate", "tiny", "novel.txt", "--corpus", "novel.txt")


def test_unreadable_texts(fails: Fails, make_run: MakeRun) -> None:
    """A missing file, a folder and a file that is not UTF-8 are named."""
    make_run()
    Path("latin.txt").write_bytes(b"caf\xe9")
    for named in ("nothing.txt", "checkpoints", "latin.txt"):
        assert named in fails(1, "evaluate", "tiny", named)
    assert "training, validation" in fails(1, "evaluate", "tiny", "validaton")
    assert "standard input" in fails(1, "evaluate", "tiny", "-", stdin=b"caf\xe9")
    assert "empty" in fails(1, "evaluate", "tiny", "-")


@pytest.mark.parametrize("text", ["a", "axyz"])
def test_too_short_text(fails: Fails, make_run: MakeRun, text: str) -> None:
    """A text of one character, or with only one known character, has nothing to predict."""
    make_run()
    words = ["evaluate", "tiny", "-", "--unknown", "skip"]
    assert "at least two characters" in fails(2, *words, stdin=text.encode())


def test_no_run_and_no_network(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before there is a run, the text of the network that comes along may not be there to read."""

    def fetch(*_: object) -> None:
        raise DownloadError("no network. Put the file at data/shakespeare.txt, or try again later")

    monkeypatch.setattr("charrnn.planning.texts.load_corpus", fetch)
    assert "data/shakespeare.txt" in fails(1, "evaluate", "-q")


def test_missing_runs(fails: Fails) -> None:
    """For an unknown run or epoch, and a missing file the message says what there is."""
    write_trained("hamlet", epoch=2)
    assert "hamlet" in fails(1, "evaluate", "othello")
    assert "it has 2" in fails(1, "evaluate", "hamlet", "--epoch", 5)
    assert "my.weights.h5" in fails(1, "evaluate", "my.weights.h5")
    Path("poem.h5").write_text("I am a poem", encoding="utf-8")
    assert "not a charrnn checkpoint" in fails(1, "evaluate", "poem.h5")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--limit", "1"], "--limit"),
        (["--crop-length", "0"], "--crop-length"),
        (["--crop-length", "5", "--mode", "stream"], "--crop-length"),
        (["--mode", "cropped"], "crops"),
        (["--epoch", "0"], "--epoch"),
        (["--engine", "torch"], "keras"),
        (["--unknown", "keep"], "skip"),
        (["tiny", "validation", "more"], "more"),
        (["a.weights.h5", "--epoch", "1"], "--epoch"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, words: list[str], named: str) -> None:
    """A value outside its range is a mistake in the call: exit code 2, and the option's name."""
    write_trained()
    assert named in fails(2, "evaluate", *words)
