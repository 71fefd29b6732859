"""Keras's Embedding with the same name, weights and mathematics, for recurrent nets.

The class name is Keras's own because the paths in weight files follow it
(`layers/embedding/vars/0`): a file moves between stock layers and this one in both directions.

Shapes: B batch, T time, E embedding, H units, V vocabulary.
"""

from typing import Any

import keras
import tensorflow as tf

from charrnn.config.fields import PRECISIONS
from charrnn.networks.dropout import draw_kept
from charrnn.networks.registry import register

# Measured, see docs/decisions/0006-recurrent-scans.md.
ONE_HOT = 1024  # the largest vocabulary whose gradient is a product with one-hot rows


@register
class Embedding(keras.layers.Embedding):  # type: ignore[misc]
    """Keras's Embedding with a dense gradient.

    Keras's own gradient is sparse, and its Adam squares the rows of one id before it adds them
    up.

    Args:
        return_table: whether to return with the vectors what a recurrent layer looks them up by:
            the table and the ids.
        dropout: the fraction of the table's numbers that are zero in a training step, the others
            scaled up: each character loses the same numbers wherever it stands in the batch.
        character_dropout: the fraction of the characters that a training step replaces by one that
            says nothing, a vector of zeros.
        first_stream: the number of the first row's stream, by which these are drawn.
    """

    def __init__(
        self,
        *args: Any,
        return_table: bool = False,
        dropout: float = 0.0,
        character_dropout: float = 0.0,
        first_stream: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.return_table, self.dropout = return_table, dropout
        self.character_dropout, self.first_stream = character_dropout, first_stream
        if dropout:
            self.drop_seeds = keras.random.SeedGenerator()
        if character_dropout:
            self.character_seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Return Keras's config and this class's own arguments."""
        names = ("return_table", "dropout", "character_dropout", "first_stream")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:  # noqa: ARG002
        """Return the shapes and dtypes of what `call` returns."""
        vectors = super().compute_output_spec(inputs)
        if not self.return_table:
            return vectors
        rows = self.input_dim + bool(self.character_dropout)
        table = keras.KerasTensor((rows, self.output_dim), self.compute_dtype)
        return vectors, table, keras.KerasTensor(inputs.shape, "int32")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Turn ids (B, T) into vectors (B, T, E).

        With `return_table`, and the table (V, E), or (V + 1, E) with the vector that says nothing,
        and the ids of its rows.
        """
        table = tf.convert_to_tensor(self.embeddings)
        if training and self.dropout:
            table = keras.random.dropout(table, self.dropout, seed=self.drop_seeds)
        ids = tf.cast(inputs, tf.int32)
        if self.character_dropout:
            table = tf.pad(table, [[0, 1], [0, 0]])
            ids = self._drop_characters(ids) if training else ids
        vectors = look_up(table, ids)
        return (vectors, table, ids) if self.return_table else vectors

    def _drop_characters(self, ids: Any) -> Any:
        kept = draw_kept(self.character_dropout, ids, self.character_seeds, self.first_stream)
        return tf.where(kept, ids, self.input_dim)


def check_precision(precision: str) -> str:
    """Return the precision if it is a known one.

    Raises:
        ValueError: it is not.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    return precision


@tf.custom_gradient  # type: ignore[untyped-decorator]
def look_up(table: Any, ids: Any) -> Any:
    """Look up the rows of a table (V, N) by ids of any shape; the table's gradient is dense."""

    def gradient(d_rows: Any) -> Any:
        words, width = table.shape
        flat, rows = tf.reshape(ids, (-1,)), tf.reshape(d_rows, (-1, width))
        if words > ONE_HOT:
            return tf.math.unsorted_segment_sum(rows, flat, words), None
        hot = tf.one_hot(flat, words, dtype=table.dtype)
        return tf.matmul(hot, rows, transpose_a=True), None

    return tf.gather(table, ids), gradient
