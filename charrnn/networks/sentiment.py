"""The review classifiers: token ids in, the logit of "positive" out.

Shapes: B batch, T tokens, W width.
"""

from typing import Any

import keras
import tensorflow as tf

from charrnn.classifiers import ClassifierConfig
from charrnn.networks.layers import Dense, Embedding, look_up
from charrnn.networks.recurrent import CELLS

_register = keras.saving.register_keras_serializable(package="charrnn")


def build(config: ClassifierConfig, batch_size: int, precision: str = "float32") -> Any:
    """An untrained classifier as its row of configuration says.

    Args:
        config: the network.
        batch_size: B.
        precision: what the recurrent layers' products and their factors are rounded to.

    Returns:
        a `keras.Model` from ids (B, T), or rows of bigrams (B, N), or a list of both, to logits
        (B, 1), of both the sum; a probability is their sigmoid.
    """
    inputs, logits = [], []
    if config.cell != "none":
        ids = keras.Input(batch_shape=(batch_size, config.input_length), dtype="int32")
        inputs.append(ids)
        logits.append(Dense(1)(_features(config, ids, precision)))
    if config.bigrams:
        rows = keras.Input(batch_shape=(batch_size, None), dtype="int32")
        inputs.append(rows)
        logits.append(Bigrams(config.bigrams, name="bigrams")(rows))
    if len(inputs) == 1:
        return keras.Model(inputs[0], logits[0])
    return keras.Model(inputs, keras.layers.Add()(logits))


def _features(config: ClassifierConfig, ids: Any, precision: str) -> Any:
    """What the last layer reads, (B, W)."""
    batch_size = ids.shape[0]
    signal = Embedding(config.vocabulary_size, config.embedding, mask_zero=config.mask)(ids)
    if config.word_dropout:
        noise = (batch_size, None, 1)
        signal = keras.layers.Dropout(config.word_dropout, noise_shape=noise)(signal)
    if config.embedding_dropout:
        signal = keras.layers.Dropout(config.embedding_dropout)(signal)
    for place, units in enumerate(config.units, 1):
        all_outputs = place < len(config.units) or config.pooling == "max"
        signal = _recurrent(config, units, all_outputs, precision)(signal)
    if not config.units:
        signal = AverageOverTime()(signal)
    elif config.pooling == "max":
        signal = MaxOverTime()(signal)
    if config.dropout:
        signal = keras.layers.Dropout(config.dropout)(signal)
    return Dense(config.dense, activation="relu")(signal) if config.dense else signal


def _recurrent(config: ClassifierConfig, units: int, all_outputs: bool, precision: str) -> Any:
    layer = CELLS[config.cell](
        units, return_sequences=all_outputs, precision=precision, few_lengths=True
    )
    return keras.layers.Bidirectional(layer) if config.bidirectional else layer


class _OverTime(keras.layers.Layer):  # type: ignore[misc]
    """One vector for a whole review; masked steps don't count, and of none the vector is zero."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Time is gone."""


@_register
class MaxOverTime(_OverTime):
    """The largest of each output over time."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Outputs (B, T, W) to (B, W)."""
        if mask is None:
            return tf.reduce_max(inputs, axis=1)
        there = mask[..., tf.newaxis]
        most = tf.reduce_max(tf.where(there, inputs, inputs.dtype.min), axis=1)
        return tf.where(tf.reduce_any(there, axis=1), most, 0)


@_register
class AverageOverTime(_OverTime):
    """The mean over time; Keras's own layer gives NaN where all is masked."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Outputs (B, T, W) to (B, W)."""
        if mask is None:
            return tf.reduce_mean(inputs, axis=1)
        there = tf.cast(mask, inputs.dtype)[..., tf.newaxis]
        count = tf.maximum(tf.reduce_sum(there, axis=1), 1)
        return tf.reduce_sum(inputs * there, axis=1) / count


@_register
class Bigrams(keras.layers.Layer):  # type: ignore[misc]
    """The average over a review's words and pairs of what each says, a number a row of a table.

    A row's number is what it learns times its Naive Bayes log-count ratio, which is set before
    training (Wang & Manning 2012, "Baselines and Bigrams").

    Args:
        rows: of the table; row 0 is padding.
    """

    def __init__(self, rows: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows = rows

    def get_config(self) -> dict[str, Any]:
        """Keras's config and the rows."""
        return {**super().get_config(), "rows": self.rows}

    def build(self, _: Any) -> None:
        """Make the weights: zeros, so that training starts from the prior."""
        self.learned = self.add_weight(shape=(self.rows,), initializer="zeros", name="learned")
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")
        self.ratio = self.add_weight(
            shape=(self.rows,), initializer="zeros", name="ratio", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        """Rows (B, N), 0 where there is none, to logits (B, 1)."""
        table = tf.convert_to_tensor(self.learned) * tf.convert_to_tensor(self.ratio)
        said = look_up(table[:, tf.newaxis], inputs)[..., 0]  # (B, N)
        there = tf.cast(inputs != 0, said.dtype)
        count = tf.maximum(tf.reduce_sum(there, axis=1, keepdims=True), 1)
        return tf.reduce_sum(said * there, axis=1, keepdims=True) / count + self.bias
