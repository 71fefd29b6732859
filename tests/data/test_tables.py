"""Labelled reviews in tables, against Python's own writers and plain lists."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.reviews import TextReviews, load_reviews
from charrnn.data.tables import LABEL_COLUMNS, PART_COLUMNS, TEXT_COLUMNS, choose_tests, read_table
from charrnn.errors import ReviewsError, UsageError

Row = Mapping[str, Any]

ENDINGS = (".csv", ".tsv", ".jsonl", ".CSV", ".Tsv", ".JSONL")
REVIEWS = [{"text": f'review {k}, of\n{k % 2} "stars"', "label": str(k % 2)} for k in range(40)]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SPELLINGS = [("0", "1"), ("neg", "pos"), ("negative", "positive"), ("false", "true"), ("no", "yes")]

endings = pytest.mark.parametrize("ending", ENDINGS)


def write(rows: Sequence[Row], name: str = "reviews.csv") -> Path:
    """Write the rows in the format of the name, with the first row's columns."""
    path = Path(name)
    if path.suffix.lower() == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path
    file = io.StringIO(newline="")
    dialect = "excel-tab" if path.suffix.lower() == ".tsv" else "excel"
    writer = csv.DictWriter(file, list(rows[0]), dialect=dialect)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(file.getvalue().encode())
    return path


def read(path: Path, text: str | None = None, label: str | None = None) -> list[tuple[str, int]]:
    """Texts and labels in the file's order."""
    table = read_table(path, text, label)
    return list(zip(table.texts, table.labels.tolist(), strict=True))


def load(path: Path) -> TextReviews:
    found = load_reviews(path)
    assert isinstance(found, TextReviews)
    return found


def failure_of(path: Path, text: str | None = None, label: str | None = None) -> str:
    with pytest.raises(ReviewsError) as failure:
        load_reviews(path, text, label)
    message = str(failure.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@endings
@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, st.sampled_from([0, 1])), min_size=1))
def test_written_reviews_are_read(ending: str, rows: list[tuple[str, int]]) -> None:
    """Any texts and labels that Python's writers wrote are restored, in order."""
    path = write([{"text": text, "label": label} for text, label in rows], f"reviews{ending}")
    assert read(path) == rows


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(["neg", "pos"]), st.sampled_from(["train", "test"])))
)
def test_each_review_is_in_the_part_of_its_column(rows: list[tuple[str, str, str]]) -> None:
    """Each review is in its part once, with its label."""
    always = [("", label, part) for label in ("neg", "pos") for part in ("train", "test")]
    rows = [*rows, *always]
    columns = ("text", "label", "split")
    found = load(write([dict(zip(columns, row, strict=True)) for row in rows]))
    for part, labelled in (("train", found.train), ("test", found.test)):
        expected = Counter((text, int(label == "pos")) for text, label, own in rows if own == part)
        assert Counter(zip(labelled.reviews, labelled.labels.tolist(), strict=True)) == expected


@endings
def test_file_has_its_stem_and_hash(ending: str, tmp_path: Path) -> None:
    """Reviews have their file's stem as the name, its absolute path and its hash."""
    path = write(REVIEWS, f"my.reviews{ending}")
    found = load(path)
    assert (found.name, found.source) == ("my.reviews", str(tmp_path / path))
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.train.labels.dtype == found.test.labels.dtype == np.int8


@endings
def test_all_formats_give_the_same_reviews(ending: str) -> None:
    """The same rows in another format are the same reviews in the same order and parts."""
    first, other = load(write(REVIEWS)), load(write(REVIEWS, f"other{ending}"))
    for mine, theirs in ((first.train, other.train), (first.test, other.test)):
        assert mine.reviews == theirs.reviews
        assert mine.labels.tolist() == theirs.labels.tolist()


def test_parts_are_in_keras_order() -> None:
    """Each part is shuffled the way Keras shuffles its reviews: train, then test."""
    rows = [row | {"split": "test" if k % 3 else "train"} for k, row in enumerate(REVIEWS)]
    found = load(write(rows))
    order = np.random.RandomState(113)
    for part, labelled in (("train", found.train), ("test", found.test)):
        own = [row for row in rows if row["split"] == part]
        places = np.arange(len(own))
        order.shuffle(places)
        assert labelled.reviews == [own[place]["text"] for place in places]
        assert labelled.labels.tolist() == [int(own[place]["label"]) for place in places]


# Columns


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda name: f"  {name} "])
@pytest.mark.parametrize("text", TEXT_COLUMNS)
@pytest.mark.parametrize("label", LABEL_COLUMNS)
def test_usual_columns_are_found(text: str, label: str, change: Any) -> None:
    """A column with a usual name is found in capitals or not, among others."""
    row = {"id": "1", change(label): "pos", "stars": "5", change(text): "good"}
    assert read(write([row])) == [("good", 1)]


def test_first_usual_column_counts() -> None:
    """If several columns have usual names, the first of the list counts, not of the file."""
    row = {"body": "b", "sentence": "s", "review": "r", "target": "0", "sentiment": "1"}
    for ending in ENDINGS:
        assert read(write([row], f"reviews{ending}")) == [("r", 1)]


def test_capitals_make_no_two_columns() -> None:
    """Of columns whose names differ only in capitals, the first in the file counts."""
    row = {"TEXT": "first", "text": "second", "Label": "1", "label": "0"}
    assert read(write([row])) == [("first", 1)]
    assert read(write([row]), "text", "label") == [("second", 0)]


@endings
def test_named_columns_are_read(ending: str) -> None:
    """A named column is read even if there is one with a usual name."""
    path = write([{"text": "t", "label": "0", "My Text": "mine", "Good?": "yes"}], f"a{ending}")
    assert read(path) == [("t", 0)]
    assert read(path, "My Text", "Good?") == [("mine", 1)]
    assert read(path, text="My Text") == [("mine", 0)]
    assert read(path, label="Good?") == [("t", 1)]


def test_named_column_is_not_the_other_one() -> None:
    """A column that is named as the label is not taken as the text too, nor the other way."""
    path = write([{"review": "1", "body": "good", "label": "so so", "class": "neg"}])
    assert read(path, label="review") == [("good", 1)]
    assert read(path, text="label") == [("so so", 0)]
    assert "`text_column` and `label_column` are both 'class'" in failure_of(path, "class", "class")


@endings
def test_missing_columns_are_reported(ending: str) -> None:
    """The error names the setting, and lists the columns that there are."""
    path = write([{"id": 1, "words": "good", "stars": 5}], f"reviews{ending}")
    listed = "Its columns: 'id', 'words', 'stars'"
    assert "no column with a usual name for the text: name one by" in failure_of(path)
    assert "no column with a usual name for the label: name one by" in failure_of(path, "words")
    assert "no column 'Words': name one by" in failure_of(path, "Words")
    assert "no column 'label': name one by" in failure_of(path, "words", "label")
    assert "name one by `text_column`" in failure_of(path, "Words")
    assert "name one by `label_column`" in failure_of(path, "words")
    assert failure_of(path).endswith(listed)
    assert failure_of(path, "words").endswith(listed)
    assert "name one by `text_column`" in failure_of(path, "")


def test_many_columns_are_not_all_listed() -> None:
    """The error lists twenty columns, long names cut, and counts the rest."""
    path = write([{f"column {k} {'x' * 500}": "" for k in range(33)}])
    message = failure_of(path)
    assert "'column 19 xxx" in message
    assert "'column 20" not in message
    assert message.endswith("… and 13 more")
    assert len(message) < 1_200


def test_column_names_can_not_break_the_line() -> None:
    """A name with a line end is shown on one line."""
    assert r"'te\nxt', 'la\u2028bel'" in failure_of(write([{"te\nxt": "", "la\u2028bel": ""}]))


@pytest.mark.parametrize("header", ["text,label,text", "label,text,label"])
def test_ambiguous_columns_are_rejected(header: str) -> None:
    """Two columns with the name that is wanted are rejected; two others are not."""
    path = Path("reviews.csv")
    path.write_text(f"{header}\n1,1,1\n")
    name = header.rpartition(",")[2]
    assert (
        f"has 2 columns '{name}': rename them, or name another one by `{name}_column`"
        in failure_of(path)
    )
    path.write_text("text,label,,\ngood,1,,\n")
    assert read(path) == [("good", 1)]


# Labels


@pytest.mark.parametrize(("negative", "positive"), SPELLINGS)
@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda label: f" {label}\t"])
def test_all_spellings_of_labels_are_read(negative: str, positive: str, change: Any) -> None:
    """Each pair of labels is read in capitals or not, with white space around it or not."""
    rows = [{"text": "", "label": change(label)} for label in (negative, positive)]
    for ending in ENDINGS:
        assert read(write(rows, f"reviews{ending}")) == [("", 0), ("", 1)]


@pytest.mark.parametrize(("value", "label"), [(0, 0), (1, 1), (False, 0), (True, 1)])
def test_json_labels_may_be_booleans_and_integers(value: Any, label: int) -> None:
    """JSON's own 0, 1, false and true are labels."""
    assert read(write([{"text": "good", "label": value}], "reviews.jsonl")) == [("good", label)]


BAD_LABELS = ["", "2", "-1", "4", "positiv", "neutral", "0.0", "01", "1 0", "5 stars", "y" * 99]


@endings
@pytest.mark.parametrize("label", BAD_LABELS)
def test_other_labels_are_rejected(label: str, ending: str) -> None:
    """The error gives the line, the label and the labels that are understood."""
    rows = [{"text": "good", "label": "1"}, {"text": "bad", "label": label}]
    message = failure_of(write(rows, f"reviews{ending}"))
    line = 2 if ending.lower() == ".jsonl" else 3
    assert message.startswith(f"reviews{ending}, line {line}, has the label '{label[:20]}")
    assert "0/1, neg/pos, negative/positive, false/true, no/yes" in message
    assert len(message) < 200


@pytest.mark.parametrize("label", [None, 2, -1, 0.0, 1.0, [1], {"a": 1}, 10**4000])
def test_other_json_labels_are_rejected(label: Any) -> None:
    """Of other JSON values none is a label, not even a number that equals one."""
    message = failure_of(write([{"text": "good", "label": label}], "reviews.jsonl"))
    assert message.startswith("reviews.jsonl, line 1, has the label ")
    assert len(message) < 200


def test_missing_values_of_json_are_rejected() -> None:
    """Each object must have the columns of the first one; it may have others."""
    rows: list[dict[str, Any]] = [{"text": "good", "label": 1}]
    assert len(read(write([*rows, rows[0] | {"id": 3}], "reviews.jsonl"))) == 2
    for other, expected in (
        ({"label": 1}, "line 2, has no text in 'text': give a string"),
        ({"text": "bad"}, "line 2, has the label NoneType in 'label'"),
        ({"text": None, "label": 1}, "line 2, has no text in 'text': give a string"),
        ({"text": 12, "label": 1}, "line 2, has no text in 'text': give a string"),
        ({"text": ["bad"], "label": 1}, "line 2, has no text in 'text': give a string"),
        ({"Text": "bad", "label": 1}, "line 2, has no text in 'text': give a string"),
        ({"text": "bad \ud83d", "label": 0}, "line 2, has half a character, U+D83D, in 'text'"),
    ):
        assert expected in failure_of(write([*rows, other], "reviews.jsonl"))


@endings
def test_long_reviews_are_rejected(ending: str) -> None:
    """A review of 1,048,576 bytes is read, a longer one is rejected."""
    rows = [{"text": "é" * 2**19, "label": "1"}]
    assert read(write(rows, f"reviews{ending}")) == [("é" * 2**19, 1)]
    rows[0]["text"] += "a"
    message = failure_of(write(rows, f"reviews{ending}"))
    assert "has a review of 1,048,577 bytes: give reviews of up to 1,048,576" in message


# Parts


@pytest.mark.parametrize("column", [*PART_COLUMNS, "SPLIT", " Set "])
def test_part_columns_are_found(column: str) -> None:
    """The parts are what a column with a usual name says, in capitals or not."""
    rows = [row | {column: ["train", "TEST", " Train "][k % 3]} for k, row in enumerate(REVIEWS)]
    found = load(write(rows))
    assert len(found.test) == 13
    assert {int(text.split()[1][:-1]) % 3 for text in found.test.reviews} == {1}


def test_first_part_column_counts() -> None:
    """Of several part columns the first of the list counts."""
    rows = [
        row | {"set": "3", "split": "test" if k < 4 else "train"} for k, row in enumerate(REVIEWS)
    ]
    assert len(load(write(rows)).test) == 4


def test_columns_of_text_and_label_are_no_part() -> None:
    """A column that is read as text or label does not name the parts."""
    rows = [{"set": row["text"], "split": row["label"]} for row in REVIEWS]
    assert len(load_reviews(write(rows), "set", "split").test) == 8


@endings
@pytest.mark.parametrize("part", ["validation", "dev", "", "0"])
def test_other_parts_are_rejected(part: str, ending: str) -> None:
    """The error gives the line of a part that is neither train nor test."""
    rows = [row | {"split": "train"} for row in REVIEWS[::2]] + [REVIEWS[1] | {"split": part}]
    message = failure_of(write(rows, f"reviews{ending}"))
    assert f"has '{part}' in 'split': give train or test, or rename" in message


@pytest.mark.parametrize("part", [None, 1, True, ["test"]])
def test_other_json_parts_are_rejected(part: Any) -> None:
    """A part must be a string."""
    rows = [row | {"split": part} for row in REVIEWS]
    assert "line 1, has " in failure_of(write(rows, "reviews.jsonl"))


@settings(deadline=None)
@given(st.integers(5, 40), st.integers(5, 40), st.randoms(use_true_random=False))
def test_every_fifth_review_of_each_label_tests(negative: int, positive: int, random: Any) -> None:
    """Without a column, every fifth of each label in the shuffled order tests: in plain lists."""
    labels = [0] * negative + [1] * positive
    random.shuffle(labels)
    rows = [{"text": f"review {k}", "label": label} for k, label in enumerate(labels)]
    found = load(write(rows, "reviews.jsonl"))
    places = np.arange(len(rows))
    np.random.RandomState(113).shuffle(places)
    expected = set()
    for label in (0, 1):
        own = [rows[place]["text"] for place in places.tolist() if labels[place] == label]
        expected |= set(own[4::5])
    assert set(found.test.reviews) == expected
    assert len(found.test) == negative // 5 + positive // 5
    assert {*found.train.reviews} | expected == {row["text"] for row in rows}
    assert len(found.train) + len(found.test) == len(rows)


def test_choice_of_tests_is_even() -> None:
    """Each place in the file is equally likely to test."""
    labels = np.array([0, 1] * 10, np.int8)
    path, random = Path("reviews.csv"), np.random.RandomState(1)
    counts = np.sum([choose_tests(path, labels, random) for _ in range(2_000)], axis=0)
    assert counts.sum() == 2_000 * 4
    assert np.all(np.abs(counts - 400) < 100), "5 standard deviations are 90"


def test_parts_are_the_same_each_time() -> None:
    """A file has the same parts each time it is read."""
    path = write(REVIEWS)
    first, again = load(path), load(path)
    assert first.test.reviews == again.test.reviews
    assert first.train.reviews == again.train.reviews
    assert len(first.test) == 8


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            "0000000001111",
            "reviews.csv needs at least 5 positive reviews to test with every fifth, but has 4: ",
        ),
        (
            "01",
            "reviews.csv needs at least 5 negative reviews to test with every fifth, but has 1: ",
        ),
        ("000000000000", "reviews.csv (train) has no positive reviews"),
        ("111111", "reviews.csv (train) has no negative reviews"),
    ],
)
def test_too_few_reviews_are_rejected(labels: str, expected: str) -> None:
    """Both parts need reviews of both labels."""
    rows = [{"text": "", "label": label} for label in labels]
    assert failure_of(write(rows)).startswith(expected)


def test_parts_without_a_label_are_rejected() -> None:
    """Both parts of a column need reviews of both labels too."""
    rows = [{"text": "", "label": label, "split": "train"} for label in "01"]
    assert "(test) has no negative reviews" in failure_of(write(rows))
    rows.append({"text": "", "label": "0", "split": "test"})
    assert "(test) has no positive reviews" in failure_of(write(rows))
    rows.append({"text": "", "label": "1", "split": "test"})
    assert len(load(write(rows)).test) == 2


# Files


@pytest.mark.parametrize("content", ["text,label\n", "text,label\n\n\n", "text,label"])
def test_header_alone_is_rejected(content: str) -> None:
    """A file without a review is rejected."""
    Path("reviews.csv").write_text(content)
    assert "reviews.csv has no reviews: give" in failure_of(Path("reviews.csv"))
    Path("reviews.jsonl").write_text("\n\n")
    assert "reviews.jsonl has no reviews: give" in failure_of(Path("reviews.jsonl"))


def test_semicolons_are_read() -> None:
    """A file of a spreadsheet with a decimal comma is read: semicolons and a byte order mark."""
    path = Path("reviews.csv")
    path.write_bytes('\ufeffReview;Sentiment\r\n"Good, not bad; 1,5";POS\r\n'.encode())
    assert read(path) == [("Good, not bad; 1,5", 1)]


def test_columns_of_other_files_are_rejected() -> None:
    """Only a table has columns, so naming one for a folder or an archive is an error."""
    Path("folder.csv").mkdir()
    for name in ("folder.csv", "imdb.npz", "reviews.tar.gz", "nowhere"):
        for columns in ({"text_column": "text"}, {"label_column": "label"}):
            with pytest.raises(UsageError, match="`text_column` and `label_column`") as failure:
                load_reviews(Path(name), **columns)
            assert str(failure.value).startswith(f"{name} is no table")


def test_folder_with_the_ending_of_a_table_is_a_folder() -> None:
    """A folder is read as one, whatever its name."""
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            file = Path("folder.csv", part, label, "0_9.txt")
            file.parent.mkdir(parents=True)
            file.write_text("good")
    assert len(load(Path("folder.csv")).train) == 2


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.sampled_from(["text,label\n", '{"text": "good", "label": 1}\n', "text\tlabel\tsplit\n"]),
    st.binary() | st.text(st.sampled_from('good,01\t"\n{}:[]')).map(str.encode),
    st.sampled_from(ENDINGS),
)
def test_any_bytes_are_reviews_or_an_error(start: str, content: bytes, ending: str) -> None:
    """Whatever a file holds, the result is reviews or an error of ours in one line."""
    path = Path(f"reviews{ending}")
    path.write_bytes(start.encode() + content)
    message = ""
    try:
        assert all(label in {0, 1} for _, label in read(path))
    except ReviewsError as error:
        message = str(error)
    assert "\n" not in message
