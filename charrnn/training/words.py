"""The training of a word model on the reviews' own text.

Shapes: N words, B streams, T words of a window.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from charrnn.classifiers import ReviewTraining
from charrnn.data.vocabulary import Ids
from charrnn.data.words import START
from charrnn.errors import ReviewsError
from charrnn.networks import word_model
from charrnn.runs import Run
from charrnn.settings import Finished, WordSettings
from charrnn.training.callbacks import Keeper, Listener
from charrnn.training.pipeline import pipeline
from charrnn.training.schedule import Schedule
from charrnn.training.session import begin_or_go_on, session

LENGTH = 100  # T
DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.003,
    "schedule": "cosine",
    "clip_norm": 5.0,
    "batch_size": 64,
    "epochs": 2,
    "validation": 0.1,
}
"""What a word model's training differs in from a classifier's."""
_VALIDATED = 3  # windows, with all words as candidates


def train(
    run: Run,
    finished: Finished[WordSettings],
    reviews: Sequence[Ids],
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
) -> None:
    """Train from the end of the last finished epoch to the last one of the settings.

    Args:
        run: the folder to write into; it is made if it isn't there.
        finished: the settings, and the results so far: none for a new training.
        reviews: ids of the training reviews; their last part validates.
        listener: told of each step and epoch.
        interrupted: asked after each step; true ends the training.

    Raises:
        Interrupted, RunError, TrainingError, OSError: as in `charrnn.training.train.train`.
        ReviewsError: the reviews are too few for a batch.
    """
    config = finished.settings.training
    learn, validate = split(reviews, config.validation)
    windows, checks = (streams(part, config.batch_size) for part in (learn, validate))
    steps = steps_per_epoch(learn, config.batch_size)
    with session(run, finished):
        model = compiled(finished.settings)
        begin_or_go_on(run, finished, model)
        model.fit(
            _training_batches(windows, config.seed, len(finished.results)),
            steps_per_epoch=steps,
            initial_epoch=len(finished.results),
            epochs=config.epochs,
            validation_data=_first_batches(checks),
            callbacks=[Schedule(config, steps), Keeper(run, finished, listener, interrupted)],
            shuffle=False,
            verbose=0,
        )


def compiled(settings: WordSettings) -> Any:
    """The network of these settings, its weights drawn by their seed, ready for `fit`."""
    config = settings.training
    keras.utils.set_random_seed(config.seed)
    model = word_model.build(settings.network, config.batch_size, LENGTH)
    optimizer = keras.optimizers.Adam(
        learning_rate=config.learning_rate, global_clipnorm=config.clip_norm or None
    )
    model.compile(optimizer=optimizer, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def split(reviews: Sequence[Ids], validation: float) -> tuple[Ids, Ids]:
    """The reviews one after the other, each with a start: the first ones, and the last part."""
    border = int(len(reviews) * (1 - validation))
    return _text(reviews[:border]), _text(reviews[border:])


def check(reviews: Sequence[Ids], config: ReviewTraining) -> None:
    """Complain where a part of the reviews gives no batch.

    Raises:
        ReviewsError: so it is.
    """
    for name, part in zip(
        ("train on", "validate on"), split(reviews, config.validation), strict=True
    ):
        if steps_per_epoch(part, config.batch_size) < 1:
            raise ReviewsError(
                f"{len(part):,} words to {name} are too few: it takes {2 * LENGTH:,} for each of "
                f"--batch-size {config.batch_size}; give more reviews, or lower that"
            )


def steps_per_epoch(text: Ids, batch_size: int) -> int:
    """How many batches of windows a text (N,) gives when the first window begins anywhere."""
    return (len(text) // batch_size - LENGTH) // LENGTH


def streams(text: Ids, batch_size: int) -> Ids:
    """A text (N,) cut into B contiguous streams, (B, N // B)."""
    length = len(text) // batch_size
    return text[: batch_size * length].reshape(batch_size, length)


def _text(reviews: Sequence[Ids]) -> Ids:
    parts = [ids if len(ids) and ids[0] == START else [START, *ids] for ids in reviews]
    return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32)


def _training_batches(text: Ids, seed: int, first_epoch: int) -> Any:
    """Endless windows (B, T); where the first begins and their order change with the epoch."""
    steps = steps_per_epoch(text.ravel(), len(text))

    def batches() -> Iterator[tuple[Ids]]:
        for epoch in count(first_epoch):
            random = np.random.default_rng([seed, epoch])
            first = random.integers(LENGTH)
            for window in random.permutation(steps):
                start = first + window * LENGTH
                yield (text[:, start : start + LENGTH],)

    return pipeline(batches, (tf.TensorSpec((len(text), LENGTH), tf.int32),))


def _first_batches(text: Ids) -> Any:
    windows = min(_VALIDATED, text.shape[1] // LENGTH)
    batches = pipeline(
        lambda: ((text[:, at * LENGTH : (at + 1) * LENGTH],) for at in range(windows)),
        (tf.TensorSpec((len(text), LENGTH), tf.int32),),
    )
    return batches.apply(tf.data.experimental.assert_cardinality(windows))
