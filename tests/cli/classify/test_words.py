"""`charrnn classify words`: the words that a network goes by, listed and drawn."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from charrnn.cli.classify.word_table import Word, show
from charrnn.data.subwords import Subwords
from tests.support.commands import invoke
from tests.support.scored_words import SCORES, write_classifier

UPS = [("great", 1.5), ("good", 1.0), ("film", 0.125)]  # half the score: a start comes first
DOWNS = [("bad", -1.5), ("水", -0.75), ("the", 0.0)]


def ask(*words: object) -> Result:
    return invoke("classify", "words", *words)


def list_words(*arguments: object) -> list[tuple[str, float]]:
    """Word and polarity of each line."""
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    pairs = [line.split("\t") for line in result.stdout.splitlines()]
    return [(word, float(polarity)) for polarity, word in pairs]


def fail(code: int, *words: object) -> str:
    """The last line on stderr of a command that must fail, after a note on its network."""
    result = ask(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line.startswith("charrnn: ")
    assert not line.startswith("charrnn: unexpected ")
    return line


def test_words_are_listed_by_polarity() -> None:
    """The words come from the most positive to the most negative, each with its polarity."""
    write_classifier()
    assert list_words() == UPS + DOWNS[::-1]
    assert list_words("--top", 2) == UPS[:2] + DOWNS[:2][::-1]


def test_no_word_is_on_both_sides() -> None:
    """If there are fewer words than --top asks for, each is listed once."""
    write_classifier(scores={"a": 1.0, "b": 2.0, "c": 3.0})
    assert [word for word, _ in list_words("--top", 99)] == ["c", "b", "a"]
    write_classifier(scores={"a": 1.0})
    assert [word for word, _ in list_words()] == ["a"]


def test_among() -> None:
    """--among leaves out all but the most frequent words."""
    write_classifier()
    assert {word for word, _ in list_words("--among", 3)} == {"the", "film", "good"}


@pytest.mark.slow
def test_default_size() -> None:
    """20 words on either side are listed, of the 2,000 most frequent."""
    write_classifier(scores={f"w{n}": n / 100 for n in range(3000)})
    found = [word for word, _ in list_words()]
    assert found[:20] == [f"w{n}" for n in range(1999, 1979, -1)]
    assert found[20:] == [f"w{n}" for n in range(19, -1, -1)]


def test_json() -> None:
    """--json prints an object for each word: the most positive first, then the most negative."""
    write_classifier()
    result = ask("--json", "--top", 2)
    rows: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    ranks = {word: rank for rank, word in enumerate(SCORES, 1)}
    expected = [("positive", *pair) for pair in UPS[:2]]
    expected += [("negative", *pair) for pair in DOWNS[:2]]
    assert rows == [
        {"word": word, "rank": ranks[word], "polarity": polarity, "side": side, "run": "tiny"}
        for side, word, polarity in expected
    ]


def test_terminal_gets_two_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal the two sides stand beside each other, and no word can command it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    positive = [Word("[b]good", 1, 2.0), Word("a\x1b]0;x", 2, 1.0)]
    show(positive, [Word("bad", 3, -1.5)])
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines()] == [
        ["most", "positive", "most", "negative"],
        ["+2.000", "[b]good", "-1.500", "bad"],
        ["+1.000", "a\\u001b]0;x"],
    ]


@pytest.mark.slow
def test_picture_in_the_run() -> None:
    """The picture is the run's words.png, and a note says so; --out saves it elsewhere."""
    path = write_classifier()
    result = ask()
    picture = path.parent / "words.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    first, second = result.stderr.splitlines()
    assert first == "tiny, epoch 1, validation loss 0.4000"
    assert second == f"picture: {picture}"
    Path("out").mkdir()
    assert "out/mine.png" in ask("--out", "out/mine.png").stderr
    assert Path("out/mine.png").read_bytes() == picture.read_bytes()
    assert ask("--out", "there.png", "-q").stderr == ""


def test_picture_shows_all_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """All the words are drawn, whatever --top; the title names the network."""
    drawn: list[Any] = []
    monkeypatch.setattr("charrnn.views.words.write_words", lambda *given: drawn.append(given))
    path = write_classifier()
    assert len(list_words("--top", 1)) == 2
    ((where, names, polarities, title, labelled),) = drawn
    assert where == path.parent / "words.png"
    assert names == list(SCORES)
    assert polarities == pytest.approx([score / 2 for score in SCORES.values()], abs=1e-6)
    assert labelled == 1
    assert "tiny, epoch 1" in title
    assert "average" in title
    assert "6 most frequent" in title


@pytest.mark.slow
def test_run_and_epoch() -> None:
    """RUN and --epoch choose the network."""
    write_classifier("a", 1, {"x": 1.0, "y": 0.0})
    write_classifier("a", 2, {"x": 2.0, "y": 0.0})
    write_classifier("b", 1, {"x": 3.0, "y": 0.0})
    assert list_words("a", "--epoch", 1)[0] == ("x", 0.5)
    assert list_words("a")[0] == ("x", 1.0)
    assert list_words("b")[0] == ("x", 1.5)
    Path("checkpoints").rename("elsewhere")
    assert list_words("b", "--checkpoints", "elsewhere")[0] == ("x", 1.5)


def test_missing_networks_and_wrong_values() -> None:
    """A missing run, epoch or folder is named, and so is an option out of its range."""
    assert fail(1).endswith("train one with charrnn classify imdb")
    write_classifier()
    assert "othello" in fail(1, "othello")
    assert "7" in fail(1, "--epoch", 7)
    assert "nowhere" in fail(2, "--out", "nowhere/words.png")
    assert "--out must end in .png or .svg, not reviews.csv" in fail(2, "--out", "reviews.csv")
    assert "checkpoints" in fail(2, "--out", "checkpoints")
    assert "--top" in fail(2, "--top", 0)
    assert "--among" in fail(2, "--among", 0)


def test_network_without_words() -> None:
    """A vocabulary of bytes alone, and a diverged network, are rejected in one line."""
    write_classifier(encoder=Subwords([]))
    assert "whole words" in fail(1)
    write_classifier(bias=math.nan)
    assert "NaN or infinity: it diverged in training; choose an earlier epoch" in fail(1)
