"""`charrnn classify show`: a review's words, ids and label."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from charrnn.cli.classify import sources
from charrnn.cli.classify.show import print_review, show
from charrnn.cli.program import Program
from charrnn.data.words import Words

PROGRAM = Program("charrnn", commands={"show": show})
REVIEWS = {
    "train/pos/0_9.txt": "Good, good film!",
    "train/pos/1_9.txt": "A good one<br />水",
    "train/neg/0_1.txt": "Bad film.",
    "test/pos/0_9.txt": "A good",
    "test/neg/0_1.txt": "bad strange ones",
}


@pytest.fixture
def folder() -> Path:
    """Reviews in the layout of aclImdb."""
    for name, text in REVIEWS.items():
        path = Path("mine") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Path("mine")


def ask(*words: object) -> Result:
    return CliRunner().invoke(PROGRAM, ["show", *map(str, words)], prog_name="charrnn")


def row(*words: object) -> dict[str, Any]:
    result = ask(*words, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_print_review(capsys: pytest.CaptureFixture[str]) -> None:
    """Label and length, the words, and the ids, each a paragraph on stdout."""
    print_review([1, 14, 2, 4], "film ? the", 1, as_json=False)
    out, err = capsys.readouterr()
    assert out == "positive, 4 tokens\n\nfilm ? the\n\n1 14 2 4\n"
    assert err == ""


def test_print_review_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the same as one object in one line."""
    print_review([1], "a\nb", 0, as_json=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"label": "negative", "tokens": 1, "text": "a\nb", "ids": [1]}


def test_each_review_is_shown_with_its_label(folder: Path) -> None:
    """The numbers from 1 on give each training review once, with the label of its folder."""
    rows = [row(number, "--data", folder) for number in (1, 2, 3)]
    assert sorted((one["label"], one["text"]) for one in rows) == [
        ("negative", "bad film"),
        ("positive", "a good one br 水"),
        ("positive", "good good film"),
    ]


def test_ids_are_those_of_the_text(folder: Path) -> None:
    """Ids begin with the start's and number the training reviews' words by frequency."""
    for number in (1, 2, 3):
        one = row(number, "--data", folder)
        words = one["text"].split()
        assert one["ids"][0] == 1
        assert one["tokens"] == len(one["ids"]) == len(words) + 1
        assert {i for i, word in zip(one["ids"][1:], words, strict=True) if word == "good"} <= {4}
        assert {i for i, word in zip(one["ids"][1:], words, strict=True) if word == "film"} <= {5}


def test_test_reviews(folder: Path) -> None:
    """--test shows test reviews; a word that no training review has is unknown."""
    rows = [row(number, "--data", folder, "--test") for number in (1, 2)]
    assert sorted((one["label"], one["text"]) for one in rows) == [
        ("negative", "bad ? ?"),
        ("positive", "a good"),
    ]
    assert min(rows, key=lambda one: str(one["label"]))["ids"][2:] == [2, 2]


def test_max_words(folder: Path) -> None:
    """--max-words leaves only the most frequent words known."""
    texts = {row(n, "--data", folder, "--max-words", 6)["text"] for n in (1, 2, 3)}
    assert texts == {"good good film", "? good ? ? ?", "? film"}


def test_reviews_of_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file like imdb.npz is decoded by the word index: a rank is three below its id."""
    ragged = np.array([[1, 3], [2, 2, 1]], object)
    np.savez("mine.npz", x_train=ragged, y_train=[1, 0], x_test=ragged, y_test=[0, 1])
    words = Words(["the", "film", "ends"])
    monkeypatch.setattr(sources, "make_encoder", lambda *_: words)
    rows = [row(number, "--data", "mine.npz") for number in (1, 2)]
    assert sorted((one["text"], one["ids"], one["label"]) for one in rows) == [
        ("film film the", [1, 5, 5, 4], "negative"),
        ("the ends", [1, 4, 6], "positive"),
    ]


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["4"], 2, "1 to 3"),
        (["3", "--test"], 2, "1 to 2"),
        (["0"], 2, "N"),
        (["one"], 2, "one"),
        ([], 2, "N"),
        (["1", "--max-words", "4"], 2, "--max-words"),
    ],
    ids=repr,
)
def test_wrong_calls(folder: Path, words: list[str], code: int, named: str) -> None:
    """A number that no review has, or none, is one line with what there is."""
    result = ask(*words, "--data", folder)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("charrnn: ")
    assert named in line


def test_reviews_that_are_not_there() -> None:
    """Missing reviews are named."""
    result = ask("1", "--data", "nowhere")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "nowhere" in line
