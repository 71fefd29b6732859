"""The training of review classifiers: what it leaves, how it resumes, and what its figures say."""

import csv
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from charrnn.runs import resume, container
from charrnn.runs.checkpoint import Classifier, read_classifier
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples, hash_bigrams
from charrnn.data.words import Words
from charrnn.errors import ReviewsError, RunError
from charrnn.runs.history import best_of
from charrnn.inference.review_model import ReviewModel
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, ReviewRecipe
from charrnn.training import reviews
from charrnn.training.bigrams import log_count_ratios
from charrnn.training.callbacks import Interrupted
from charrnn.training.review_batches import batches_in_order, steps_per_epoch, training_batches
from charrnn.training.schedule import Schedule, cosine

MakeReviews = Callable[..., "Reviewing"]

WORDS = Words(["so", "and", "good", "bad", "film", "it", "was", "the"])
GOOD, BAD = 6, 7
EMBEDDING = "layers/embedding/vars/0"
BORROWED = np.random.default_rng(9).normal(0, 0.1, (len(WORDS), 3)).astype(np.float32)


def toy(count: int = 30, bigrams: int = 0, rows: int = 0) -> Examples:
    """Reviews of 2 to 6 words, every other one good, the others bad; `rows` are mislabelled."""
    random = np.random.default_rng(0)
    ids = []
    for place in range(count):
        review = random.choice([4, 5, 8, 9, 10, 11], random.integers(1, 6)).tolist()
        review.insert(random.integers(len(review) + 1), BAD if place % 2 else GOOD)
        ids.append(np.array(review, np.int32))
    labels = (np.arange(count) % 2 == 0).astype(np.int8)
    labels[count - rows :] = 1 - labels[count - rows :]
    hashed = [hash_bigrams(review, bigrams) for review in ids] if bigrams else None
    return Examples(ids, labels, hashed)


@dataclass
class Reviewing:
    """A training that can be started and gone on with."""

    run: Run
    settings: ReviewRecipe
    examples: Examples
    told: Any

    def start(self, interrupted: Callable[[], bool] = lambda: False, borrowed: Any = None) -> None:
        progress: Progress[ReviewRecipe] = Progress(self.settings, [])
        reviews.train(self.run, finished, self.examples, self.told, interrupted, borrowed)

    def go_on(self, **changes: Any) -> None:
        finished = read_progress(self.run, ReviewRecipe)
        training = replace(progress.recipe.training, **changes)
        finished = replace(finished, settings=replace(progress.recipe, training=training))
        reviews.train(self.run, finished, self.examples, self.told)

    def checkpoint(self, epoch: int) -> Classifier:
        return read_classifier(self.run.epoch_file(epoch))


@pytest.fixture(scope="session")
def make_reviews(tmp_path_factory: pytest.TempPathFactory, listener: Any) -> MakeReviews:
    """Prepares a training in a folder of its own; names of settings are those of the configs."""

    def make(examples: Examples | None = None, **values: Any) -> Reviewing:
        sizes: dict[str, Any] = {
            "vocabulary_size": len(WORDS),
            "embedding": 3,
            "cell": "average",
            "units": (),
            "max_length": 6,
        }
        plan: dict[str, Any] = {"batch_size": 4, "epochs": 2, "validation": 0.3}
        network = sizes | {k: v for k, v in values.items() if k in vars(ClassifierConfig())}
        training = plan | {k: v for k, v in values.items() if k not in network}
        settings = ReviewRecipe(
            ClassifierConfig(**network),
            ReviewTraining(**training),
            WORDS,
            preset="lstm-32",
            changes="",
            sources=(),
            corpus="test",
            corpus_sha256="0" * 64,
        )
        folder = tmp_path_factory.mktemp("classify") / "run"
        examples = examples or toy(bigrams=network.get("bigrams", 0))
        return Reviewing(Run(folder), settings, examples, listener())

    return make


def plain_scores(classifier: Classifier, examples: Examples) -> tuple[float, float]:
    """Loss and accuracy, each review once, of the logits that the NumPy network gives."""
    logits = ReviewModel(classifier)._logits(examples.ids).tolist()
    signs = [1 if label else -1 for label in examples.labels.tolist()]
    losses = [math.log1p(math.exp(-s * z)) for s, z in zip(signs, logits, strict=True)]
    right = [s * z > 0 for s, z in zip(signs, logits, strict=True)]
    return sum(losses) / len(losses), sum(right) / len(right)


@pytest.fixture(scope="session")
def learned(make_reviews: MakeReviews) -> Reviewing:
    """A masked average that has learnt the toy reviews."""
    training = make_reviews(mask=True, padding="after", epochs=6, learning_rate=0.1)
    training.start()
    return training


def test_a_separable_set_is_learnt(learned: Reviewing) -> None:
    """Where one word says it all, a few epochs judge every held back review rightly."""
    last = learned.told.results[-1]
    assert last.validation_accuracy == last.train_accuracy == 1.0
    assert last.validation_loss < 0.2
    assert learned.told.results[0].validation_loss > 0.4


def test_what_a_training_leaves(learned: Reviewing) -> None:
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
        "seconds",
        "best",
    ]
    for row, result in zip(rows, learned.told.results, strict=True):
        names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        assert [float(row[name]) for name in names] == [getattr(result, name) for name in names]
    left = learned.checkpoint(6)
    assert left.network == learned.settings.network
    assert left.encoder.to_json() == WORDS.to_json()
    assert (left.provenance.epoch, left.provenance.finished) == (6, True)
    assert left.provenance.validation_loss == learned.told.results[-1].validation_loss


def test_settings_come_back_from_the_resume_file(learned: Reviewing) -> None:
    """What a resume reads is what the training began with, and its results."""
    found = read_progress(learned.run, ReviewRecipe)
    for name in ("network", "training", "preset", "changes", "sources", "corpus", "corpus_sha256"):
        assert getattr(found.settings, name) == getattr(learned.settings, name)
    assert found.settings.encoder.to_json() == WORDS.to_json()
    assert found.results == learned.told.results
    assert json.loads(json.dumps(found.settings.to_values()))["training"]["epochs"] == 6


def test_validation_counts_each_review_once(learned: Reviewing) -> None:
    """9 reviews in batches of 4: loss and accuracy are the plain means of all nine."""
    _, validate = learned.examples.split(0.3)
    assert len(validate) == 9
    for epoch in (1, 6):
        result = learned.told.results[epoch - 1]
        expected = plain_scores(learned.checkpoint(epoch), validate)
        found = (result.validation_loss, result.validation_accuracy)
        assert found == pytest.approx(expected, abs=1e-6)


def test_evaluate_counts_each_review_once(learned: Reviewing) -> None:
    """11 reviews in batches of 4: each epoch's score is the plain mean of all of them."""
    test = toy(11, rows=2)
    scores = reviews.evaluate(learned.run, learned.settings, test, {6, 1})
    assert set(scores) == {6, 1}
    for epoch, score in scores.items():
        expected = plain_scores(learned.checkpoint(epoch), test)
        assert (score.loss, score.accuracy) == pytest.approx(expected, abs=1e-6)
    assert scores[6].accuracy == pytest.approx(9 / 11)


def test_training_loss_counts_each_review_once(make_reviews: MakeReviews) -> None:
    """21 reviews in batches of 4: where nothing is learnt the loss is the plain mean of all."""
    training = make_reviews(toy(30, rows=20), epochs=1, learning_rate=1e-12)
    training.start()
    (result,) = training.told.results
    learn, _ = training.examples.split(0.3)
    assert len(learn) == 21
    expected = plain_scores(training.checkpoint(1), learn)
    assert (result.train_loss, result.train_accuracy) == pytest.approx(expected, abs=1e-6)


def test_patience_ends_a_training_that_gets_worse(make_reviews: MakeReviews) -> None:
    """Where the held back reviews are mislabelled the first epoch stays best: 3 epochs, not 9."""
    training = make_reviews(toy(rows=9), epochs=9, patience=2, learning_rate=0.1)
    training.start()
    assert training.run.epochs() == [1, 2, 3]
    assert best_of(training.run.history()).epoch == training.run.best_epoch() == 1
    losses = [result.validation_loss for result in training.told.results]
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


@pytest.fixture(scope="session")
def unbroken(make_reviews: MakeReviews) -> dict[str, Reviewing]:
    """Of each kind a training of two epochs; beside its folder is a copy of it after the first."""
    found = {}
    for kind, values in KINDS.items():
        training = found[kind] = make_reviews(**values)

        def copy(training: Reviewing = training) -> bool:
            if training.told.at(1, "end"):
                shutil.copytree(training.run.folder, training.run.folder.with_name("half"))
            return False

        training.start(copy, {EMBEDDING: BORROWED})
    return found


def variables(run: Run) -> list[Any]:
    """Weights, optimizer and random streams as the resume file holds them."""
    with container.opened(run.resume_file, "charrnn resume file", 1) as file:
        held = file["variables"]
        return [held[str(place)][()] for place in range(len(held))]


def assert_same(one: Run, other: Run) -> None:
    """Equal bit by bit: all that is carried on, and what the history tells."""
    for mine, theirs in zip(variables(one), variables(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    figures = [
        [(row.epoch, row.train_loss, row.loss, row.train_accuracy) for row in run.history()]
        for run in (one, other)
    ]
    assert figures[0] == figures[1]
    assert [epoch for epoch, *_ in figures[0]] == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_resume_goes_on_as_if_never_stopped(unbroken: dict[str, Reviewing], kind: str) -> None:
    """Two epochs, and one that is gone on with, end the same; so where the embedding thaws."""
    whole = unbroken[kind]
    half = replace(whole, run=Run(whole.run.folder.with_name("half")))
    assert half.run.epochs() == [1]
    half.go_on()
    assert_same(half.run, whole.run)


def test_a_first_epoch_broken_off_keeps_what_was_borrowed(
    make_reviews: MakeReviews, unbroken: dict[str, Reviewing]
) -> None:
    """Broken off, an epoch's weights are kept; resumed, it begins with the borrowed embedding."""
    broken = make_reviews(**KINDS["thawing"])
    with pytest.raises(Interrupted):
        broken.start(lambda: bool(broken.told.at(1, "step", 2)), {EMBEDDING: BORROWED})
    assert broken.run.epochs() == []
    kept = read_classifier(broken.run.interrupted_file)
    assert (kept.provenance.epoch, kept.provenance.finished) == (1, False)
    assert np.count_nonzero(kept.weights["layers/bigrams/vars/0"]) > 0
    broken.go_on()
    assert not broken.run.interrupted_file.exists()
    assert_same(broken.run, unbroken["thawing"].run)


def test_a_frozen_embedding_thaws(unbroken: dict[str, Reviewing]) -> None:
    """For the frozen epochs the embedding is what was borrowed, bit by bit; then it learns."""
    training = unbroken["thawing"]
    tables = [training.checkpoint(epoch).weights[EMBEDDING] for epoch in (1, 2)]
    np.testing.assert_array_equal(tables[0], BORROWED)
    assert (tables[1] != BORROWED)[4:].mean() > 0.6
    dense = [training.checkpoint(epoch).weights["layers/dense/vars/0"] for epoch in (1, 2)]
    assert (dense[0] != dense[1]).all()


def test_ratios_are_set_before_the_training_and_stay(unbroken: dict[str, Reviewing]) -> None:
    """The bigrams' ratios are those of the reviews that are learnt from, in every epoch."""
    training = unbroken["thawing"]
    learn, _ = training.examples.split(0.3)
    expected = plain_ratios(learn, 40)
    for epoch in (1, 2):
        weights = training.checkpoint(epoch).weights
        np.testing.assert_allclose(weights["layers/bigrams/vars/2"], 250 * expected, rtol=1e-5)
        assert np.count_nonzero(weights["layers/bigrams/vars/0"]) > 10


def test_a_seed_decides_where_a_training_begins(make_reviews: MakeReviews) -> None:
    """The same seed gives the same first weights, another others."""
    first, same, other = (
        reviews.compiled(make_reviews(cell="gru", units=(3,), seed=seed).settings).get_weights()
        for seed in (1, 1, 2)
    )
    for mine, theirs in zip(first, same, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert np.abs(first[0] - other[0]).max() > 1e-3
