"""`charrnn classify words`: the words that a network goes by, listed and drawn."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from charrnn.runs import checkpoint
from charrnn.views import pictures
from charrnn.runs.checkpoint import SUFFIX, Classifier, Provenance
from charrnn.config.reviews import ClassifierConfig
from charrnn.cli.classify.word_table import Word, show
from charrnn.cli.classify.words import words
from charrnn.cli.program import Program
from charrnn.data.encoders import Encoder
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words

PROGRAM = Program("charrnn", commands={"words": words})
SCORES = {"the": 0.0, "film": 0.25, "good": 2.0, "bad": -3.0, "great": 3.0, "水": -1.5}
UPS = [("great", 1.5), ("good", 1.0), ("film", 0.125)]  # half the score: a start comes first
DOWNS = [("bad", -1.5), ("水", -0.75), ("the", 0.0)]


def save(
    run: str = "tiny",
    epoch: int = 1,
    scores: Mapping[str, float] = SCORES,
    bias: float = 0.5,
    encoder: Encoder | None = None,
) -> Path:
    """A network whose logit is the mean of its words' scores, an unknown one's 0, and a bias."""
    encoder = encoder or Words(list(scores))
    config = ClassifierConfig(
        tokens="words" if isinstance(encoder, Words) else "subwords",
        vocabulary_size=len(encoder),
        embedding=1,
        cell="average",
        units=(),
        mask=True,
        max_length=0,
    )
    embedding = np.zeros((len(encoder), 1), np.float32)
    if isinstance(encoder, Words):
        embedding[4:, 0] = list(scores.values())
    weights = {
        "layers/embedding/vars/0": embedding,
        "layers/dense/vars/0": np.ones((1, 1), np.float32),
        "layers/dense/vars/1": np.array([bias], np.float32),
    }
    path = Path("checkpoints/classify") / run / f"epoch-{epoch:04d}{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = Provenance("reviews", "0" * 64, epoch, 0.5, 0.4)
    checkpoint.write_classifier(path, Classifier(config, encoder, source, weights))
    return path


def ask(*arguments: object) -> Result:
    shown = ["words", *map(str, arguments)]
    return CliRunner().invoke(PROGRAM, shown, prog_name="charrnn")


def listed(*arguments: object) -> list[tuple[str, float]]:
    """Word and polarity of each line."""
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    pairs = [line.split("\t") for line in result.stdout.splitlines()]
    return [(word, float(polarity)) for polarity, word in pairs]


def fails(code: int, *arguments: object) -> str:
    result = ask(*arguments)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    line = result.stderr.splitlines()[-1]
    assert line.startswith("charrnn: ")
    assert not line.startswith("charrnn: unexpected ")
    return line


def test_words_are_listed_by_polarity() -> None:
    """The words come from the most positive to the most negative, each with its polarity."""
    save()
    assert listed() == UPS + DOWNS[::-1]
    assert listed("--top", 2) == UPS[:2] + DOWNS[:2][::-1]


def test_no_word_is_on_both_sides() -> None:
    """Where there are fewer words than asked for, each is listed once."""
    save(scores={"a": 1.0, "b": 2.0, "c": 3.0})
    assert [word for word, _ in listed("--top", 99)] == ["c", "b", "a"]
    save(scores={"a": 1.0})
    assert [word for word, _ in listed()] == ["a"]


def test_among() -> None:
    """--among looks at the most frequent words alone."""
    save()
    assert {word for word, _ in listed("--among", 3)} == {"the", "film", "good"}


def test_default_size() -> None:
    """20 words on either side are listed, of the 2,000 most frequent."""
    save(scores={f"w{n}": n / 100 for n in range(3000)})
    found = [word for word, _ in listed()]
    assert found[:20] == [f"w{n}" for n in range(1999, 1979, -1)]
    assert found[20:] == [f"w{n}" for n in range(19, -1, -1)]


def test_json() -> None:
    """--json prints an object for each word: the most positive first, then the most negative."""
    save()
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
    """In a terminal the two sides stand beside each other, and a word can't command it."""
    import sys

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
        ["+1.000", "a�]0;x"],
    ]


def test_picture_lies_in_the_run() -> None:
    """The picture is the run's words.png, and a note says so; --out puts it elsewhere."""
    path = save()
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
    """All the words are drawn, whatever --top; the title says which network it is."""
    drawn: list[Any] = []
    monkeypatch.setattr(pictures, "word_picture", lambda *given: drawn.append(given))
    path = save()
    assert len(listed("--top", 1)) == 2
    ((where, names, polarities, title, labelled),) = drawn
    assert where == path.parent / "words.png"
    assert names == list(SCORES)
    assert polarities == pytest.approx([score / 2 for score in SCORES.values()], abs=1e-6)
    assert labelled == 1
    assert "tiny, epoch 1" in title
    assert "average" in title
    assert "6 most frequent" in title


def test_run_and_epoch() -> None:
    """RUN and --epoch choose the network."""
    save("a", 1, {"x": 1.0, "y": 0.0})
    save("a", 2, {"x": 2.0, "y": 0.0})
    save("b", 1, {"x": 3.0, "y": 0.0})
    assert listed("a", "--epoch", 1)[0] == ("x", 0.5)
    assert listed("a")[0] == ("x", 1.0)
    assert listed("b")[0] == ("x", 1.5)
    Path("checkpoints").rename("elsewhere")
    assert listed("b", "--checkpoints", "elsewhere")[0] == ("x", 1.5)


def test_what_can_not_be_had() -> None:
    """A missing run, epoch or folder is named, and so is a value out of range."""
    assert "train" in fails(1)
    save()
    assert "othello" in fails(1, "othello")
    assert "7" in fails(1, "--epoch", 7)
    assert "nowhere" in fails(2, "--out", "nowhere/words.png")
    assert "checkpoints" in fails(2, "--out", "checkpoints")
    assert "--top" in fails(2, "--top", 0)
    assert "--among" in fails(2, "--among", 0)


def test_network_without_words() -> None:
    """A vocabulary of bytes alone, and a diverged network, are refused in a line."""
    save(encoder=Subwords([]))
    assert "whole words" in fails(1)
    save(bias=math.nan)
    assert "--epoch" in fails(1)
