"""Small runs that learn from reviews: classifiers, and models of the reviews' words."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from charrnn.config.fields import select_fields
from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.data.padding import Examples, hash_bigrams
from charrnn.data.vocabulary import Ids
from charrnn.data.words import START, Words
from charrnn.runs.checkpoint import Classifier, read_classifier
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import Progress, ReviewRecipe, WordRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from tests.support.training import Recording

WORDS = Words(["so", "and", "good", "bad", "film", "it", "was", "the"])
GOOD, BAD = 6, 7
VALIDATION = 0.3
"""Of the reviews, the last part."""


def make_examples(count: int = 30, bigrams: int = 0, mislabelled: int = 0) -> Examples:
    """Reviews of 2 to 6 words, good and bad in turn; the last `mislabelled` labels are wrong."""
    random = np.random.default_rng(0)
    ids = []
    for place in range(count):
        review = random.choice([4, 5, 8, 9, 10, 11], random.integers(1, 6)).tolist()
        review.insert(random.integers(len(review) + 1), BAD if place % 2 else GOOD)
        ids.append(np.array(review, np.int32))
    labels = (np.arange(count) % 2 == 0).astype(np.int8)
    labels[count - mislabelled :] = 1 - labels[count - mislabelled :]
    hashed = [hash_bigrams(review, bigrams) for review in ids] if bigrams else None
    return Examples(ids, labels, hashed)


@dataclass
class SmallReviewRun:
    """A classifier's run that can be started and resumed."""

    run: Run
    recipe: ReviewRecipe
    examples: Examples
    recording: Recording = field(default_factory=Recording)

    @property
    def parts(self) -> tuple[Examples, Examples]:
        """The reviews to learn from, and those to validate on."""
        return self.examples.split(VALIDATION)

    def start(self, interrupted: Callable[[], bool] = lambda: False, borrowed: Any = None) -> None:
        self._train(Progress(self.recipe, []), interrupted, borrowed)

    def resume(self, **changes: Any) -> None:
        progress = read_progress(self.run, ReviewRecipe)
        training = replace(progress.recipe.training, **changes)
        recipe = replace(progress.recipe, training=training)
        self._train(replace(progress, recipe=recipe), lambda: False, None)

    def checkpoint(self, epoch: int) -> Classifier:
        return read_classifier(self.run.epoch_file(epoch))

    def _train(
        self, progress: Progress[ReviewRecipe], interrupted: Callable[[], bool], borrowed: Any
    ) -> None:
        from charrnn.training.review_batches import count_steps
        from charrnn.training.reviews import train

        learn, validate = self.parts
        steps = count_steps(learn, progress.recipe.training)
        train(self.run, progress, learn, validate, steps, self.recording, interrupted, borrowed)


class MakeReviewRun(Protocol):
    """Prepares a run in a folder of its own; names of settings are those of the configurations."""

    def __call__(self, examples: Examples | None = None, **values: Any) -> SmallReviewRun: ...


def prepare_review_run(
    folder: Path, examples: Examples | None, values: dict[str, Any]
) -> SmallReviewRun:
    """A run of a tiny classifier, an average over time unless another is asked for."""
    network: dict[str, Any] = {
        "vocabulary_size": len(WORDS),
        "embedding": 3,
        "cell": "average",
        "units": (),
        "max_length": 6,
    } | select_fields(ClassifierConfig, values)
    plan: dict[str, Any] = {"batch_size": 4, "epochs": 2, "validation": VALIDATION}
    rest = {name: value for name, value in values.items() if name not in network}
    recipe = ReviewRecipe(
        ClassifierConfig(**network),
        ReviewTraining(**plan | rest),
        WORDS,
        preset="lstm-32",
        changes="",
        sources=(),
        corpus="test",
        corpus_sha256="0" * 64,
    )
    examples = examples or make_examples(bigrams=network.get("bigrams", 0))
    return SmallReviewRun(Run(folder, CLASSIFIER), recipe, examples)


def make_word_recipe(**values: Any) -> WordRecipe:
    """How a tiny word model learns."""
    plan: dict[str, Any] = {
        "batch_size": 2,
        "epochs": 2,
        "validation": VALIDATION,
        "schedule": "cosine",
        "learning_rate": 0.05,
    }
    network = WordModelConfig(len(WORDS), 4, "rnn", 5)
    return WordRecipe(network, ReviewTraining(**plan | values), WORDS, (), "test", "0" * 64)


def make_word_reviews(count: int = 14) -> list[Ids]:
    """Reviews that all consist of the same words in the same order."""
    return [np.array([START, *range(4, 12)] * 2, np.int32) for _ in range(count)]


def calculate_ratios(examples: Examples, rows: int) -> Any:
    """Wang & Manning's equation 1 with smoothing of 1, a row at a time."""
    assert examples.bigrams is not None
    sides = {0: [1] * rows, 1: [1] * rows}
    for review, label in zip(examples.bigrams, examples.labels.tolist(), strict=True):
        for row in review.tolist():
            sides[label][row] += 1
    ratios = [
        math.log(p / sum(sides[1])) - math.log(n / sum(sides[0]))
        for p, n in zip(sides[1], sides[0], strict=True)
    ]
    return np.array([0, *ratios[1:]])
