"""Training a review classifier, and measuring it on the test reviews.

Shapes: N reviews, B batch, T tokens, V vocabulary, E embedding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from charrnn.data.padding import Examples
from charrnn.runs.checkpoint import read_classifier
from charrnn.runs.recipe import Progress, ReviewRecipe
from charrnn.runs.run import Run
from charrnn.training import loop
from charrnn.training.bigrams import BIGRAMS, compute_ratios
from charrnn.training.listener import Listener
from charrnn.training.loop import Material
from charrnn.training.objective import compile_classifier
from charrnn.training.residual import fit_residual
from charrnn.training.review_batches import make_ordered_batches, make_training_batches
from charrnn.training.schedule import Thaw
from charrnn.training.stop import AskStop

Borrowed = Mapping[str, npt.NDArray[np.float32]]
"""Path in a checkpoint to what a new run's weights begin as, for some of them."""


@dataclass(frozen=True)
class ReviewScore:
    """How a network does on some reviews: mean cross-entropy in nats, and accuracy."""

    loss: float
    accuracy: float


def train(
    run: Run,
    progress: Progress[ReviewRecipe],
    learn: Examples,
    validate: Examples,
    steps: int,
    listener: Listener,
    interrupted: AskStop = lambda: False,
    borrowed: Borrowed | None = None,
) -> None:
    """Train on reviews; errors are those of `charrnn.training.loop.train`.

    Args:
        run: the folder to write into.
        progress: the recipe, and the results so far.
        learn: the reviews to learn from.
        validate: the reviews to choose the best epoch by.
        steps: how many batches an epoch has, by `review_batches.count_steps`.
        listener: called at each step and epoch.
        interrupted: called after each step; true ends the run.
        borrowed: weights of another network that a new run begins with.
    """

    def prepare() -> Material:
        return _prepare(progress, learn, validate, steps, interrupted, borrowed or {})

    loop.train(run, progress, prepare, listener, interrupted)


def evaluate(
    run: Run, recipe: ReviewRecipe, examples: Examples, epochs: Iterable[int]
) -> dict[int, ReviewScore]:
    """The scores of these epochs' networks."""
    model = compile_model(recipe)
    batches = make_ordered_batches(examples, recipe.network, recipe.training.batch_size)
    scores = {}
    for epoch in epochs:
        weights = read_classifier(run.epoch_file(epoch)).weights
        model.set_weights(list(weights.values()))
        logs = model.evaluate(batches, verbose=0, return_dict=True)
        scores[epoch] = ReviewScore(float(logs["cross_entropy"]), float(logs["accuracy"]))
    return scores


def compile_model(recipe: ReviewRecipe) -> Any:
    """A recipe's network, its weights initialized by its seed, ready for `fit`."""
    keras.utils.set_random_seed(recipe.training.seed)
    return compile_classifier(recipe.network, recipe.training)


def _prepare(
    progress: Progress[ReviewRecipe],
    learn: Examples,
    validate: Examples,
    steps: int,
    interrupted: AskStop,
    borrowed: Borrowed,
) -> Material:
    network, config = progress.recipe.network, progress.recipe.training
    first = dict(borrowed)
    if config.folds:
        learn, bigrams = fit_residual(learn, network, config, interrupted)
        first |= bigrams
    model = compile_model(progress.recipe)
    model.set_weights(_first_weights(model, progress.recipe, learn, first))
    return Material(
        model,
        partial(make_training_batches, learn, network, config),
        steps,
        len(learn),
        make_ordered_batches(validate, network, config.batch_size),
        [Thaw(config.frozen_epochs)],
    )


def _first_weights(
    model: Any, recipe: ReviewRecipe, learn: Examples, borrowed: Borrowed
) -> list[npt.NDArray[np.float32]]:
    """The model's own, except for what is borrowed and for the ratios of words and pairs."""
    paths = recipe.network.weight_shapes()
    first = dict(zip(paths, model.get_weights(), strict=True)) | dict(borrowed)
    if learn.bigrams is not None and BIGRAMS[0] not in borrowed:
        first[BIGRAMS[2]] = compute_ratios(learn, recipe.network.bigrams)
    return list(first.values())
