"""`charrnn classify pretrain`, and classifiers that start with a borrowed embedding."""

import json
from pathlib import Path

import numpy as np
import pytest

from charrnn.runs.checkpoint import read_classifier, read_word_model
from charrnn.runs.kinds import WORD_MODEL
from charrnn.runs.recipe import WordRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from tests.support.commands import Fails, Invoke
from tests.support.reviews import (
    EMBEDDING,
    QUICK,
    WORDS,
    Finished,
    PlanClassifier,
    find_classifier_run,
    write_npz,
    write_table,
)


def find_word_model(name: str) -> Run:
    """The word model's run of that name in the usual folder."""
    return Run(Path("checkpoints") / WORD_MODEL.subfolder / name, WORD_MODEL)


def test_embedding_of_word_vectors(
    plan_classifier: PlanClassifier, npz: Path, fails: Fails
) -> None:
    """A file like GloVe's gives the words' rows and the embedding's width; no other is accepted."""
    vectors = {"film": [1.0, 2.0, 3.0], "bad": [-1.0, -2.0, -3.0]}
    lines = [" ".join([word, *map(str, numbers)]) for word, numbers in vectors.items()]
    Path("glove.txt").write_text("\n".join(lines) + "\n")
    words = ["--data", npz, "--embedding-from", "glove.txt"]
    planned = plan_classifier("imdb", *words, "--max-words", 11, "--frozen-epochs", 1)
    table = planned.borrowed[EMBEDDING]
    assert table.shape == (11, 3)
    for word, numbers in vectors.items():
        assert table[4 + WORDS.index(word)].tolist() == numbers
    assert planned.network.embedding == 3
    assert planned.training.frozen_epochs == 1
    assert planned.recipe.embedding_from == "glove.txt"
    assert "--embedding-from glove.txt" in planned.recipe.changes
    line = fails(2, "classify", "imdb", *words, "--embedding", 5)
    assert "glove.txt has vectors of 3, but --embedding is 5" in line
    none = ["--model", "bigrams", "--max-words", 11]
    assert "no embedding" in fails(2, "classify", "imdb", *words, *none)


def test_embedding_of_a_classifier(plan_classifier: PlanClassifier, finished: Finished) -> None:
    """A run's name gives its best epoch's embedding, a checkpoint's path that epoch's."""
    run = finished.run
    words = ["--data", finished.folder / "reviews.npz", "--max-words", 11, "--embedding-from"]
    for source, path in (
        (run.name, run.choose_checkpoint()),
        (run.epoch_file(1), run.epoch_file(1)),
    ):
        planned = plan_classifier("imdb", *words, source)
        expected = read_classifier(path).weights[EMBEDDING]
        np.testing.assert_array_equal(planned.borrowed[EMBEDDING], expected)


@pytest.fixture
def _short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charrnn.training.words.LENGTH", 7)


@pytest.mark.slow
@pytest.mark.usefixtures("_short_windows")
def test_classifier_of_a_word_model(invoke: Invoke, fails: Fails) -> None:
    """A word model is trained without labels; a classifier starts with its embedding, frozen."""
    npz = write_npz(Path("mine/reviews.npz"), train=60)
    words = ["classify", "pretrain", "--data", npz]
    sizes = ["--embedding", 3, "--units", 4, "--max-words", 11, "--batch-size", 2]
    result = invoke(*words, *sizes, "--epochs", 1, "--validation", 0.2, "--json")
    assert result.exit_code == 0, result.output
    assert "charrnn classify imdb --embedding-from reviews-words" in result.stderr
    (row,) = map(json.loads, result.stdout.splitlines())
    assert 0 < row["validation_loss"] < 3
    run = find_word_model("reviews-words")
    model = read_word_model(run.epoch_file(1))
    network = model.network
    assert (network.embedding, network.units, network.vocabulary_size) == (3, 4, 11)
    assert "all its epochs, 1" in fails(1, "classify", "pretrain", "--resume")
    assert "reviews-words" in fails(1, "classify", "pretrain", "--resume", "other")
    tiny = [word for word in QUICK if word not in {"--embedding", 2}]
    borrow = ["--embedding-from", "reviews-words", "--frozen-epochs", 1]
    result = invoke("classify", "imdb", "--data", npz, *tiny, *borrow, "-q")
    assert result.exit_code == 0, result.output
    found = read_classifier(find_classifier_run("reviews-lstm-32").epoch_file(1))
    np.testing.assert_array_equal(found.weights[EMBEDDING], model.weights[EMBEDDING])


@pytest.mark.slow
@pytest.mark.usefixtures("_short_windows")
def test_word_model_of_a_table(invoke: Invoke, fails: Fails) -> None:
    """A table's words are learnt from the named column, which a resume remembers."""
    table = write_table(Path("reviews.csv"), count=60, columns=("comment", "recommended"))
    sizes = ["--embedding", 3, "--units", 4, "--max-words", 11, "--batch-size", 2, "-q"]
    words = ["classify", "pretrain", "--data", table, *sizes, "--epochs", 1]
    assert "by --label-column" in fails(1, *words)
    columns = ["--text-column", "comment", "--label-column", "recommended"]
    result = invoke(*words, *columns)
    assert result.exit_code == 0, result.output
    resume = ["classify", "pretrain", "--resume", "reviews-words", "--epochs", 2, "-q"]
    resume += ["--keep", "last"]
    for option in ("--text-column", "--label-column"):
        assert f"leave out --run, {columns[0]}" in fails(2, *resume, option, "comment")
    result = invoke(*resume)
    assert result.exit_code == 0, result.output
    run = find_word_model("reviews-words")
    assert run.list_epochs() == [2]
    recipe = read_progress(run, WordRecipe).recipe
    assert (recipe.text_column, recipe.label_column) == ("comment", "recommended")
