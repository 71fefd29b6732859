"""A text's windows as the `tf.data` pipelines that `model.fit` reads."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from charrnn.config import TrainingConfig
from charrnn.data.corpus import split
from charrnn.data.vocabulary import Ids
from charrnn.data.windows import Starts, cut, shuffled_starts, stream_starts
from charrnn.errors import CorpusTooShortError
from charrnn.training.pipeline import pipeline


def epoch_starts(length: int, config: TrainingConfig, epoch: int) -> Starts:
    """The windows of one epoch, shape (steps, B), by seed and epoch.

    Shuffled windows have another order in each epoch. Streams begin up to as many characters into
    the text as there are too many for whole batches, so that windows and streams are cut elsewhere
    in each epoch.

    Raises:
        CorpusTooShortError: `length` characters give no whole batch.
    """
    random = np.random.default_rng([config.seed, epoch])
    if config.order == "streams":
        starts = stream_starts(length, config.batch_size, config.seq_length, config.stride)
        unused = length - 1 - config.seq_length - int(starts.max())
        return starts + random.integers(unused + 1)
    return shuffled_starts(length, config.batch_size, config.seq_length, random)


def steps_per_epoch(ids: Ids, config: TrainingConfig) -> int:
    """How many batches the training part of a text gives.

    Raises:
        CorpusTooShortError: none, or none for the validation part.
    """
    training_ids, validation_ids = split(ids, config.validation)
    steps = len(epoch_starts(len(training_ids), config, epoch=0))
    if len(validation_ids):
        _validation_length(len(validation_ids), config)
    return steps


def training_batches(ids: Ids, config: TrainingConfig, first_epoch: int) -> Any:
    """Endless batches (inputs, targets), each (B, T), from epoch `first_epoch` on."""

    def batches() -> Iterator[tuple[Ids, Ids]]:
        for epoch in count(first_epoch):
            for starts in epoch_starts(len(ids), config, epoch):
                yield cut(ids, starts, config.seq_length)

    return _dataset(batches, config.batch_size, config.seq_length)


def validation_batches(ids: Ids, config: TrainingConfig) -> Any:
    """The validation text once, as contiguous streams of windows without overlap.

    The windows are shorter than T, down to half of it, where that leaves less of the text unread.

    Raises:
        CorpusTooShortError: fewer than two characters per stream.
    """
    length = _validation_length(len(ids), config)
    starts = stream_starts(len(ids), config.batch_size, length, stride=length)
    batches = _dataset(lambda: (cut(ids, row, length) for row in starts), config.batch_size, length)
    return batches.apply(tf.data.experimental.assert_cardinality(len(starts)))


def _validation_length(length: int, config: TrainingConfig) -> int:
    """How long the windows are that read most of a validation text, the longest of equals."""
    stream = (length - 1) // config.batch_size
    if stream < 1:
        raise CorpusTooShortError(
            f"{length:,} characters to validate on are too few for {config.batch_size} streams: "
            "raise --validation, or set it to 0 for none"
        )
    longest = min(config.seq_length, stream)
    lengths = range((longest + 1) // 2, longest + 1)
    return max(lengths, key=lambda candidate: (stream // candidate * candidate, candidate))


def _dataset(batches: Any, batch_size: int, length: int) -> Any:
    shape = tf.TensorSpec((batch_size, length), tf.int32)
    return pipeline(batches, (shape, shape))
