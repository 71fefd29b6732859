"""Training a network on what the average of words and pairs leaves over.

That average fits its own training reviews almost perfectly, so a network trained beside it would
find nothing left to learn. It is therefore trained first, on all but one part of the reviews for
each of some parts; the network then learns with each review's logit as the average that has not
seen it gives it (cross-fitting; stacking, Wolpert 1992).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from charrnn.classifiers import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples
from charrnn.presets.reviews import PRESETS
from charrnn.training.bigrams import BIGRAMS, scaled_ratios
from charrnn.training.callbacks import Stop
from charrnn.training.objective import compile_for
from charrnn.training.review_batches import steps_per_epoch, training_batches

Weights = dict[str, npt.NDArray[np.float32]]


def residual(
    learn: Examples,
    network: ClassifierConfig,
    config: ReviewTraining,
    interrupted: Callable[[], bool],
) -> tuple[Examples, Weights]:
    """The average's weights by all reviews, and the reviews with what corrects it for each.

    Args:
        learn: the training reviews, N of them, with their bigrams.
        network: a network with bigrams.
        config: its `folds` and `seed`.
        interrupted: asked after each step; true ends it.

    Returns:
        the reviews with corrections: the logit by an average that has not seen the review minus
        the one by that of all; and that one's weights by their path in a checkpoint.

    Raises:
        Interrupted: `interrupted` said so.
    """
    alone = ClassifierConfig(cell="none", units=(), bigrams=network.bigrams)
    random = np.random.default_rng(config.seed)
    fold = random.permutation(np.arange(len(learn)) % config.folds)
    stop = Stop(interrupted)
    weights, logits = _fit(learn, learn, alone, config.seed, stop)
    unseen = np.empty_like(logits)
    for place in range(config.folds):
        inside, outside = (np.flatnonzero(rows).tolist() for rows in (fold != place, fold == place))
        parts = learn.part(inside), learn.part(outside)
        _, unseen[outside] = _fit(*parts, alone, config.seed, stop)
    return replace(learn, corrections=unseen - logits), weights


def _fit(
    learn: Examples, judged: Examples, alone: ClassifierConfig, seed: int, stop: Stop
) -> tuple[Weights, npt.NDArray[np.float32]]:
    """Train the average on some reviews: its weights, and the logits of others, (N,)."""
    config = ReviewTraining(**PRESETS["bigrams"].training | {"seed": seed})
    model = compile_for(alone, config)
    learned, bias, _ = model.get_weights()
    model.set_weights([learned, bias, scaled_ratios(learn, alone.bigrams)])
    model.fit(
        training_batches(learn, alone, config, 0),
        steps_per_epoch=steps_per_epoch(learn, config),
        epochs=config.epochs,
        callbacks=[stop],
        shuffle=False,
        verbose=0,
    )
    learned, bias, ratio = model.get_weights()
    table = learned * ratio
    logits = [table[rows].mean() if len(rows) else 0 for rows in judged.bigrams or []] + bias
    return dict(zip(BIGRAMS, (learned, bias, ratio), strict=True)), logits.astype(np.float32)
