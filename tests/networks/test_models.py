"""Models of these layers train, save and load as those of stock Keras do."""

from functools import partial
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.networks import layers, recurrent
from tests.networks.twins import (
    NAMES,
    STOCK,
    assert_close,
    record_multiplied_rows,
    split_batches,
)
from tests.support.slow import slow_except

# h5py before 3.15, which TensorFlow 2.21 requires, warns under NumPy 2 whenever Keras reads.
reads_h5 = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def build_model(*kinds: Any, optimizer: Any = "sgd", **options: Any) -> Any:
    """Build a character model of two kinds of layers, V = 7, always with the same weights."""
    embedding, recurrent_layer = kinds
    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), batch_size=4, dtype="int32")
    signal, lookup = embedding(7, 4)(ids), {}
    if isinstance(signal, tuple):
        signal, table, rows = signal
        lookup = {"ids": rows, "table": table}
    for units in (5, 5):
        layer = recurrent_layer(units, stateful=True, return_sequences=True, **options)
        signal, lookup = layer(signal, **lookup), {}
    model = keras.Model(ids, keras.layers.Dense(7)(signal))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.get(optimizer), loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model: keras.Model) -> list[np.ndarray]:
    """Train for five steps of `fit`, T = 9, and return the weights."""
    ids = np.random.default_rng(2).integers(0, 7, (5, 4, 10)).astype("int32")
    batches = tf.data.Dataset.from_tensor_slices((ids[..., :-1], ids[..., 1:]))
    with split_batches(2):
        model.fit(batches, shuffle=False, verbose=0)
    return list(model.get_weights())


class OneHotEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """Keras's Embedding with a dense gradient.

    Keras's Adam squares the rows of a gather's sparse gradient before it adds up those of the
    same id, which is not Adam's second moment; with a dense gradient it is.
    """

    def call(self, inputs: Any) -> Any:
        return keras.ops.matmul(keras.ops.one_hot(inputs, self.input_dim), self.embeddings)


@pytest.mark.parametrize("name", slow_except(NAMES, "lstm"))
@pytest.mark.parametrize(
    ("optimizer", "stock", "ours"),
    [
        pytest.param("sgd", keras.layers.Embedding, layers.Embedding, marks=pytest.mark.slow),
        ("adam", OneHotEmbedding, partial(layers.Embedding, return_table=True)),
    ],
    ids=["sgd", "adam"],
)
def test_five_steps_of_training_end_with_the_same_weights(
    name: str, optimizer: str, stock: Any, ours: Any
) -> None:
    """`fit` of two stateful layers ends with stock Keras's weights, with a table and without."""
    rate = {"sgd": 1.0, "adam": 0.01}[optimizer]

    def build_and_train(*kinds: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
        settings = {"class_name": optimizer, "config": {"learning_rate": rate}}
        model = build_model(*kinds, optimizer=settings)
        return list(model.get_weights()), train(model)

    before, expected = build_and_train(stock, STOCK[name])
    assert_close(build_and_train(ours, recurrent.LAYERS[name])[1], expected)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, expected, strict=True))


def list_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """List the shape of each array in a weights file by its path."""
    shapes: dict[str, tuple[int, ...]] = {}
    with h5py.File(file) as opened:
        opened.visititems(
            lambda path, node: (
                shapes.update({path: node.shape}) if isinstance(node, h5py.Dataset) else None
            )
        )
    return shapes


@reads_h5
@pytest.mark.parametrize("return_table", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_weight_files_move_in_both_directions(
    name: str, return_table: bool, tmp_path: Path
) -> None:
    """Stock Keras reads what these layers write, and these read what stock Keras writes."""
    stock = build_model(keras.layers.Embedding, STOCK[name])
    embedding = partial(layers.Embedding, return_table=return_table)
    ours = build_model(embedding, recurrent.LAYERS[name], precision="bfloat16")
    old, new = tmp_path / "stock.weights.h5", tmp_path / "ours.weights.h5"
    rng = np.random.default_rng(1)
    ours.set_weights([rng.normal(size=w.shape) for w in ours.get_weights()])
    ours.save_weights(new)
    stock.load_weights(new)
    assert_close(stock.get_weights(), ours.get_weights(), 0)
    stock.set_weights([rng.normal(size=w.shape) for w in stock.get_weights()])
    stock.save_weights(old)
    ours.load_weights(old)
    assert_close(ours.get_weights(), stock.get_weights(), 0)
    assert list_shapes(new) == list_shapes(old)
    assert set(list_shapes(new).values()) >= {w.shape for w in stock.get_weights()}


@reads_h5
@pytest.mark.parametrize("name", NAMES)
def test_saved_models_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    """A .keras file keeps the layers, their precision, their weights, and the use of the table."""
    ids = keras.Input((9,), batch_size=3, dtype="int32")
    embed = layers.Embedding(7, 4, return_table=True, dropout=0.5, character_dropout=0.2)
    vectors, table, rows = embed(ids)
    layer = recurrent.LAYERS[name](5, return_sequences=True, precision="bfloat16")
    signal = layer(vectors, ids=rows, table=table)
    both_ways = keras.layers.Bidirectional(recurrent.LAYERS[name](5, precision="bfloat16"))
    model = keras.Model(ids, keras.layers.Dense(7)(both_ways(signal)))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    embedding, one_way, both = again.layers[1:4]
    assert (embedding.return_table, embedding.dropout) == (True, 0.5)
    assert embedding.character_dropout == 0.2
    for layer in (one_way, both.forward_layer, both.backward_layer):
        assert layer._can_scan()
        assert layer.precision == "bfloat16"
    batch = tf.constant(np.random.default_rng(0).integers(0, 7, (3, 9)))
    with record_multiplied_rows() as rows:
        results = again(batch)
        again(batch, training=True)
    np.testing.assert_array_equal(results, model(batch))
    in_two_directions = [27, 27]
    assert rows == 2 * [8, *in_two_directions]  # the table, and the vector that says nothing
