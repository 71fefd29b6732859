"""A classifier's optimizer, loss and metrics."""

import math

import keras
import numpy as np
import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.training.objective import compile_classifier, cross_entropy

AVERAGE = ClassifierConfig(vocabulary_size=12, embedding=3, cell="average", units=())


@pytest.mark.parametrize(
    ("name", "kind", "clip_norm"), [("adam", "Adam", 0.7), ("rmsprop", "RMSprop", 0.0)]
)
def test_the_optimizer_is_as_configured(name: str, kind: str, clip_norm: float) -> None:
    """Adam or RMSprop, with the learning rate and the clipping that were set."""
    config = ReviewTraining(optimizer=name, learning_rate=0.03, clip_norm=clip_norm)
    optimizer = compile_classifier(AVERAGE, config).optimizer
    assert type(optimizer).__name__ == kind
    assert float(optimizer.learning_rate) == pytest.approx(0.03)
    assert optimizer.global_clipnorm == (clip_norm or None)
    assert optimizer.built


def test_cross_entropy_adds_the_correction_to_the_logit() -> None:
    """Each review's loss is log(1 + exp(-z)) of the logit with its label's sign, in nats."""
    labels, corrections, logits = [1, 0, 1, 0], [0.0, 0.0, 2.0, -0.5], [0.3, 0.3, -1.5, 40.0]
    targets = np.array([labels, corrections], np.float32).T
    losses = cross_entropy(targets, np.array(logits, np.float32)[:, None])
    assert losses.shape == (4,)
    expected = [
        math.log1p(math.exp(-(1 if label else -1) * (logit + correction)))
        for label, correction, logit in zip(labels, corrections, logits, strict=True)
    ]
    assert losses.numpy().tolist() == pytest.approx(expected, abs=1e-6)


def test_accuracy_counts_corrected_logits() -> None:
    """A review counts as right if the corrected logit has its label's sign; 0 is negative."""
    model = compile_classifier(AVERAGE, ReviewTraining())
    logits = keras.ops.convert_to_tensor([[1.0], [1.0], [-1.0], [0.0], [-1.0]])
    targets = keras.ops.convert_to_tensor(
        [[1.0, 0.0], [0.0, -2.0], [1.0, 3.0], [0.0, 0.0], [1.0, 0.0]]
    )
    model.compute_metrics(None, targets, logits)
    model.reset_metrics()
    metrics = model.compute_metrics(None, targets, logits)
    assert float(metrics["accuracy"]) == pytest.approx(4 / 5)


@pytest.mark.parametrize(("folds", "learns"), [(0, True), (3, False)])
def test_bigrams_fitted_before_do_not_learn(folds: int, learns: bool) -> None:
    """The average that was cross-fitted is fixed beside its network; otherwise it learns too."""
    network = ClassifierConfig(
        vocabulary_size=12, embedding=3, cell="average", units=(), mask=True, bigrams=40
    )
    model = compile_classifier(network, ReviewTraining(folds=folds))
    assert model.get_layer("bigrams").trainable is learns
