"""`charrnn classify predict`: what it rejects, and what it says then."""

import math
from pathlib import Path

import pytest

from tests.support.commands import invoke
from tests.support.networks import MakeRun
from tests.support.scored_words import write_classifier


def fail(code: int, *words: object, stdin: bytes = b"", stdout: str = "") -> str:
    """The last line on stderr of a command that must fail after it has printed `stdout`."""
    result = invoke("classify", "predict", *words, stdin=stdin)
    assert result.exit_code == code, result.output
    assert result.stdout == stdout
    line = result.stderr.splitlines()[-1]
    assert line.startswith("charrnn: ")
    assert not line.startswith("charrnn: unexpected ")
    return line


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "--file"),
        (["good", "--file", "a.txt"], "--file"),
        (["-", "-"], "once"),
        (["good", "--epoch", "0"], "--epoch"),
        (["good", "--checkpoint", "a.weights.h5", "--run", "tiny"], "--run"),
        (["good", "--checkpoint", "a.weights.h5", "--epoch", "1"], "--epoch"),
        (["-9 out of 10"], "-9"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_calls(words: list[str], named: str) -> None:
    """A mistake in the call is rejected with exit code 2, by the option's name."""
    write_classifier()
    assert named in fail(2, *words)


def test_unreadable_files() -> None:
    """A missing file, a folder and what is not UTF-8 are named; lines before it are answered."""
    write_classifier()
    assert "nothing.txt" in fail(1, "--file", "nothing.txt")
    assert "checkpoints" in fail(1, "--file", "checkpoints")
    assert "standard input" in fail(1, "-", stdin=b"caf\xe9")
    for given in (("-",), ("--file", "-")):
        assert "standard input is a PDF document" in fail(1, *given, stdin=b"%PDF-1.4\n1 0 obj\n")
    Path("latin.txt").write_bytes(b"good\ncaf\xe9\nbad\n")
    line = fail(1, "--file", "latin.txt", stdout=invoke("classify", "predict", "good").stdout)
    assert "line 2 of latin.txt" in line


def test_missing_classifiers(make_run: MakeRun) -> None:
    """For no run, an unknown one and a language model, the message says what to do."""
    make_run("language")
    assert fail(1, "good").endswith("train one with charrnn classify imdb")
    assert "charrnn sample --run language" in fail(1, "good", "--run", "language")
    write_classifier("hamlet")
    line = fail(1, "good", "--run", "othello")
    assert "othello" in line
    assert "hamlet" in line
    assert "2" in fail(1, "good", "--epoch", "2")
    fail(1, "good", "--checkpoint", "checkpoints/language/epoch-0001.weights.h5")
    assert "folder" in fail(1, "good", "--checkpoint", "checkpoints")
    assert "no.h5" in fail(1, "good", "--checkpoint", "no.h5")


def test_diverged_network() -> None:
    """A network with NaN among its weights is rejected; the message suggests another epoch."""
    write_classifier(bias=math.nan)
    assert "NaN or infinity: it diverged in training; choose an earlier epoch" in fail(1, "good")
