"""Reviews as the `tf.data` pipelines that `model.fit` reads.

Shapes: B batch, T tokens, N words and pairs.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples, group_in_batches, pad_reviews
from charrnn.training.pipeline import make_pipeline

Rows = npt.NDArray[np.int64]
Batch = tuple[Any, npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""What the network reads, targets, and weights (B,): 0 for a row that only fills the batch up.

Targets are (B, 2): the label, and what is added to the logit before it is compared.
"""


def count_steps(learn: Examples, config: ReviewTraining) -> int:
    """How many batches the reviews give; the last may be filled up."""
    return -(-len(learn) // config.batch_size)


def make_training_batches(
    learn: Examples, network: ClassifierConfig, config: ReviewTraining, epoch: int, step: int = 0
) -> Any:
    """Endless batches from a step of an epoch on; their order depends on seed and epoch."""

    def batches() -> Iterator[Batch]:
        for number in count(epoch):
            random = np.random.default_rng([config.seed, number])
            groups = group_in_batches(
                learn.lengths, config.batch_size, random, network.padded_to_longest
            )
            for rows in groups[step if number == epoch else 0 :]:
                yield _make_batch(learn, rows, network, config.batch_size)

    return make_pipeline(batches, _make_signature(network, config.batch_size))


def make_ordered_batches(examples: Examples, network: ClassifierConfig, batch_size: int) -> Any:
    """Each review once; whole reviews in order of their length, the shortest first."""
    places = group_in_batches(examples.lengths, batch_size, None, network.padded_to_longest)
    batches = make_pipeline(
        lambda: (_make_batch(examples, rows, network, batch_size) for rows in places),
        _make_signature(network, batch_size),
    )
    return batches.apply(tf.data.experimental.assert_cardinality(len(places)))


def _make_batch(
    examples: Examples, rows: Rows, network: ClassifierConfig, batch_size: int
) -> Batch:
    filled: list[int] = np.resize(rows, batch_size).tolist()
    reads = []
    if network.reads_sequence:
        ids = [examples.ids[row] for row in filled]
        reads.append(pad_reviews(ids, network.padding, network.input_length, network.max_length))
    if examples.bigrams is not None:
        reads.append(pad_reviews([examples.bigrams[row] for row in filled], "after"))
    targets = np.zeros((batch_size, 2), np.float32)
    targets[:, 0] = examples.labels[filled]
    if examples.corrections is not None:
        targets[:, 1] = examples.corrections[filled]
    weights = np.arange(batch_size) < len(rows)
    return reads[0] if len(reads) == 1 else tuple(reads), targets, weights.astype(np.float32)


def _make_signature(network: ClassifierConfig, batch_size: int) -> Any:
    reads = []
    if network.reads_sequence:
        reads.append(tf.TensorSpec((batch_size, network.input_length), tf.int32))
    if network.bigrams:
        reads.append(tf.TensorSpec((batch_size, None), tf.int32))
    targets = tf.TensorSpec((batch_size, 2), tf.float32)
    weights = tf.TensorSpec((batch_size,), tf.float32)
    return reads[0] if len(reads) == 1 else tuple(reads), targets, weights
