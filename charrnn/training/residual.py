"""Training a network on what the average of words and pairs leaves over.

That average fits its own training reviews almost perfectly, so a network trained beside it would
find nothing left to learn. The average is therefore trained first, once for each of some parts of
the reviews, on all but that part. The network then learns beside the logit that an average gives
to a review it has not seen (cross-fitting; stacking, Wolpert 1992).
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from charrnn.config.reviews import BIGRAMS_ALONE, ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples
from charrnn.training.bigrams import BIGRAMS, TRAINING, compute_ratios
from charrnn.training.objective import compile_classifier
from charrnn.training.review_batches import count_steps, make_training_batches
from charrnn.training.stop import AskStop, StopWithoutTrace

Weights = dict[str, npt.NDArray[np.float32]]


def fit_residual(
    learn: Examples,
    network: ClassifierConfig,
    config: ReviewTraining,
    interrupted: AskStop,
) -> tuple[Examples, Weights]:
    """Train the average, and find what corrects it for each review.

    Args:
        learn: the training reviews, N of them, with their bigrams.
        network: a network with bigrams.
        config: its `folds` and `seed`.
        interrupted: called after each step; true ends it.

    Returns:
        the reviews with corrections: the logit by an average that has not seen the review minus
        the one by that of all; and that one's weights by their path in a checkpoint.

    Raises:
        Interrupted: `interrupted` returned true.
    """
    alone = ClassifierConfig(cell=BIGRAMS_ALONE, units=(), bigrams=network.bigrams)
    random = np.random.default_rng(config.seed)
    fold = random.permutation(np.arange(len(learn)) % config.folds)
    stop = StopWithoutTrace(interrupted)
    weights, logits = _fit(learn, learn, alone, config.seed, stop)
    unseen = np.empty_like(logits)
    for place in range(config.folds):
        inside, outside = (np.flatnonzero(rows).tolist() for rows in (fold != place, fold == place))
        parts = learn.select(inside), learn.select(outside)
        _, unseen[outside] = _fit(*parts, alone, config.seed, stop)
    return replace(learn, corrections=unseen - logits), weights


def _fit(
    learn: Examples, judged: Examples, alone: ClassifierConfig, seed: int, stop: StopWithoutTrace
) -> tuple[Weights, npt.NDArray[np.float32]]:
    """Train the average on some reviews: its weights, and the logits of others, (N,)."""
    config = ReviewTraining(**TRAINING | {"seed": seed})
    model = compile_classifier(alone, config)
    learned, bias, _ = model.get_weights()
    model.set_weights([learned, bias, compute_ratios(learn, alone.bigrams)])
    model.fit(
        make_training_batches(learn, alone, config, 0),
        steps_per_epoch=count_steps(learn, config),
        epochs=config.epochs,
        callbacks=[stop],
        shuffle=False,
        verbose=0,
    )
    learned, bias, ratio = model.get_weights()
    table = learned * ratio
    logits = [table[rows].mean() if len(rows) else 0 for rows in judged.bigrams or []] + bias
    return dict(zip(BIGRAMS, (learned, bias, ratio), strict=True)), logits.astype(np.float32)
