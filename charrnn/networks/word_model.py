"""The language model of words: each word is predicted from those before it, and from those after.

Shapes: B batch, T words, H units, E embedding, V vocabulary.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from charrnn.classifiers import WordModelConfig
from charrnn.networks.layers import Embedding
from charrnn.networks.recurrent import CELLS

_register = keras.saving.register_keras_serializable(package="charrnn")

_SAMPLED = 512  # words beside the true one that the training loss chooses among
_DROPOUT = 0.1  # of the embedding's output and of the cells'


def build(config: WordModelConfig, batch_size: int, length: int) -> Any:
    """An untrained word model; its own output is its loss, which it adds for the training.

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
    cell = CELLS[config.cell]
    sides = [cell(config.units, return_sequences=True, go_backwards=back) for back in (False, True)]
    outputs = [keras.layers.Dropout(_DROPOUT)(side(signal)) for side in sides]
    said = [keras.layers.Dense(config.embedding, use_bias=False)(output) for output in outputs]
    return keras.Model(ids, NextWord(config.vocabulary_size)(*said, ids))


@_register
class NextWord(keras.layers.Layer):  # type: ignore[misc]
    """The loss of predicting each word from what was said before it, in both directions.

    In training among the true word and a sample of others (Jean et al. 2015, "On Using Very Large
    Target Vocabulary"); otherwise among all.

    Args:
        words: V; ids must go from frequent to rare, as the sample is drawn log-uniformly.
    """

    def __init__(self, words: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words
        self.seed = (
            keras.random.SeedGenerator()
        )  # its state is saved with the weights' for a resume

    def get_config(self) -> dict[str, Any]:
        """Keras's config and the number of words."""
        return {**super().get_config(), "words": self.words}

    def build(self, shape: Any, *_: Any) -> None:
        """Make the table of words as they are predicted."""
        self.table = self.add_weight(
            shape=(self.words, shape[-1]), initializer="uniform", name="table"
        )
        self.bias = self.add_weight(shape=(self.words,), initializer="zeros", name="bias")

    def call(self, forward: Any, backward: Any, ids: Any, training: bool = False) -> Any:
        """What both directions say, each (B, T, E) in its own order, and ids (B, T), to a loss."""
        table, bias = map(_dense_gradient, map(tf.convert_to_tensor, (self.table, self.bias)))
        sides = [(forward, ids), (backward, tf.reverse(ids, [1]))]
        losses = []
        for said, order in sides:
            loss = self._sampled if training else self._exact
            losses.append(tf.reduce_mean(loss(table, bias, said[:, :-1], order[:, 1:])))
        mean = (losses[0] + losses[1]) / 2
        self.add_loss(mean)
        return mean

    def _sampled(self, table: Any, bias: Any, said: Any, targets: Any) -> Any:
        targets = tf.cast(tf.reshape(targets, (-1, 1)), tf.int64)
        drawn = keras.random.uniform((_SAMPLED,), seed=self.seed)
        others = tf.cast(tf.exp(drawn * math.log(self.words)), tf.int64) - 1
        return tf.nn.sampled_softmax_loss(
            table,
            bias,
            targets,
            tf.reshape(said, (-1, said.shape[-1])),
            num_sampled=_SAMPLED,
            num_classes=self.words,
            sampled_values=(others, self._expected(targets), self._expected(others)),
        )

    def _expected(self, ids: Any) -> Any:
        """How often each id is drawn: log-uniformly, id k with weight log((k + 2) / (k + 1))."""
        rank = tf.cast(ids, tf.float32) + 1
        return _SAMPLED * tf.math.log1p(1 / rank) / math.log(self.words)

    def _exact(self, table: Any, bias: Any, said: Any, targets: Any) -> Any:
        """A row of the batch at a time, since all logits (B, T - 1, V) would fill the memory."""

        def loss(row: Any) -> Any:
            logits = tf.matmul(row[0], table, transpose_b=True) + bias  # (T - 1, V)
            return tf.nn.sparse_softmax_cross_entropy_with_logits(row[1], logits)

        return tf.map_fn(loss, (said, targets), fn_output_signature=tf.float32)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _dense_gradient(weight: Any) -> Any:
    """The weight itself; Keras's Adam squares a sparse gradient's rows before adding them up."""
    return tf.identity(weight), tf.convert_to_tensor
