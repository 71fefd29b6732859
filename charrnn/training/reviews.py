"""The training of a review classifier, and what it is worth on the test reviews.

Shapes: N reviews, B batch, T tokens, V vocabulary, E embedding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import read_classifier
from charrnn.data.padding import Examples
from charrnn.networks import sentiment
from charrnn.runs import Run
from charrnn.settings import Finished, ReviewSettings
from charrnn.training.callbacks import Keeper, Listener
from charrnn.training.review_batches import batches_in_order, steps_per_epoch, training_batches
from charrnn.training.schedule import Schedule, Thaw
from charrnn.training.session import begin_or_go_on, session

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
_SIZE = 250.0  # about how many words and pairs a review has: an average of them is a sum over that

Borrowed = Mapping[str, npt.NDArray[np.float32]]
"""Path in a checkpoint to what a new training's weights begin as, for some of them."""


@dataclass(frozen=True)
class Score:
    """What a network is worth on some reviews: mean cross-entropy in nats, and accuracy."""

    loss: float
    accuracy: float


def train(
    run: Run,
    finished: Finished[ReviewSettings],
    examples: Examples,
    listener: Listener,
    interrupted: Callable[[], bool] = lambda: False,
    borrowed: Borrowed | None = None,
) -> None:
    """Train from the end of the last finished epoch to the last one of the settings.

    Args:
        run: the folder to write into; it is made if it isn't there.
        finished: the settings, and the results so far: none for a new training.
        examples: the training reviews; their last part validates.
        listener: told of each step and epoch.
        interrupted: asked after each step; true ends the training.
        borrowed: weights of another network that a new training begins with.

    Raises:
        Interrupted: `interrupted` said so. The epoch under way is kept in a file of its own.
        RunError: another process trains in the same folder.
        TrainingError: the loss is no longer a number, or the network is larger than the memory.
        OSError: the folder can't be written, or the disk is full.
    """
    network, config = finished.settings.network, finished.settings.training
    learn, validate = examples.split(config.validation)
    steps = steps_per_epoch(learn, config)
    with session(run, finished):
        model = compiled(finished.settings)
        _set_first_weights(model, finished.settings, learn, borrowed or {})
        begin_or_go_on(run, finished, model)
        model.fit(
            training_batches(learn, network, config, len(finished.results)),
            steps_per_epoch=steps,
            initial_epoch=len(finished.results),
            epochs=config.epochs,
            validation_data=batches_in_order(validate, network, config.batch_size),
            callbacks=[
                Thaw(config.frozen_epochs),
                Schedule(config, steps),
                Keeper(run, finished, listener, interrupted),
            ],
            shuffle=False,
            verbose=0,
        )


def evaluate(
    run: Run, settings: ReviewSettings, examples: Examples, epochs: Sequence[int]
) -> list[Score]:
    """The scores of these epochs' networks, in order."""
    model = compiled(settings)
    batches = batches_in_order(examples, settings.network, settings.training.batch_size)
    scores = []
    for epoch in epochs:
        weights = read_classifier(run.epoch_file(epoch)).weights
        model.set_weights(list(weights.values()))
        told = model.evaluate(batches, verbose=0, return_dict=True)
        scores.append(Score(float(told["cross_entropy"]), float(told["accuracy"])))
    return scores


def compiled(settings: ReviewSettings) -> Any:
    """The network of these settings, its weights drawn by their seed, ready for `fit`."""
    config = settings.training
    keras.utils.set_random_seed(config.seed)
    model = sentiment.build(settings.network, config.batch_size, config.precision)
    model.compile(
        optimizer=_OPTIMIZERS[config.optimizer](
            learning_rate=config.learning_rate, global_clipnorm=config.clip_norm or None
        ),
        # Of two logits each is trained by itself: together the faster would leave the other idle.
        loss=keras.losses.BinaryCrossentropy(from_logits=True, reduction="mean_with_sample_weight"),
        weighted_metrics=[
            keras.metrics.MeanMetricWrapper(_accuracy, name="accuracy"),
            keras.metrics.MeanMetricWrapper(_cross_entropy, name="cross_entropy"),
        ],
        jit_compile=False,  # XLA compiles the scans alone
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _accuracy(labels: Any, logits: Any) -> Any:
    """1 where the mean logit has the label's sign, else 0, (B,)."""
    positive = keras.ops.mean(logits, axis=-1) > 0
    return keras.ops.cast(keras.ops.equal(positive, labels[:, 0] > 0), "float32")


def _cross_entropy(labels: Any, logits: Any) -> Any:
    """Of the mean logit, (B,)."""
    logit = keras.ops.mean(logits, axis=-1)
    return keras.ops.softplus(logit) - labels[:, 0] * logit


def _set_first_weights(
    model: Any, settings: ReviewSettings, learn: Examples, borrowed: Borrowed
) -> None:
    """What does not begin by chance: borrowed weights, and the ratios of words and pairs."""
    paths = settings.network.weight_shapes()
    first = dict(zip(paths, model.get_weights(), strict=True))
    if learn.bigrams is not None:
        ratios = log_count_ratios(learn.bigrams, learn.labels, settings.network.bigrams)
        first |= {"layers/bigrams/vars/2": _SIZE * ratios}
    model.set_weights(list((first | dict(borrowed)).values()))


def log_count_ratios(
    reviews: Sequence[npt.NDArray[np.int32]], labels: npt.NDArray[np.int8], rows: int
) -> npt.NDArray[np.float32]:
    """How much more often a row is in positive reviews than in negative ones, as Naive Bayes.

    log((p + 1) / |p + 1|) - log((n + 1) / |n + 1|) with p and n the numbers of positive and of
    negative reviews that a row is in, |.| the sum over rows (Wang & Manning 2012, equation 1).

    Args:
        reviews: the rows of each, each row once.
        labels: 1 for positive, 0 for negative, shape (N,).
        rows: of the table.

    Returns:
        shape (rows,), 0 for row 0, which is padding.
    """
    counts = []
    for label in (1, 0):
        places = [row for row, of in zip(reviews, labels, strict=True) if of == label]
        seen = np.concatenate([*places, np.empty(0, np.int32)])
        count = np.bincount(seen.astype(np.int64), minlength=rows) + 1.0
        counts.append(np.log(count / count.sum()))
    ratios = (counts[0] - counts[1]).astype(np.float32)
    ratios[0] = 0
    return np.asarray(ratios)
