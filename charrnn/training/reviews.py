"""The training of a review classifier, and what it is worth on the test reviews.

Shapes: N reviews, B batch, T tokens, V vocabulary, E embedding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import read_classifier
from charrnn.data.padding import Examples
from charrnn.runs import Run
from charrnn.settings import Finished, ReviewSettings
from charrnn.training.bigrams import BIGRAMS, scaled_ratios
from charrnn.training.callbacks import Keeper, Listener
from charrnn.training.objective import compile_for
from charrnn.training.residual import residual
from charrnn.training.review_batches import batches_in_order, steps_per_epoch, training_batches
from charrnn.training.schedule import Schedule, Thaw
from charrnn.training.session import begin_or_go_on, session

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
        first = dict(borrowed or {})
        if config.folds:
            learn, bigrams = residual(learn, network, config, interrupted)
            first |= bigrams
        model = compiled(finished.settings)
        model.set_weights(_first_weights(model, finished.settings, learn, first))
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
    run: Run, settings: ReviewSettings, examples: Examples, epochs: Iterable[int]
) -> dict[int, Score]:
    """The scores of these epochs' networks."""
    model = compiled(settings)
    batches = batches_in_order(examples, settings.network, settings.training.batch_size)
    scores = {}
    for epoch in epochs:
        weights = read_classifier(run.epoch_file(epoch)).weights
        model.set_weights(list(weights.values()))
        told = model.evaluate(batches, verbose=0, return_dict=True)
        scores[epoch] = Score(float(told["cross_entropy"]), float(told["accuracy"]))
    return scores


def compiled(settings: ReviewSettings) -> Any:
    """The network of these settings, its weights drawn by their seed, ready for `fit`."""
    keras.utils.set_random_seed(settings.training.seed)
    return compile_for(settings.network, settings.training)


def _first_weights(
    model: Any, settings: ReviewSettings, learn: Examples, borrowed: Borrowed
) -> list[npt.NDArray[np.float32]]:
    """The model's own, but for what is borrowed and for the ratios of words and pairs."""
    paths = settings.network.weight_shapes()
    first = dict(zip(paths, model.get_weights(), strict=True)) | dict(borrowed)
    if learn.bigrams is not None and BIGRAMS[0] not in borrowed:
        first[BIGRAMS[2]] = scaled_ratios(learn, settings.network.bigrams)
    return list(first.values())
