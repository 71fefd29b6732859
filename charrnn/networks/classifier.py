"""The review classifiers: token ids in, the logit of "positive" out.

Shapes: B batch, T tokens, W width.
"""

from typing import Any

import keras
import tensorflow as tf

from charrnn.config.reviews import ClassifierConfig
from charrnn.networks.layers import Embedding, look_up
from charrnn.networks.recurrent import LAYERS
from charrnn.networks.registry import register


def build_model(config: ClassifierConfig, batch_size: int, precision: str = "float32") -> Any:
    """Build an untrained classifier.

    Args:
        config: the network.
        batch_size: B.
        precision: what the recurrent layers' products and their factors are rounded to.

    Returns:
        a `keras.Model` from ids (B, T), or rows of bigrams (B, N), or a list of both, to logits
        (B, 1), whose sigmoid is a probability. With both inputs, their two logits are added.
    """
    inputs, logits = [], []
    if config.reads_sequence:
        ids = keras.Input(batch_shape=(batch_size, config.input_length), dtype="int32")
        inputs.append(ids)
        logits.append(keras.layers.Dense(1)(_extract_features(config, ids, precision)))
    if config.bigrams:
        rows = keras.Input(batch_shape=(batch_size, None), dtype="int32")
        inputs.append(rows)
        logits.append(Bigrams(config.bigrams, name="bigrams")(rows))
    if len(inputs) == 1:
        return keras.Model(inputs[0], logits[0])
    return keras.Model(inputs, keras.layers.Add()(logits))


def _extract_features(config: ClassifierConfig, ids: Any, precision: str) -> Any:
    """Build all layers but the last; their output is (B, W)."""
    batch_size = ids.shape[0]
    signal = Embedding(config.vocabulary_size, config.embedding, mask_zero=config.mask)(ids)
    if config.word_dropout:
        noise = (batch_size, None, 1)
        signal = keras.layers.Dropout(config.word_dropout, noise_shape=noise)(signal)
    if config.embedding_dropout:
        signal = keras.layers.Dropout(config.embedding_dropout)(signal)
    for place, units in enumerate(config.units, 1):
        all_outputs = place < len(config.units) or config.pooling == "max"
        signal = _make_recurrent_layer(config, units, all_outputs, precision)(signal)
    if not config.units:
        signal = AverageOverTime()(signal)
    elif config.pooling == "max":
        signal = MaxOverTime()(signal)
    if config.dropout:
        signal = keras.layers.Dropout(config.dropout)(signal)
    return keras.layers.Dense(config.dense, activation="relu")(signal) if config.dense else signal


def _make_recurrent_layer(
    config: ClassifierConfig, units: int, all_outputs: bool, precision: str
) -> Any:
    layer = LAYERS[config.cell](
        units, return_sequences=all_outputs, precision=precision, few_lengths=True
    )
    return keras.layers.Bidirectional(layer) if config.bidirectional else layer


class _OverTime(keras.layers.Layer):  # type: ignore[misc]
    """One vector for a whole review, from its unmasked steps; zero if there are none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return no mask, as the output has no time axis."""


@register
class MaxOverTime(_OverTime):
    """The maximum of each output over time."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Reduce outputs (B, T, W) to (B, W)."""
        if mask is None:
            return tf.reduce_max(inputs, axis=1)
        present = mask[..., tf.newaxis]
        most = tf.reduce_max(tf.where(present, inputs, inputs.dtype.min), axis=1)
        return tf.where(tf.reduce_any(present, axis=1), most, 0)


@register
class AverageOverTime(_OverTime):
    """The mean over time; Keras's own layer returns NaN if every step is masked."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Reduce outputs (B, T, W) to (B, W)."""
        if mask is None:
            return tf.reduce_mean(inputs, axis=1)
        present = tf.cast(mask, inputs.dtype)[..., tf.newaxis]
        count = tf.maximum(tf.reduce_sum(present, axis=1), 1)
        return tf.reduce_sum(inputs * present, axis=1) / count


@register
class Bigrams(keras.layers.Layer):  # type: ignore[misc]
    """The average, over a review's words and pairs of neighbours, of one number for each.

    The number is in a row of a table: a learned factor times a Naive Bayes log-count ratio, which
    is set before training (Wang & Manning 2012, "Baselines and Bigrams").

    Args:
        rows: how many rows the table has; row 0 is padding.
    """

    def __init__(self, rows: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows = rows

    def get_config(self) -> dict[str, Any]:
        """Return Keras's config and the number of rows."""
        return {**super().get_config(), "rows": self.rows}

    def build(self, _: Any) -> None:
        """Create the weights, all zero, so that an untrained layer's logits are 0."""
        self.learned = self.add_weight(shape=(self.rows,), initializer="zeros", name="learned")
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")
        self.ratio = self.add_weight(
            shape=(self.rows,), initializer="zeros", name="ratio", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        """Turn row numbers (B, N), 0 for padding, into logits (B, 1)."""
        table = tf.convert_to_tensor(self.learned) * tf.convert_to_tensor(self.ratio)
        numbers = look_up(table[:, tf.newaxis], inputs)[..., 0]  # (B, N)
        present = tf.cast(inputs != 0, numbers.dtype)
        count = tf.maximum(tf.reduce_sum(present, axis=1, keepdims=True), 1)
        return tf.reduce_sum(numbers * present, axis=1, keepdims=True) / count + self.bias
