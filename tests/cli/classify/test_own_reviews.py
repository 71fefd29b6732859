"""`charrnn classify train`: a classifier of one's own reviews."""

import json
from pathlib import Path

import pytest

from charrnn.cli.classify.train import imdb, train
from tests.support.commands import Fails, Invoke
from tests.support.reviews import QUICK, PlanClassifier, write_table


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_tables(plan_classifier: PlanClassifier, ending: str) -> None:
    """Of a table's reviews every fifth of each label is for the test; the words are its own."""
    table = write_table(Path(f"reviews{ending}"), count=30)
    planned = plan_classifier("train", "--data", table, "--max-length", 0, "--mask")
    assert (len(planned.learn), len(planned.validate)) == (19, 5)
    assert "6 to test" in planned.result.stderr
    assert planned.run.name == "reviews-lstm-32"
    assert planned.recipe.corpus == "reviews"
    assert planned.recipe.sources == (str(table.resolve()),)
    labels = [*planned.learn.labels.tolist(), *planned.validate.labels.tolist()]
    for ids, label in zip(planned.ids, labels, strict=True):
        words = planned.recipe.encoder.decode(ids).split()
        assert words[:2] + words[3:5] == ["the", "film", "was", "so"]
        assert words[-1] == ("good" if label else "bad")


@pytest.mark.slow
def test_training_on_a_table(invoke: Invoke) -> None:
    """A run on a table prints its epochs and its row, and can be asked."""
    table = write_table(Path("reviews.csv"), count=60)
    result = invoke(
        "classify", "train", "--data", table, *QUICK, "--learning-rate", 0.1, "--epochs", 12
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("reviews-lstm-32  lstm-32 --cell average")
    assert "charrnn classify predict --run reviews-lstm-32" in result.stderr
    answers = invoke("classify", "predict", "so good and good", "so bad and bad", "-q").stdout
    assert [line.split("\t")[0] for line in answers.splitlines()] == ["positive", "negative"]


def test_columns(plan_classifier: PlanClassifier) -> None:
    """--text-column and --label-column name columns, and the run remembers them.

    Without them columns with usual names are read.
    """
    table = write_table(Path("reviews.csv"), columns=("comment", "recommended"))
    named = ["--data", table, "--label-column", "recommended"]
    planned = plan_classifier("train", *named)
    assert planned.recipe.text_column == ""
    assert planned.recipe.label_column == "recommended"
    assert plan_classifier("train", *named, "--text-column", "comment").ids == planned.ids
    rows = [
        {"title": "x", "body": row, "label": place % 2}
        for place, row in enumerate(["good film", "bad film"] * 10)
    ]
    lines = Path("reviews.jsonl")
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    bodies = plan_classifier("train", "--data", lines)
    titles = plan_classifier("train", "--data", lines, "--text-column", "title")
    assert bodies.recipe.encoder.decode(bodies.ids[0]).split()[-1] == "film"
    assert titles.recipe.encoder.decode(titles.ids[0]) == "x"
    assert titles.recipe.text_column == "title"


def test_columns_beside_ranks(plan_classifier: PlanClassifier, npz: Path) -> None:
    """Given ranks and a table, the columns are the table's, whichever of the two is read."""
    table = write_table(Path("table.csv"), columns=("comment", "recommended"))
    words = ["--data", npz, "--data", table, "--label-column", "recommended", "--max-words", 270]
    assert plan_classifier("train", *words).recipe.corpus == "reviews"
    subwords = plan_classifier("train", *words, "--model", "average-64-subword")
    assert subwords.recipe.corpus == "table"


def test_reviews_must_be_given(fails: Fails, invoke: Invoke) -> None:
    """Without --data the message names it, and the command for IMDB's reviews."""
    line = fails(2, "classify", "train")
    assert "give your reviews with --data" in line
    assert "charrnn classify imdb" in line
    assert not Path("checkpoints").exists()
    assert invoke("classify", "train", "--dry-run").exit_code == 0


def test_one_command_with_two_names(invoke: Invoke) -> None:
    """`imdb` and `train` have the same options; their helps differ in what they begin with."""
    assert [option.opts for option in imdb.params] == [option.opts for option in train.params]
    helps = [invoke("classify", name, "--help").stdout for name in ("imdb", "train")]
    for shown, start in zip(helps, ("25,000 film reviews", "your own reviews"), strict=True):
        about, _, options = shown.partition("Preset:")
        assert start in " ".join(about.split())
        assert "--resume continues from there" in " ".join(about.split())
        assert (
            options.partition("Examples:")[0]
            == helps[0].partition("Preset:")[2].partition("Examples:")[0]
        )


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--data", "reviews.csv", "--text-column", "headline"], "by --text-column"),
        (["--data", "reviews.csv", "--label-column", "stars"], "by --label-column"),
        (["--data", "unusual.csv"], "by --text-column"),
        (["--data", "unusual.csv", "--text-column", "x"], "by --label-column"),
        (["--data", "stars.csv"], "stars.csv, line 2,"),
        (["--data", "reviews.csv", "--data", "stars.csv"], "--data takes one .npz and one other"),
        (["--data", "few.csv"], "few.csv needs at least 5 negative reviews"),
        (["--data", "empty.csv"], "empty.csv"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_unusable_tables(fails: Fails, words: list[str], named: str) -> None:
    """A table that can't be used is rejected in one line, with the option that helps."""
    write_table(Path("reviews.csv"))
    Path("unusual.csv").write_text("x,y\ngood film,1\n")
    Path("stars.csv").write_text("review,label\ngood film,4\n")
    Path("few.csv").write_text("review,label\n" + "good,1\n" * 9 + "bad,0\n")
    Path("empty.csv").write_text("")
    assert named in fails(1, "classify", "train", *words)
    assert not Path("checkpoints").exists()


@pytest.mark.parametrize("option", ["--text-column", "--label-column"])
def test_columns_without_a_table(fails: Fails, npz: Path, option: str) -> None:
    """Columns are for a table: without one, or with reviews of another kind, they are rejected."""
    for command in ("imdb", "pretrain"):
        assert "--data" in fails(2, "classify", command, option, "text")
    line = fails(2, "classify", "train", "--data", npz, option, "text")
    assert "reviews.npz is no table" in line
    assert "leave out --text-column and --label-column" in line
    assert f"leave out {option}" in fails(2, "classify", "train", "--dry-run", option, "text")
