"""`charrnn classify show`: a review's words, ids and label."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.cli.classify.show import print_review
from charrnn.data.words import Words
from tests.support.commands import fail, invoke
from tests.support.reviews import write_table

REVIEWS = {
    "train/pos/0_9.txt": "Good, good film!",
    "train/pos/1_9.txt": "A good one<br />水",
    "train/neg/0_1.txt": "Bad film.",
    "test/pos/0_9.txt": "A good",
    "test/neg/0_1.txt": "bad strange ones",
}


@pytest.fixture
def few() -> Path:
    """A handful of reviews in the layout of aclImdb."""
    for name, text in REVIEWS.items():
        path = Path("mine") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Path("mine")


def show_row(*words: object) -> dict[str, Any]:
    """The one object that is printed with --json."""
    result = invoke("classify", "show", *words, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_print_review(capsys: pytest.CaptureFixture[str]) -> None:
    """Label and length, the words, and the ids are three paragraphs on stdout."""
    print_review([1, 14, 2, 4], "film ? the", 1, as_json=False)
    out, err = capsys.readouterr()
    assert out == "positive, 4 tokens\n\nfilm ? the\n\n1 14 2 4\n"
    assert err == ""


def test_print_review_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the same as an object in one line."""
    print_review([1], "a\nb", 0, as_json=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"label": "negative", "tokens": 1, "text": "a\nb", "ids": [1]}


def test_each_review_is_shown_with_its_label(few: Path) -> None:
    """The numbers from 1 on show each training review once, with the label of its folder."""
    rows = [show_row(number, "--data", few) for number in (1, 2, 3)]
    assert sorted((one["label"], one["text"]) for one in rows) == [
        ("negative", "bad film"),
        ("positive", "a good one br 水"),
        ("positive", "good good film"),
    ]


def test_ids_are_those_of_the_text(few: Path) -> None:
    """Ids begin with a start; words are numbered by their frequency in the training reviews."""
    for number in (1, 2, 3):
        one = show_row(number, "--data", few)
        words = one["text"].split()
        assert one["ids"][0] == 1
        assert one["tokens"] == len(one["ids"]) == len(words) + 1
        assert {i for i, word in zip(one["ids"][1:], words, strict=True) if word == "good"} <= {4}
        assert {i for i, word in zip(one["ids"][1:], words, strict=True) if word == "film"} <= {5}


def test_test_reviews(few: Path) -> None:
    """--test shows test reviews; a word that no training review has is unknown."""
    rows = [show_row(number, "--data", few, "--test") for number in (1, 2)]
    assert sorted((one["label"], one["text"]) for one in rows) == [
        ("negative", "bad ? ?"),
        ("positive", "a good"),
    ]
    assert min(rows, key=lambda one: str(one["label"]))["ids"][2:] == [2, 2]


def test_max_words(few: Path) -> None:
    """--max-words makes all but the most frequent words unknown."""
    texts = {show_row(n, "--data", few, "--max-words", 6)["text"] for n in (1, 2, 3)}
    assert texts == {"good good film", "? good ? ? ?", "? film"}


def test_reviews_of_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file like imdb.npz is decoded by the word index: a rank is three below its id."""
    ragged = np.array([[1, 3], [2, 2, 1]], object)
    np.savez("mine.npz", x_train=ragged, y_train=[1, 0], x_test=ragged, y_test=[0, 1])
    words = Words(["the", "film", "ends"])
    monkeypatch.setattr("charrnn.planning.review_sources.make_encoder", lambda *_: words)
    rows = [show_row(number, "--data", "mine.npz") for number in (1, 2)]
    assert sorted((one["text"], one["ids"], one["label"]) for one in rows) == [
        ("film film the", [1, 5, 5, 4], "negative"),
        ("the ends", [1, 4, 6], "positive"),
    ]


def test_review_of_a_table() -> None:
    """A table's column is shown as it is named; other columns need no usual name."""
    table = write_table(Path("reviews.csv"), columns=("comment", "recommended"))
    row = show_row(1, "--data", table, "--label-column", "recommended")
    assert row["text"].split()[-1] == {"positive": "good", "negative": "bad"}[row["label"]]
    line = fail(1, "classify", "show", 1, "--data", table)
    assert "by --label-column" in line


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
def test_wrong_calls(few: Path, words: list[str], code: int, named: str) -> None:
    """If no review has that number, the message gives the numbers that there are."""
    assert named in fail(code, "classify", "show", *words, "--data", few)


def test_missing_reviews() -> None:
    """Missing reviews are named."""
    assert "nowhere" in fail(1, "classify", "show", 1, "--data", "nowhere")
