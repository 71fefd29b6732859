"""Projecting a table and looking rows up is projecting the rows; stock Keras is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import layers, recurrent
from tests.networks.twins import (
    FALLBACKS,
    NAMES,
    STOCK,
    assert_close,
    draw_normal,
    flip_coins,
    make_twins,
    record_multiplied_rows,
    split_batches,
    to_arrays,
)
from tests.support.slow import slow_except

IDS = tf.constant([[1, 3, 1], [0, 6, 1]])
TABLE = tf.constant(draw_normal(7, 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "engine"), [*((name, "native") for name in NAMES), ("gru", "scan")]
)
@pytest.mark.parametrize(
    ("read_table", "masked"),
    slow_except([(True, True), (True, False), (False, False)], (True, True)),
)
def test_projecting_the_table_is_projecting_the_batch(
    name: str, read_table: bool, masked: bool, engine: str
) -> None:
    """With a table, its rows are multiplied once, else the batch's; results are Keras's."""
    ids = tf.constant(np.random.default_rng(0).integers(0, 7, (5, 7)))
    mask = tf.constant(flip_coins(5, 7)) if masked else None
    stock, ours = make_twins(name, 4, 5, return_sequences=True, go_backwards=True)
    embeddings = keras.layers.Embedding(7, 4), layers.Embedding(7, 4, return_table=True)
    results = []
    for layer, embedding in zip((stock, ours), embeddings, strict=True):
        embedding.build()
        embedding.set_weights([draw_normal(7, 4)])
        with (
            split_batches(2, compiled=engine),
            tf.GradientTape() as tape,
            record_multiplied_rows() as rows,
        ):
            if layer is stock:
                y = layer(embedding(ids), mask=mask)
            else:
                vectors, table, rows_read = embedding(ids)
                lookup = {"ids": rows_read, "table": table} if read_table else {}
                y = layer(vectors, mask=mask, **lookup)
            loss = tf.reduce_sum(tf.sin(y))
        variables = [*embedding.trainable_weights, *layer.trainable_weights]
        results.append(to_arrays([y, *tape.gradient(loss, [w.value for w in variables])]))
    assert_close(results[1], results[0])
    whole_batch = [35] if engine == "native" else [14, 21]
    assert rows == ([7] if read_table else whole_batch)


def test_the_layers_own_dropout_is_not_lost() -> None:
    """A layer with dropout on its inputs drops them in training, with a table as without."""
    stock, ours = make_twins("gru", 4, 5, dropout=0.5, seed=1)
    vectors = tf.gather(TABLE, IDS)
    results = ours(vectors, ids=IDS, table=TABLE, training=True)
    assert_close(to_arrays([results]), to_arrays([stock(vectors, training=True)]))


@pytest.mark.parametrize(("name", "option"), FALLBACKS)
def test_a_layer_left_to_keras_reads_its_input(name: str, option: Any) -> None:
    """What the scan can't do is computed from the vectors, with a table as without."""
    stock, ours = make_twins(name, 4, 5, seed=1, **option)
    vectors = tf.gather(TABLE, IDS)
    assert_close(to_arrays([ours(vectors, ids=IDS, table=TABLE)]), to_arrays([stock(vectors)]))


@pytest.mark.parametrize("name", NAMES)
def test_vectors_have_a_gradient_unless_the_table_is_projected(name: str) -> None:
    """The gradient by a layer's input is Keras's; given a table, it goes to the table alone."""
    stock, ours = make_twins(name, 4, 5)
    gradients = []
    for layer, options in ((stock, {}), (ours, {}), (ours, {"ids": IDS, "table": TABLE})):
        vectors = tf.gather(TABLE, IDS)
        with tf.GradientTape() as tape:
            tape.watch([vectors, TABLE])
            y = layer(vectors, **options)
        gradients.append(tape.gradient(y, [vectors, TABLE]))
    (by_vectors, _), (ours_by_vectors, _), (none, by_table) = gradients
    summed = tf.math.unsorted_segment_sum(by_vectors, IDS, 7)
    assert_close(to_arrays([ours_by_vectors, by_table]), to_arrays([by_vectors, summed]))
    assert none is None


@pytest.mark.parametrize("name", NAMES)
def test_models_with_stock_layers_need_no_table(name: str) -> None:
    """Our embedding's vectors go into stock layers, and stock vectors into ours."""
    assert STOCK[name](5)(layers.Embedding(7, 4)(IDS)).shape == (2, 5)
    assert recurrent.LAYERS[name](5)(keras.layers.Embedding(7, 4)(IDS)).shape == (2, 5)
