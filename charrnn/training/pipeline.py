"""Batches made in Python as the `tf.data` pipeline that `model.fit` reads."""

from typing import Any

import tensorflow as tf


def make_pipeline(batches: Any, signature: Any) -> Any:
    """A dataset of what a generator function yields, two batches ahead.

    Args:
        batches: called for each pass; gives an iterator.
        signature: nested `tf.TensorSpec`s of what it yields.
    """
    options = tf.data.Options()
    # Its thread sleeps 10 ms, 20 ms, 40 ms and so on, and the end of a pass waits for it to wake.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.prefetch(2).with_options(options)
