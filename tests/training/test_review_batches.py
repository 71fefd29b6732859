"""Reviews as batches: each review once, its label and its weight."""

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples
from charrnn.training.review_batches import (
    count_steps,
    make_ordered_batches,
    make_training_batches,
)
from tests.support.review_runs import make_examples


def read_order(batches: Any, steps: int) -> list[list[int]]:
    """The reviews of each batch, by the number that is their only word; rows that count alone."""
    order = []
    for ids, _, weights in batches.take(steps):
        counts = weights.numpy() == 1
        assert counts.tolist() == sorted(counts.tolist(), reverse=True)
        order.append(ids.numpy()[counts].max(axis=1).tolist())
    return order


@pytest.mark.parametrize("mask", [True, False])
def test_each_review_is_read_once_an_epoch(mask: bool) -> None:
    """11 reviews in 3 batches: each once an epoch, in an order that seed and epoch decide."""
    numbers = range(1, 12)
    ids = [np.full(1 + number % 5, number, np.int32) for number in numbers]
    examples = Examples(ids, np.array([number % 2 for number in numbers], np.int8))
    network = ClassifierConfig(vocabulary_size=12, max_length=6, mask=mask)
    config = ReviewTraining(batch_size=4, seed=5)
    assert count_steps(examples, config) == 3
    both = read_order(make_training_batches(examples, network, config, 0), 6)
    epochs = both[:3], both[3:]
    for epoch in epochs:
        assert sorted(chain.from_iterable(epoch)) == [*numbers]
    assert epochs[0] != epochs[1]
    assert read_order(make_training_batches(examples, network, config, 1), 3) == epochs[1]
    other = replace(config, seed=6)
    assert read_order(make_training_batches(examples, network, other, 0), 3) != epochs[0]
    in_order = make_ordered_batches(examples, network, 4)
    assert len(in_order) == 3
    expected = sorted(numbers, key=lambda number: number % 5) if mask else [*numbers]
    assert [*chain.from_iterable(read_order(in_order, 9))] == expected


def test_batches_hold_ids_labels_and_weights() -> None:
    """Batches have one size and their reviews' labels; rows that fill them up weigh nothing."""
    examples = make_examples(5, bigrams=40)
    network = ClassifierConfig(vocabulary_size=12, max_length=7, padding="before", bigrams=40)
    (ids, rows), targets, weights = list(make_ordered_batches(examples, network, 4))[1]
    assert weights.numpy().tolist() == [1, 0, 0, 0]
    assert targets.numpy()[:, 0].tolist() == [examples.labels[4]] * 4
    review = examples.ids[4].tolist()
    assert ids.numpy().tolist() == [[0] * (7 - len(review)) + review] * 4
    assert examples.bigrams is not None
    assert [row for row in rows.numpy()[0].tolist() if row] == examples.bigrams[4].tolist()
    whole = replace(network, max_length=0, mask=True, bigrams=0)
    first = next(iter(make_ordered_batches(replace(examples, bigrams=None), whole, 4)))
    assert first[0].shape == (4, 64)
