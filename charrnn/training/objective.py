"""A classifier ready for `fit`: its loss, its metrics and its optimizer."""

from typing import Any

import keras
import tensorflow as tf

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.networks.classifier import build_model

_OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}


def compile_classifier(network: ClassifierConfig, config: ReviewTraining) -> Any:
    """A new network that learns from batches as `review_batches` gives them."""
    model = build_model(network, config.batch_size, config.precision)
    if config.folds:  # the bigrams were trained before
        model.get_layer("bigrams").trainable = False
    model.compile(
        optimizer=_OPTIMIZERS[config.optimizer](
            learning_rate=config.learning_rate, global_clipnorm=config.clip_norm or None
        ),
        loss=cross_entropy,
        weighted_metrics=[
            keras.metrics.MeanMetricWrapper(_accuracy, name="accuracy"),
            keras.metrics.MeanMetricWrapper(cross_entropy, name="cross_entropy"),
        ],
        jit_compile=False,  # XLA compiles the scans alone
    )
    model.optimizer.build(model.trainable_variables)
    _build_metrics(model, config.batch_size)
    return model


def _build_metrics(model: Any, batch_size: int) -> None:
    """Have Keras make the metrics' variables now: a resume within an epoch restores them."""
    targets, logits = tf.zeros((batch_size, 2)), tf.zeros((batch_size, 1))
    model.compute_metrics(None, targets, logits, tf.ones(batch_size))
    model.reset_metrics()


def cross_entropy(targets: Any, logits: Any) -> Any:
    """In nats, (B,), of targets (B, 2), label and correction, and logits (B, 1)."""
    label, logit = targets[:, 0], logits[:, 0] + targets[:, 1]
    return tf.nn.sigmoid_cross_entropy_with_logits(label, logit)


def _accuracy(targets: Any, logits: Any) -> Any:
    """1 if the logit has the label's sign, else 0, (B,)."""
    positive = logits[:, 0] + targets[:, 1] > 0
    return tf.cast(tf.equal(positive, targets[:, 0] > 0), tf.float32)
