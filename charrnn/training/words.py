"""Training a word model on the reviews' own text.

Shapes: N words, B streams, T words of a window.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from charrnn.config.reviews import ReviewTraining
from charrnn.data.vocabulary import Ids
from charrnn.data.words import START
from charrnn.errors import ReviewsError, say_count
from charrnn.networks.word_model import build_model
from charrnn.runs.recipe import Progress, WordRecipe
from charrnn.runs.run import Run
from charrnn.training import loop
from charrnn.training.listener import Listener
from charrnn.training.loop import Material
from charrnn.training.pipeline import make_pipeline
from charrnn.training.stop import AskStop

LENGTH = 100  # T
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.003,
    "schedule": "cosine",
    "clip_norm": 5.0,
    "batch_size": 64,
    "epochs": 2,
    "validation": 0.1,
}
"""How a word model's training differs from a classifier's."""
_VALIDATED = 3  # windows, with all words as candidates


def train(
    run: Run,
    progress: Progress[WordRecipe],
    learn: Ids,
    validate: Ids,
    steps: int,
    listener: Listener,
    interrupted: AskStop = lambda: False,
) -> None:
    """Train on words; errors are those of `charrnn.training.loop.train`.

    Args:
        run: the folder to write into.
        progress: the recipe, and the results so far.
        learn: the words to learn from, shape (N,).
        validate: the words to validate on, shape (N,).
        steps: how many batches an epoch has, by `count_steps`.
        listener: called at each step and epoch.
        interrupted: called after each step; true ends the run.
    """

    def prepare() -> Material:
        config = progress.recipe.training
        windows, checks = (cut_streams(part, config.batch_size) for part in (learn, validate))
        return Material(
            compile_model(progress.recipe),
            partial(_make_training_batches, windows, config.seed),
            steps,
            steps * config.batch_size * LENGTH,
            _make_first_batches(checks),
        )

    loop.train(run, progress, prepare, listener, interrupted)


def compile_model(recipe: WordRecipe) -> Any:
    """A recipe's network, its weights initialized by its seed, ready for `fit`."""
    config = recipe.training
    keras.utils.set_random_seed(config.seed)
    model = build_model(recipe.network, config.batch_size, LENGTH)
    optimizer = keras.optimizers.Adam(
        learning_rate=config.learning_rate, global_clipnorm=config.clip_norm or None
    )
    model.compile(optimizer=optimizer, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def split_reviews(reviews: Sequence[Ids], config: ReviewTraining) -> tuple[Ids, Ids]:
    """The reviews one after the other, each with a start: those to learn from, and the last part.

    Raises:
        ReviewsError: a part gives no batch.
    """
    border = int(len(reviews) * (1 - config.validation))
    parts = _join(reviews[:border]), _join(reviews[border:])
    for purpose, part in zip(("train", "validate"), parts, strict=True):
        if count_steps(part, config.batch_size) < 1:
            raise ReviewsError(
                f"{say_count(len(part), 'word')} to {purpose} on: too few, as it takes "
                f"{2 * LENGTH:,} for each of {config.batch_size} streams; give more "
                "reviews, or a smaller `batch_size`"
            )
    return parts


def count_steps(text: Ids, batch_size: int) -> int:
    """How many batches of windows a text (N,) gives, wherever the first window begins."""
    return (len(text) // batch_size - LENGTH) // LENGTH


def cut_streams(text: Ids, batch_size: int) -> Ids:
    """A text (N,) cut into B contiguous streams, (B, N // B)."""
    length = len(text) // batch_size
    return text[: batch_size * length].reshape(batch_size, length)


def _join(reviews: Sequence[Ids]) -> Ids:
    parts = [ids if len(ids) and ids[0] == START else [START, *ids] for ids in reviews]
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)


def _make_training_batches(text: Ids, seed: int, epoch: int, step: int = 0) -> Any:
    """Endless windows (B, T), from a step of an epoch on.

    Each epoch begins them elsewhere, and in another order.
    """
    steps = count_steps(text.ravel(), len(text))

    def batches() -> Iterator[tuple[Ids]]:
        for number in count(epoch):
            random = np.random.default_rng([seed, number])
            first = random.integers(LENGTH)
            for window in random.permutation(steps)[step if number == epoch else 0 :]:
                start = first + window * LENGTH
                yield (text[:, start : start + LENGTH],)

    return make_pipeline(batches, (tf.TensorSpec((len(text), LENGTH), tf.int32),))


def _make_first_batches(text: Ids) -> Any:
    windows = min(_VALIDATED, text.shape[1] // LENGTH)
    batches = make_pipeline(
        lambda: ((text[:, at * LENGTH : (at + 1) * LENGTH],) for at in range(windows)),
        (tf.TensorSpec((len(text), LENGTH), tf.int32),),
    )
    return batches.apply(tf.data.experimental.assert_cardinality(windows))
