"""A text's windows as the `tf.data` pipelines that `model.fit` reads."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from charrnn.config import TrainingConfig
from charrnn.data.vocabulary import Ids
from charrnn.data.windows import Starts, cut, shuffled_starts, stream_starts
from charrnn.errors import CorpusTooShortError


def epoch_starts(length: int, config: TrainingConfig, epoch: int) -> Starts:
    """The windows of one epoch, shape (steps, B); a shuffled order depends on seed and epoch.

    Raises:
        CorpusTooShortError: `length` characters give no whole batch.
    """
    if config.order == "streams":
        return stream_starts(length, config.batch_size, config.seq_length, config.stride)
    random = np.random.default_rng([config.seed, epoch])
    return shuffled_starts(length, config.batch_size, config.seq_length, random)


def training_batches(ids: Ids, config: TrainingConfig, first_epoch: int) -> Any:
    """Endless batches (inputs, targets), each (B, T), from epoch `first_epoch` on."""

    def batches() -> Iterator[tuple[Ids, Ids]]:
        for epoch in count(first_epoch):
            for starts in epoch_starts(len(ids), config, epoch):
                yield cut(ids, starts, config.seq_length)

    return _dataset(batches, config.batch_size)


def validation_batches(ids: Ids, config: TrainingConfig) -> Any:
    """The validation text once, as contiguous streams of windows without overlap.

    Streams too short for a whole window are read in shorter ones.

    Raises:
        CorpusTooShortError: fewer than two characters per stream.
    """
    length = min(config.seq_length, (len(ids) - 1) // config.batch_size)
    if length < 1:
        raise CorpusTooShortError(
            f"{len(ids):,} characters to validate on are too few for {config.batch_size} streams: "
            "raise --validation, or set it to 0 for none"
        )
    starts = stream_starts(len(ids), config.batch_size, length, stride=length)
    batches = _dataset(lambda: (cut(ids, row, length) for row in starts), config.batch_size)
    return batches.apply(tf.data.experimental.assert_cardinality(len(starts)))


def _dataset(batches: Any, batch_size: int) -> Any:
    shape = tf.TensorSpec((batch_size, None), tf.int32)
    return tf.data.Dataset.from_generator(batches, output_signature=(shape, shape)).prefetch(2)
