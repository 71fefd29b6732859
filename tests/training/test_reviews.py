"""Training review classifiers: what a run leaves, how it resumes, what its figures mean."""

import csv
import json
import math
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.data.padding import Examples
from charrnn.inference.review_model import ReviewModel
from charrnn.runs.checkpoint import Classifier, read_classifier
from charrnn.runs.history import find_best
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.training import reviews
from charrnn.training.stop import Interrupted
from tests.support.review_runs import (
    WORDS,
    MakeReviewRun,
    SmallReviewRun,
    calculate_ratios,
    make_examples,
)

EMBEDDING = "layers/embedding/vars/0"
BORROWED = np.random.default_rng(9).normal(0, 0.1, (len(WORDS), 3)).astype(np.float32)


def plain_scores(classifier: Classifier, examples: Examples) -> tuple[float, float]:
    """Loss and accuracy, each review once, of the logits that the NumPy network gives."""
    logits = ReviewModel(classifier)._compute_logits(examples.ids).tolist()
    signs = [1 if label else -1 for label in examples.labels.tolist()]
    losses = [math.log1p(math.exp(-s * z)) for s, z in zip(signs, logits, strict=True)]
    right = [s * z > 0 for s, z in zip(signs, logits, strict=True)]
    return sum(losses) / len(losses), sum(right) / len(right)


@pytest.fixture(scope="module")
def learned(make_review_run: MakeReviewRun) -> SmallReviewRun:
    """A masked average that has learned the small reviews."""
    small = make_review_run(mask=True, padding="after", epochs=6, learning_rate=0.1)
    small.start()
    return small


def test_a_separable_set_is_learned(learned: SmallReviewRun) -> None:
    """If one word decides, a few epochs are enough to get every held-back review right."""
    last = learned.recording.results[-1]
    assert last.validation_accuracy == last.train_accuracy == 1.0
    assert last.loss == last.validation_loss
    assert last.loss < 0.2
    assert learned.recording.results[0].loss > 0.4


def test_what_a_run_leaves(learned: SmallReviewRun) -> None:
    """A checkpoint for each epoch, a history with accuracies, and what a resume needs."""
    files = {f"epoch-{epoch:04d}.weights.h5" for epoch in range(1, 7)}
    assert {path.name for path in learned.run.folder.glob("[!.]*")} == (
        files | {"history.csv", "resume.h5"}
    )
    with (learned.run.folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "read",
        "seconds",
        "best",
    ]
    for row, result in zip(rows, learned.recording.results, strict=True):
        names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        assert [float(row[name]) for name in names] == [getattr(result, name) for name in names]
    kept = learned.checkpoint(6)
    assert kept.network == learned.recipe.network
    assert kept.encoder.to_values() == WORDS.to_values()
    assert (kept.provenance.epoch, kept.provenance.step) == (6, None)
    assert kept.provenance.validation_loss == learned.recording.results[-1].validation_loss


def test_the_recipe_comes_back_from_the_resume_file(learned: SmallReviewRun) -> None:
    """A resume reads the recipe that the run began with, and its results."""
    progress = read_progress(learned.run, ReviewRecipe)
    for name in ("network", "training", "preset", "changes", "sources", "corpus", "corpus_sha256"):
        assert getattr(progress.recipe, name) == getattr(learned.recipe, name)
    assert progress.recipe.encoder.to_values() == WORDS.to_values()
    assert progress.results == learned.recording.results
    assert json.loads(json.dumps(progress.recipe.to_values()))["training"]["epochs"] == 6


def test_validation_counts_each_review_once(learned: SmallReviewRun) -> None:
    """9 reviews in batches of 4: loss and accuracy are the plain means of all nine."""
    _, validate = learned.parts
    assert len(validate) == 9
    for epoch in (1, 6):
        result = learned.recording.results[epoch - 1]
        expected = plain_scores(learned.checkpoint(epoch), validate)
        reported = (result.validation_loss, result.validation_accuracy)
        assert reported == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_evaluate_counts_each_review_once(learned: SmallReviewRun) -> None:
    """11 reviews in batches of 4: each epoch's score is the plain mean of all of them."""
    test = make_examples(11, mislabelled=2)
    scores = reviews.evaluate(learned.run, learned.recipe, test, {6, 1})
    assert set(scores) == {6, 1}
    for epoch, score in scores.items():
        expected = plain_scores(learned.checkpoint(epoch), test)
        assert (score.loss, score.accuracy) == pytest.approx(expected, abs=1e-6)
    assert scores[6].accuracy == pytest.approx(9 / 11)


@pytest.mark.slow
def test_training_loss_counts_each_review_once(make_review_run: MakeReviewRun) -> None:
    """21 reviews in batches of 4: if nothing is learned the loss is the plain mean of all."""
    small = make_review_run(make_examples(30, mislabelled=20), epochs=1, learning_rate=1e-12)
    small.start()
    (result,) = small.recording.results
    learn, _ = small.parts
    assert len(learn) == 21
    expected = plain_scores(small.checkpoint(1), learn)
    assert (result.train_loss, result.train_accuracy) == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_patience_ends_a_run_that_gets_worse(make_review_run: MakeReviewRun) -> None:
    """If the held-back reviews are mislabelled the first epoch stays best: 3 epochs, not 9."""
    small = make_review_run(make_examples(mislabelled=9), epochs=9, patience=2, learning_rate=0.1)
    small.start()
    assert small.run.list_epochs() == [1, 2, 3]
    assert find_best(small.run.read_history()).epoch == small.run.find_best_epoch() == 1
    losses = [result.loss for result in small.recording.results]
    assert losses == sorted(losses)


KINDS: dict[str, dict[str, Any]] = {
    "lstm": {
        "cell": "lstm",
        "units": (3,),
        "dropout": 0.3,
        "optimizer": "rmsprop",
        "clip_norm": 0.1,
    },
    "thawing": {
        "mask": True,
        "bigrams": 40,
        "embedding_dropout": 0.3,
        "word_dropout": 0.3,
        "schedule": "cosine",
        "frozen_epochs": 1,
        "learning_rate": 0.05,
    },
}


@pytest.fixture(scope="module")
def uninterrupted(make_review_run: MakeReviewRun) -> dict[str, SmallReviewRun]:
    """Of each kind a run of two epochs; beside its folder is a copy of it after the first."""
    runs = {}
    for kind, values in KINDS.items():
        small = runs[kind] = make_review_run(**values)

        def copy(small: SmallReviewRun = small) -> bool:
            if small.recording.is_at(1, "end"):
                shutil.copytree(small.run.folder, small.run.folder.with_name("half"))
            return False

        small.start(copy, {EMBEDDING: BORROWED})
    return runs


def assert_same(one: Run, other: Run) -> None:
    """Equal bit by bit: all that a resume puts back, and the figures in the history."""
    variables = (Saved(run).take_variables() for run in (one, other))
    for mine, theirs in zip(*variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    figures = [
        [(row.epoch, row.train_loss, row.loss, row.train_accuracy) for row in run.read_history()]
        for run in (one, other)
    ]
    assert figures[0] == figures[1]
    assert [epoch for epoch, *_ in figures[0]] == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_ends_like_an_uninterrupted_one(
    uninterrupted: dict[str, SmallReviewRun], kind: str
) -> None:
    """Two epochs end the same as one and its resume, even if the embedding thaws between."""
    whole = uninterrupted[kind]
    half = replace(whole, run=Run(whole.run.folder.with_name("half"), CLASSIFIER))
    assert half.run.list_epochs() == [1]
    half.resume()
    assert_same(half.run, whole.run)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupted_epoch_goes_on(
    make_review_run: MakeReviewRun, uninterrupted: dict[str, SmallReviewRun], kind: str
) -> None:
    """Interrupted in the middle of its second epoch, a run ends the same, its losses too."""
    whole, stopped = uninterrupted[kind], make_review_run(**KINDS[kind])
    with pytest.raises(Interrupted):
        stopped.start(lambda: stopped.recording.is_at(2, "step", 3), {EMBEDDING: BORROWED})
    stopped.resume()
    assert_same(stopped.run, whole.run)


@pytest.mark.slow
def test_an_interrupted_first_epoch_keeps_what_was_borrowed(
    make_review_run: MakeReviewRun, uninterrupted: dict[str, SmallReviewRun]
) -> None:
    """An interrupted epoch's weights are kept, and its resume continues with them."""
    stopped = make_review_run(**KINDS["thawing"])
    with pytest.raises(Interrupted):
        stopped.start(lambda: stopped.recording.is_at(1, "step", 2), {EMBEDDING: BORROWED})
    assert stopped.run.list_epochs() == []
    kept = read_classifier(stopped.run.interrupted_file)
    assert (kept.provenance.epoch, kept.provenance.step) == (1, 2)
    assert np.count_nonzero(kept.weights["layers/bigrams/vars/0"]) > 0
    stopped.resume()
    assert not stopped.run.interrupted_file.exists()
    assert_same(stopped.run, uninterrupted["thawing"].run)


def test_a_frozen_embedding_thaws(uninterrupted: dict[str, SmallReviewRun]) -> None:
    """For the frozen epochs the embedding is what was borrowed, bit by bit; then it learns."""
    small = uninterrupted["thawing"]
    tables = [small.checkpoint(epoch).weights[EMBEDDING] for epoch in (1, 2)]
    np.testing.assert_array_equal(tables[0], BORROWED)
    assert (tables[1] != BORROWED)[4:].mean() > 0.6
    dense = [small.checkpoint(epoch).weights["layers/dense/vars/0"] for epoch in (1, 2)]
    assert (dense[0] != dense[1]).all()


@pytest.mark.slow
def test_ratios_are_set_before_training_and_stay(uninterrupted: dict[str, SmallReviewRun]) -> None:
    """The bigrams' ratios are those of the reviews that are learned from, in every epoch."""
    small = uninterrupted["thawing"]
    learn, _ = small.parts
    expected = calculate_ratios(learn, 40)
    for epoch in (1, 2):
        weights = small.checkpoint(epoch).weights
        np.testing.assert_allclose(weights["layers/bigrams/vars/2"], 250 * expected, rtol=1e-5)
        assert np.count_nonzero(weights["layers/bigrams/vars/0"]) > 10


def test_a_seed_decides_where_a_run_begins(make_review_run: MakeReviewRun) -> None:
    """The same seed gives the same first weights, another seed gives others."""
    first, same, other = (
        reviews.compile_model(
            make_review_run(cell="gru", units=(3,), seed=seed).recipe
        ).get_weights()
        for seed in (1, 1, 2)
    )
    for mine, theirs in zip(first, same, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.abs(first[0] - other[0]).max() > 1e-3
