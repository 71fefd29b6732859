"""The training of a review classifier, and what it is worth on the test reviews.

Shapes: N reviews, B batch, T tokens.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from charrnn.checkpoint import read_classifier
from charrnn.classifiers import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples, in_batches, pad
from charrnn.networks import sentiment
from charrnn.runs import Run
from charrnn.settings import Finished, ReviewSettings
from charrnn.training.callbacks import Keeper, Listener
from charrnn.training.pipeline import pipeline
from charrnn.training.session import begin_or_go_on, session

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}

Batch = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Ids (B, T), labels (B, 1), and weights (B,): 0 for a row that only fills the batch up."""


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
    embedding: npt.NDArray[np.float32] | None = None,
) -> None:
    """Train from the end of the last finished epoch to the last one of the settings.

    Args:
        run: the folder to write into; it is made if it isn't there.
        finished: the settings, and the results so far: none for a new training.
        examples: the training reviews; their last part validates.
        listener: told of each step and epoch.
        interrupted: asked after each step; true ends the training.
        embedding: what a new training's embedding begins as, (V, E); None for chance.

    Raises:
        Interrupted: `interrupted` said so. The epoch under way is kept in a file of its own.
        RunError: another process trains in the same folder.
        TrainingError: the loss is no longer a number, or the network is larger than the memory.
        OSError: the folder can't be written, or the disk is full.
    """
    network, config = finished.settings.network, finished.settings.training
    learn, validate = examples.split(config.validation)
    with session(run, finished):
        model = compiled(finished.settings)
        if embedding is not None:
            _embedding(model).set_weights([embedding])
        begin_or_go_on(run, finished, model)
        model.fit(
            _training_batches(learn, network, config, len(finished.results)),
            steps_per_epoch=steps_per_epoch(learn, config),
            initial_epoch=len(finished.results),
            epochs=config.epochs,
            validation_data=_in_order(validate, network, config.batch_size),
            callbacks=[Thaw(config.frozen_epochs), Keeper(run, finished, listener, interrupted)],
            shuffle=False,
            verbose=0,
        )


def steps_per_epoch(learn: Examples, config: ReviewTraining) -> int:
    """How many batches the reviews give; the last may be filled up."""
    return -(-len(learn) // config.batch_size)


def evaluate(
    run: Run, settings: ReviewSettings, examples: Examples, epochs: list[int]
) -> list[Score]:
    """The scores of these epochs' networks, in order."""
    model = compiled(settings)
    batches = _in_order(examples, settings.network, settings.training.batch_size)
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
        optimizer=_OPTIMIZERS[config.optimizer](learning_rate=config.learning_rate),
        loss=keras.losses.BinaryCrossentropy(from_logits=True, reduction="mean_with_sample_weight"),
        weighted_metrics=[
            keras.metrics.BinaryAccuracy(name="accuracy", threshold=0),
            keras.metrics.BinaryCrossentropy(name="cross_entropy", from_logits=True),
        ],
        jit_compile=False,  # XLA compiles the scans alone
    )
    model.optimizer.build(model.trainable_variables)
    return model


class Thaw(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the embedding as it is for the first epochs.

    The optimizer was built for all variables before, so that a resume finds the same ones.

    Args:
        epochs: how many.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Freeze or thaw where that is due."""
        learns = epoch >= self._epochs
        if _embedding(self.model).trainable != learns:
            _embedding(self.model).trainable = learns
            self.model.make_train_function(force=True)


def _embedding(model: Any) -> Any:
    return next(layer for layer in model.layers if isinstance(layer, keras.layers.Embedding))


def _training_batches(
    learn: Examples, network: ClassifierConfig, config: ReviewTraining, first_epoch: int
) -> Any:
    """Endless batches from epoch `first_epoch` on; their order depends on seed and epoch."""

    def batches() -> Iterator[Batch]:
        for epoch in count(first_epoch):
            random = np.random.default_rng([config.seed, epoch])
            for rows in in_batches(
                learn.lengths, config.batch_size, random, not network.max_length
            ):
                yield _batch(learn, rows, network, config.batch_size)

    return pipeline(batches, _specification(network, config.batch_size))


def _in_order(examples: Examples, network: ClassifierConfig, batch_size: int) -> Any:
    """Each review once."""
    places = in_batches(examples.lengths, batch_size, None, not network.max_length)
    batches = pipeline(
        lambda: (_batch(examples, rows, network, batch_size) for rows in places),
        _specification(network, batch_size),
    )
    return batches.apply(tf.data.experimental.assert_cardinality(len(places)))


def _batch(
    examples: Examples, rows: npt.NDArray[np.int64], network: ClassifierConfig, batch_size: int
) -> Batch:
    filled = np.resize(rows, batch_size)
    ids = pad([examples.ids[row] for row in filled], network.padding, network.input_length)
    weights = (np.arange(batch_size) < len(rows)).astype(np.float32)
    return ids, examples.labels[filled, np.newaxis].astype(np.float32), weights


def _specification(network: ClassifierConfig, batch_size: int) -> Any:
    ids = tf.TensorSpec((batch_size, network.input_length), tf.int32)
    labels, weights = (tf.TensorSpec((batch_size, *rest), tf.float32) for rest in ((1,), ()))
    return ids, labels, weights
