"""The word model: each word is predicted from the words before it, and from those after it.

Shapes: B batch, T words, H units, E embedding, V vocabulary.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from charrnn.config.reviews import WordModelConfig
from charrnn.networks.layers import Embedding
from charrnn.networks.recurrent import LAYERS
from charrnn.networks.registry import register

_SAMPLED = 512  # words that the training loss compares the true one with
_DROPOUT = 0.1  # on the embedding's output and on the cells'


def build_model(config: WordModelConfig, batch_size: int, length: int) -> Any:
    """Build an untrained word model; its output is its loss, which it also adds for training.

    Args:
        config: the sizes.
        batch_size: B.
        length: T.

    Returns:
        a `keras.Model` from ids (B, T) to nats per word, a number.
    """
    ids = keras.Input(batch_shape=(batch_size, length), dtype="int32")
    signal = Embedding(config.vocabulary_size, config.embedding)(ids)
    signal = keras.layers.Dropout(_DROPOUT)(signal)
    layer = LAYERS[config.cell]
    sides = [
        layer(config.units, return_sequences=True, go_backwards=back) for back in (False, True)
    ]
    outputs = [keras.layers.Dropout(_DROPOUT)(side(signal)) for side in sides]
    predicted = [keras.layers.Dense(config.embedding, use_bias=False)(output) for output in outputs]
    return keras.Model(ids, NextWord(config.vocabulary_size)(*predicted, ids))


@register
class NextWord(keras.layers.Layer):  # type: ignore[misc]
    """The loss of predicting each word from the words that come before it in each direction.

    In training the prediction is among the true word and a sample of others (Jean et al. 2015, "On
    Using Very Large Target Vocabulary"); otherwise among all words.

    Args:
        words: V; ids must go from frequent to rare, as the sampling is log-uniform.
    """

    def __init__(self, words: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words
        # Keras counts its state among the model's variables, so a resume restores it.
        self.seed = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Return Keras's config and the number of words."""
        return {**super().get_config(), "words": self.words}

    def build(self, shape: Any, *_: Any) -> None:
        """Create the table of word vectors that predictions are compared with."""
        self.table = self.add_weight(
            shape=(self.words, shape[-1]), initializer="uniform", name="table"
        )
        self.bias = self.add_weight(shape=(self.words,), initializer="zeros", name="bias")

    def call(self, forward: Any, backward: Any, ids: Any, training: bool = False) -> Any:
        """Compute the loss of ids (B, T) from both directions' predictions, each (B, T, E).

        Each direction's predictions are in the order in which it reads.
        """
        table, bias = map(_make_gradient_dense, map(tf.convert_to_tensor, (self.table, self.bias)))
        sides = [(forward, ids), (backward, tf.reverse(ids, [1]))]
        losses = []
        for predicted, order in sides:
            loss = self._compute_sampled_loss if training else self._compute_exact_loss
            losses.append(tf.reduce_mean(loss(table, bias, predicted[:, :-1], order[:, 1:])))
        mean = (losses[0] + losses[1]) / 2
        self.add_loss(mean)
        return mean

    def _compute_sampled_loss(self, table: Any, bias: Any, predicted: Any, targets: Any) -> Any:
        targets = tf.cast(tf.reshape(targets, (-1, 1)), tf.int64)
        drawn = keras.random.uniform((_SAMPLED,), seed=self.seed)
        others = tf.cast(tf.exp(drawn * math.log(self.words)), tf.int64) - 1
        return tf.nn.sampled_softmax_loss(
            table,
            bias,
            targets,
            tf.reshape(predicted, (-1, predicted.shape[-1])),
            num_sampled=_SAMPLED,
            num_classes=self.words,
            sampled_values=(others, self._count_expected(targets), self._count_expected(others)),
        )

    def _count_expected(self, ids: Any) -> Any:
        """Count how often a sample should contain each id; id k weighs log((k + 2) / (k + 1))."""
        rank = tf.cast(ids, tf.float32) + 1
        return _SAMPLED * tf.math.log1p(1 / rank) / math.log(self.words)

    def _compute_exact_loss(self, table: Any, bias: Any, predicted: Any, targets: Any) -> Any:
        """Compute it row by row, since all logits (B, T - 1, V) would not fit into memory."""

        def loss(row: Any) -> Any:
            logits = tf.matmul(row[0], table, transpose_b=True) + bias  # (T - 1, V)
            return tf.nn.sparse_softmax_cross_entropy_with_logits(row[1], logits)

        return tf.map_fn(loss, (predicted, targets), fn_output_signature=tf.float32)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _make_gradient_dense(weight: Any) -> Any:
    """Return the weight; Keras's Adam squares a sparse gradient's rows before adding them up."""
    return tf.identity(weight), tf.convert_to_tensor
