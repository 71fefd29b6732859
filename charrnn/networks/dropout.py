"""What a training step drops at random, drawn for each stream by itself.

Shapes: B batch, T time, H units.
"""

from typing import Any

import keras
import tensorflow as tf

from charrnn.networks.registry import register


@register
class Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """Keras's Dropout, but what a row loses depends on its stream, not on the rows beside it.

    So a batch can be divided among any number of workers.

    Args:
        first_stream: the number of the first device's first row.
    """

    def __init__(self, *args: Any, first_stream: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_stream = first_stream

    def get_config(self) -> dict[str, Any]:
        """Return Keras's config and this class's own argument."""
        return {**super().get_config(), "first_stream": self.first_stream}

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:  # noqa: ARG002
        """Return the shape and dtype of what `call` returns."""
        return keras.KerasTensor(inputs.shape, self.compute_dtype)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Set a fraction of the numbers of (B, T, H) to zero, and scale up the others."""
        if not (training and self.rate):
            return inputs
        kept = draw_kept(self.rate, inputs, self.seed_generator, self.first_stream)
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros_like(inputs))


def draw_kept(rate: float, like: Any, seeds: keras.random.SeedGenerator, first_stream: int) -> Any:
    """Draw which numbers of a batch a dropout keeps: bool, of the shape of `like`, (B, ...).

    Args:
        rate: the fraction that it drops.
        like: a batch; each row is drawn by itself.
        seeds: gives a seed for each call.
        first_stream: the number of the first row's stream.
    """
    seed = tf.cast(seeds.next(), tf.int64)
    batch, *shape = tf.unstack(tf.shape(like))

    def draw(stream: Any) -> Any:
        own = tf.random.experimental.stateless_fold_in(seed, stream)
        return tf.random.stateless_uniform(shape, own, alg="philox") >= rate

    device = tf.distribute.get_replica_context().replica_id_in_sync_group  # 0 if there is one
    streams = tf.cast(first_stream + device * batch + tf.range(batch), tf.int64)
    return tf.ensure_shape(tf.map_fn(draw, streams, fn_output_signature=tf.bool), like.shape)
