"""A text's windows as the `tf.data` pipelines that `model.fit` reads.

Shapes: N characters, B batch, T time.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

from charrnn.config.language import TrainingConfig
from charrnn.data.vocabulary import Ids
from charrnn.data.windows import Windows, cut_windows, find_stream_starts, shuffle_starts
from charrnn.errors import CorpusTooShortError, say_count
from charrnn.training.pipeline import make_pipeline

ALL = slice(None)  # rows of a batch


def choose_windows(length: int, config: TrainingConfig, epoch: int) -> Windows:
    """The windows of one epoch, by seed and epoch.

    Shuffled windows have another order in each epoch. Streams begin at a random one of the
    characters that whole batches leave over, so windows and streams are cut elsewhere each epoch.

    Raises:
        CorpusTooShortError: `length` characters give no whole batch.
    """
    random = np.random.default_rng([config.seed, epoch])
    if config.order == "streams":
        return find_stream_starts(
            length, config.batch_size, config.seq_length, config.window_stride, random
        )
    return shuffle_starts(length, config.batch_size, config.seq_length, random)


def count_steps(parts: tuple[Ids, Ids], config: TrainingConfig) -> int:
    """How many batches the training part of a text gives.

    Args:
        parts: the training and the validation part, as from `LanguageRecipe.split`.
        config: how windows are cut.

    Raises:
        CorpusTooShortError: none, or none for the validation part.
    """
    training_ids, validation_ids = parts
    steps = len(choose_windows(len(training_ids), config, epoch=0))
    if len(validation_ids):
        _choose_length(len(validation_ids), config)
    return steps


def make_training_batches(
    ids: Ids, config: TrainingConfig, epoch: int, step: int = 0, rows: slice = ALL
) -> Any:
    """Endless batches (inputs, targets), each (B, T), from a step of an epoch on.

    Args:
        ids: the text to train on.
        config: how windows are cut.
        epoch: the first, from 0.
        step: of that epoch, from 0.
        rows: which of each batch's.
    """

    def batches() -> Iterator[tuple[Ids, Ids]]:
        for number in count(epoch):
            windows = choose_windows(len(ids), config, number)
            for starts in windows.begin(step if number == epoch else 0):
                yield cut_windows(ids, starts[rows], config.seq_length)

    return _make_dataset(batches, _count_rows(config, rows), config.seq_length)


def make_validation_batches(ids: Ids, config: TrainingConfig, rows: slice = ALL) -> Any:
    """The validation text once, as contiguous streams of windows without overlap.

    The windows are shorter than T, down to half of it, if that leaves less of the text unread.

    Raises:
        CorpusTooShortError: fewer than two characters per stream.
    """
    length = _choose_length(len(ids), config)
    starts = find_stream_starts(len(ids), config.batch_size, length, stride=length)
    batches = _make_dataset(
        lambda: (cut_windows(ids, batch[rows], length) for batch in starts),
        _count_rows(config, rows),
        length,
    )
    return batches.apply(tf.data.experimental.assert_cardinality(len(starts)))


def _choose_length(length: int, config: TrainingConfig) -> int:
    """The length of windows that read most of a validation text, the longest of equals."""
    stream = (length - 1) // config.batch_size
    if stream < 1:
        raise CorpusTooShortError(
            f"{say_count(length, 'character')} to validate on: too few for "
            f"{say_count(config.batch_size, 'stream')}; "
            "raise `validation`, or set it to 0 for none"
        )
    longest = min(config.seq_length, stream)
    lengths = range((longest + 1) // 2, longest + 1)
    return max(lengths, key=lambda candidate: (stream // candidate * candidate, candidate))


def _count_rows(config: TrainingConfig, rows: slice) -> int:
    return len(range(config.batch_size)[rows])


def _make_dataset(batches: Any, rows: int, length: int) -> Any:
    shape = tf.TensorSpec((rows, length), tf.int32)
    return make_pipeline(batches, (shape, shape))
