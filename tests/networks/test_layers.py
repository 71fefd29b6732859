"""The layers are Keras's: stock Keras, on the same weights and inputs, is the oracle."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from charrnn.networks import layers, parts, recurrent
from charrnn.networks.scan import Plan, product, scan

STOCK = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
NAMES = sorted(STOCK)
WAYS = ["scan", "gates", "nothing"]

# h5py before 3.15, which TensorFlow 2.21 asks for, warns under NumPy 2 whenever Keras reads.
reads_h5 = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@contextmanager
def cut(cores: int, rows: int = 1, way: str | None = None) -> Iterator[list[tuple[int, str]]]:
    """Cut batches as for so many cores, and compile scans in a given way.

    Yields:
        a list to which each scan adds the rows of its part, and the way it was compiled.
    """
    scans: list[tuple[int, str]] = []

    def recorded(plan: Plan, x: Any, *arguments: Any) -> Any:
        scans.append((x.shape[1], plan.compile))
        return scan(plan, x, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrent, "scan", recorded)
        patch.setattr(parts, "_cores", lambda: cores)
        patch.setattr(recurrent, "ROWS", rows)
        if way is not None:
            patch.setattr(recurrent.Scanned, "_compile", lambda *_: way)
        yield scans


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def coins(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).random(shape) < 0.6


def start(name: str, batch: int, units: int) -> list[np.ndarray]:
    """Initial states."""
    return [normal(batch, units, seed=k) for k in range(2 if name == "lstm" else 1)]


def twins(name: str, width: int, units: int, **options: Any) -> tuple[Any, Any]:
    """A stock layer and ours with the same random weights."""
    stock, ours = STOCK[name](units, **options), recurrent.CELLS[name](units, **options)
    for layer in (stock, ours):
        layer.build((5, None, width))
    stock.set_weights([normal(*w.shape) / 2 for w in stock.get_weights()])
    ours.set_weights(stock.get_weights())
    return stock, ours


def results_of(layer: Any, x: Any, states: Any = None, mask: Any = None, **options: Any) -> Any:
    """Outputs, final states, and the gradients by inputs, initial states and weights."""
    states = states or []
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        results = tf.nest.flatten(layer(x, initial_state=states or None, mask=mask, **options))
        loss = sum(tf.reduce_sum(tf.sin(r * (k + 1))) for k, r in enumerate(results))
    weights = [w.value for w in layer.trainable_weights]
    return [*results, *tape.gradient(loss, [x, *states, *weights])]


def run(layer: Any, x: Any, states: Any = None, mask: Any = None, **options: Any) -> list[Any]:
    """`results_of`, eagerly, from NumPy to NumPy."""
    states = [tf.constant(state) for state in states or []]
    mask = None if mask is None else tf.constant(mask)
    return arrays(results_of(layer, tf.constant(x), states, mask, **options))


def arrays(tensors: list[Any]) -> list[np.ndarray]:
    return [tf.convert_to_tensor(tensor).numpy() for tensor in tensors]


def assert_same(ours: list[np.ndarray], stock: list[np.ndarray], tolerance: float = 1e-5) -> None:
    for a, b in zip(ours, stock, strict=True):
        assert a.dtype == b.dtype
        a, b = (np.asarray(c, "float64") for c in (a, b))  # noqa: PLW2901
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    name=st.sampled_from(NAMES),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(1, 5)),
    flags=st.fixed_dictionaries(
        {
            flag: st.booleans()
            for flag in (
                "return_sequences",
                "return_state",
                "go_backwards",
                "use_bias",
                "zero_output_for_mask",
            )
        }
    ),
    masked=st.booleans(),
    stated=st.booleans(),
    cores=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_results_and_gradients_are_stock_keras(
    way: str,
    name: str,
    shape: Any,
    flags: Any,
    masked: bool,
    stated: bool,
    cores: int,
    seed: int,
) -> None:
    """For each cell, shape (T = 1 included), direction, mask, initial state, and way to run it."""
    batch, time, width, units = shape
    x = normal(batch, time, width, seed=seed)
    mask = coins(batch, time, seed=seed) if masked else None
    states = start(name, batch, units) if stated else None
    stock, ours = twins(name, width, units, **flags)
    expected = run(stock, x, states, mask)
    with cut(cores, way=way):
        assert_same(run(ours, x, states, mask), expected)


@pytest.mark.parametrize(("batch", "sizes"), [(5, [2, 3]), (6, [3, 3]), (5, [1, 2, 2])])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_parts_of_the_batch_are_the_whole(
    name: str, way: str, batch: int, sizes: list[int]
) -> None:
    """However the batch is cut, masked and backward, no row or step is lost or moved."""
    options = {"return_sequences": True, "return_state": True, "go_backwards": True}
    stock, ours = twins(name, 3, 4, **options)
    arguments = normal(batch, 9, 3), start(name, batch, 4), coins(batch, 9)
    with cut(len(sizes), way=way) as scans:
        assert_same(run(ours, *arguments), run(stock, *arguments))
    assert scans == [(size, way) for size in sizes]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("cores", "rows", "batch", "sizes"),
    [
        (2, 32, 63, [63]),
        (2, 32, 64, [32, 32]),
        (2, 32, 99, [49, 50]),
        (8, 32, 64, [32, 32]),
        (3, 2, 5, [2, 3]),
        (2, 2, 1, [1]),
    ],
)
def test_parts_have_enough_rows(
    cores: int, rows: int, batch: int, sizes: list[int], precision: str
) -> None:
    """No more parts than cores, none of fewer rows than pay, sizes one apart at most."""
    layer, x = recurrent.SimpleRNN(4, precision=precision), tf.zeros((batch, 1, 3))
    with cut(cores, rows) as scans, pytest.MonkeyPatch.context() as patch:
        layer(x)
        assert [size for size, _ in scans] == sizes
        scans.clear()
        patch.setattr(recurrent, "UNITS", 4)
        layer(x)
        # oneDNN shares out large float32 products itself.
        assert [size for size, _ in scans] == ([batch] if precision == "float32" else sizes)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("shape", "units", "expected"),
    [
        ((5, 9), recurrent.UNITS, [(2, "scan"), (3, "scan")]),
        ((5, None), recurrent.UNITS, [(2, "gates"), (3, "gates")]),
        ((None, None), recurrent.UNITS, [(None, "nothing")]),
        ((5, None), 4, [(5, "gates")]),
    ],
)
def test_graphs_are_stock_keras(
    name: str, shape: Any, units: int, expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a tf.function of static and unknown sizes, masked, compiled as the layer chooses."""
    monkeypatch.setattr(recurrent, "UNITS", units)
    stock, ours = twins(name, 3, 4, return_sequences=True, return_state=True)
    states, time = start(name, 5, 4), shape[1] or 9
    arguments = normal(5, time, 3), states, coins(5, time)
    state = tf.TensorSpec((shape[0], 4))
    signature = tf.TensorSpec((*shape, 3)), [state] * len(states), tf.TensorSpec(shape, tf.bool)
    graph = tf.function(
        lambda *inputs: results_of(ours, *inputs), input_signature=signature, autograph=False
    )
    with cut(2) as scans:
        results = graph(*tf.nest.map_structure(tf.constant, arguments))
    assert_same(arrays(results), run(stock, *arguments))
    assert scans == expected


def test_what_xla_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole scan where its sizes are known, small and float32; else the gates, or nothing."""
    layer = recurrent.GRU(4)
    chosen = {
        (batch, steps): layer._compile(keras.KerasTensor((batch, steps, 3)), narrow=False)
        for batch in (64, None)
        for steps in (1, 7, 8, 100, None)
    }
    known = {1: "nothing", 7: "nothing", 8: "scan", 100: "scan", None: "gates"}
    assert chosen == {(64, steps): way for steps, way in known.items()} | {
        (None, steps): "nothing" for steps in known
    }
    assert layer._compile(keras.KerasTensor((64, 100, 3)), narrow=True) == "gates"
    monkeypatch.setattr(recurrent, "UNITS", 4)
    assert layer._compile(keras.KerasTensor((64, 100, 3)), narrow=False) == "gates"


@pytest.mark.parametrize("name", NAMES)
def test_float64_is_stock_keras(name: str) -> None:
    """A layer of float64 computes in float64 throughout."""
    stock, ours = twins(name, 3, 4, return_sequences=True, dtype="float64")
    x = normal(5, 9, 3).astype("float64")
    assert ours._scannable()
    assert_same(run(ours, x), run(stock, x), 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_stateful_layers_carry_the_same_state(name: str) -> None:
    """Three batches on, and from zero again after a reset."""
    stock, ours = twins(name, 3, 4, stateful=True, return_sequences=True)
    x = normal(5, 7, 3)
    with cut(2):
        for _ in range(3):
            assert_same(run(ours, x), run(stock, x))
            assert_same(arrays(ours.states), arrays(stock.states))
        for layer in (stock, ours):
            layer.reset_state()
        assert_same(run(ours, x), run(stock, x))


@pytest.mark.parametrize("name", NAMES)
def test_bidirectional_is_stock_keras(name: str) -> None:
    """Wrapped by Keras's Bidirectional, masked, with sequences out."""
    stock, ours = (
        keras.layers.Bidirectional(kind(4, return_sequences=True))
        for kind in (STOCK[name], recurrent.CELLS[name])
    )
    for layer in (stock, ours):
        layer.build((5, 7, 3))
    ours.set_weights(stock.get_weights())
    x, mask = normal(5, 7, 3), coins(5, 7)
    with cut(2):
        assert_same(run(ours, x, mask=mask), run(stock, x, mask=mask))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_dropout_on_the_inputs_is_stock_keras(name: str, training: bool) -> None:
    """With the same seed the same inputs are dropped, the same in every step, new in each batch."""
    stock, ours = twins(name, 3, 4, dropout=0.5, seed=1, return_sequences=True)
    assert ours._scannable()
    x = normal(5, 3, 3)
    with cut(2):
        for _ in range(2):
            assert_same(run(ours, x, training=training), run(stock, x, training=training))


FALLBACKS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"recurrent_dropout": 0.5}) for name in NAMES),
    *((name, {"activation": "relu"}) for name in NAMES),
    *((name, {"unroll": True}) for name in NAMES),
    *((name, {"dtype": "mixed_bfloat16"}) for name in NAMES),
    *((name, {"recurrent_activation": "hard_sigmoid"}) for name in ("gru", "lstm")),
    *((name, {"implementation": 1}) for name in ("gru", "lstm")),
    ("gru", {"reset_after": False}),
]


@pytest.mark.parametrize(("name", "option"), FALLBACKS)
def test_what_the_scan_cannot_do_is_left_to_keras(name: str, option: Any) -> None:
    """The fallback gives Keras's own results."""
    stock, ours = twins(name, 3, 4, seed=1, **option)
    assert not ours._scannable()
    x = normal(5, 3, 3)
    with cut(2) as scans:
        assert_same(run(ours, x, training=True), run(stock, x, training=True))
    assert not scans


def language(*kinds: Any, optimizer: Any = "sgd", **options: Any) -> Any:
    """A character model of three kinds of layers, V = 7; the same weights at each call."""
    embedding, cell, dense = kinds
    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), batch_size=4, dtype="int32")
    signal = embedding(7, 4)(ids)
    for units in (5, 5):
        signal = cell(units, stateful=True, return_sequences=True, **options)(signal)
    model = keras.Model(ids, dense(7, **options)(signal))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.get(optimizer), loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model: keras.Model) -> list[np.ndarray]:
    """The weights after five steps of `fit`, T = 9."""
    ids = np.random.default_rng(2).integers(0, 7, (5, 4, 10)).astype("int32")
    batches = tf.data.Dataset.from_tensor_slices((ids[..., :-1], ids[..., 1:]))
    with cut(2):
        model.fit(batches, shuffle=False, verbose=0)
    return list(model.get_weights())


class OneHotEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """Keras's Embedding with a dense gradient.

    Keras's Adam squares the rows of a gather's sparse gradient before it adds up those of the
    same id, which is not Adam's second moment; with a dense gradient it is.
    """

    def call(self, inputs: Any) -> Any:
        return keras.ops.matmul(keras.ops.one_hot(inputs, self.input_dim), self.embeddings)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("optimizer", "stock", "ours"),
    [
        ("sgd", keras.layers.Embedding, layers.Embedding),
        ("adam", OneHotEmbedding, partial(layers.Embedding, projected=True)),
    ],
    ids=["sgd", "adam"],
)
def test_five_steps_of_training_end_with_the_same_weights(
    name: str, optimizer: str, stock: Any, ours: Any
) -> None:
    """`model.fit`, stateful, two layers, against stock Keras."""
    rate = {"sgd": 1.0, "adam": 0.01}[optimizer]

    def trained(*kinds: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
        settings = {"class_name": optimizer, "config": {"learning_rate": rate}}
        model = language(*kinds, optimizer=settings)
        return list(model.get_weights()), train(model)

    before, expected = trained(stock, STOCK[name], keras.layers.Dense)
    assert_same(trained(ours, recurrent.CELLS[name], layers.Dense)[1], expected)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, expected, strict=True))


def test_adam_steps_the_embedding_by_its_summed_gradient() -> None:
    """Three steps end where Adam in NumPy, on a dense gradient, ends; ids occur several times."""
    layer = layers.Embedding(7, 4)
    layer.build()
    optimizer = keras.optimizers.Adam(0.1)
    table, m, v = layer.embeddings.numpy(), np.zeros((7, 4)), np.zeros((7, 4))
    for t in (1, 2, 3):
        ids, by_rows = np.array([[1, 3, 1], [0, 6, 1]]) % (t + 4), normal(2, 3, 4, seed=t)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.constant(ids)) * by_rows)
        gradient = tape.gradient(loss, layer.embeddings.value)
        optimizer.apply([gradient], [layer.embeddings])

        dense = np.zeros((7, 4))
        np.add.at(dense, ids, by_rows)
        m, v = 0.9 * m + 0.1 * dense, 0.999 * v + 0.001 * dense**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        table -= 0.1 * m_hat / (np.sqrt(v_hat) + 1e-7)
        np.testing.assert_allclose(layer.embeddings.numpy(), table, atol=1e-5)


@pytest.mark.parametrize("words", [7, layers.ONE_HOT, layers.ONE_HOT + 1])
def test_looked_up_gradient_is_the_sum_by_id(words: int) -> None:
    """By one-hot products and, of larger vocabularies, by segment sums: dense, each row its own."""
    table = normal(words, 3)
    ids, by_rows = np.array([[1, 3, 1, 1], [0, words - 1, 1, 3]]), normal(2, 4, 3)
    with tf.GradientTape() as tape:
        variable = tf.Variable(table)
        rows = layers.look_up(variable, tf.constant(ids))
        loss = tf.reduce_sum(rows * by_rows)
    gradient = tape.gradient(loss, variable)
    expected = np.zeros_like(table)
    np.add.at(expected, ids, by_rows)
    assert isinstance(gradient, tf.Tensor)
    np.testing.assert_array_equal(rows, table[ids])
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize(("times", "masked"), [(7 / 4, True), (6 / 4, False)])
@pytest.mark.parametrize("name", NAMES)
def test_projecting_the_vocabulary_is_projecting_the_batch(
    name: str, times: float, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of the input's product for each word, or for each of the batch; all else is Keras's."""
    monkeypatch.setattr(layers, "PROJECTED", times)
    multiplied = []

    def counted(a: Any, *factors: Any) -> Any:
        multiplied.append(a.shape[0])
        return product(a, *factors)

    monkeypatch.setattr(recurrent, "product", counted)
    ids = tf.constant(np.random.default_rng(0).integers(0, 7, (5, 7)))
    results = []
    pair = twins(name, 4, 5, return_sequences=True, go_backwards=True)
    embeddings = keras.layers.Embedding, partial(layers.Embedding, projected=True)
    for layer, embedding in zip(pair, [e(7, 4, mask_zero=masked) for e in embeddings], strict=True):
        embedding.build()
        embedding.set_weights([normal(7, 4)])
        with cut(2), tf.GradientTape() as tape:
            y = layer(embedding(ids))
            loss = tf.reduce_sum(tf.sin(y))
        variables = [*embedding.trainable_weights, *layer.trainable_weights]
        results.append(arrays([y, *tape.gradient(loss, [w.value for w in variables])]))
    assert_same(results[1], results[0])
    assert multiplied == ([7] if times == 7 / 4 else [14, 21])


def test_dropout_is_not_lost_where_the_vocabulary_could_be_projected() -> None:
    """Dropped inputs are another row for each of the batch, so the batch is projected."""
    stock, ours = twins("gru", 4, 5, dropout=0.5, seed=1)
    embedding = layers.Embedding(7, 4, projected=True)
    vectors = embedding(tf.constant([[1, 3, 1], [0, 6, 1]]))
    assert hasattr(vectors, "lookup")
    assert_same(arrays([ours(vectors, training=True)]), arrays([stock(vectors, training=True)]))


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_embedding_computes_in_keras_dtype(policy: str) -> None:
    """A dtype policy holds for our embedding as for Keras's."""
    stock, ours = keras.layers.Embedding(7, 4, dtype=policy), layers.Embedding(7, 4, dtype=policy)
    for layer in (stock, ours):
        layer.build()
    ours.set_weights(stock.get_weights())
    ids = tf.constant([[1, 3, 1], [0, 6, 1]])
    assert_same(arrays([ours(ids)]), arrays([stock(ids)]))


def paths(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each array in a weights file, by its path."""
    shapes: dict[str, tuple[int, ...]] = {}
    with h5py.File(file) as opened:
        opened.visititems(
            lambda path, node: (
                shapes.update({path: node.shape}) if isinstance(node, h5py.Dataset) else None
            )
        )
    return shapes


@reads_h5
@pytest.mark.parametrize("name", NAMES)
def test_weights_files_move_in_both_directions(name: str, tmp_path: Path) -> None:
    """Stock Keras reads what these layers write, and these what stock Keras writes."""
    stock = language(keras.layers.Embedding, STOCK[name], keras.layers.Dense)
    ours = language(layers.Embedding, recurrent.CELLS[name], layers.Dense, precision="bfloat16")
    old, new = tmp_path / "stock.weights.h5", tmp_path / "ours.weights.h5"
    rng = np.random.default_rng(1)
    ours.set_weights([rng.normal(size=w.shape) for w in ours.get_weights()])
    ours.save_weights(new)
    stock.load_weights(new)
    assert_same(stock.get_weights(), ours.get_weights(), 0)
    stock.set_weights([rng.normal(size=w.shape) for w in stock.get_weights()])
    stock.save_weights(old)
    ours.load_weights(old)
    assert_same(ours.get_weights(), stock.get_weights(), 0)
    assert paths(new) == paths(old)
    assert set(paths(new).values()) >= {w.shape for w in stock.get_weights()}


@pytest.mark.parametrize("kind", [*recurrent.CELLS.values(), layers.Dense])
def test_config_keeps_the_precision(kind: Any) -> None:
    """A layer rebuilt from its config, by Bidirectional as well, multiplies as the first does."""
    layer = kind(4, precision="bfloat16")
    assert kind.from_config(layer.get_config()).precision == "bfloat16"
    assert kind(4).precision == kind.from_config(kind(4).get_config()).precision == "float32"
    if kind is not layers.Dense:
        both = keras.layers.Bidirectional(layer)
        for clone in (both.forward_layer, both.backward_layer):
            assert type(clone) is kind
            assert clone.precision == "bfloat16"
            assert clone._scannable()


@reads_h5
@pytest.mark.parametrize("name", NAMES)
def test_saved_models_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    """A .keras file holds which layers they are, their precision and their weights."""
    model = keras.Sequential(
        [
            keras.Input((9,), batch_size=3, dtype="int32"),
            layers.Embedding(7, 4, projected=True),
            recurrent.CELLS[name](5, return_sequences=True, precision="bfloat16"),
            keras.layers.Bidirectional(recurrent.CELLS[name](5, precision="bfloat16")),
            layers.Dense(7, precision="bfloat16"),
        ]
    )
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    embedding, one_way, both, dense = again.layers
    assert embedding.projected
    for layer in (one_way, both.forward_layer, both.backward_layer):
        assert layer._scannable()
    for layer in (one_way, both.forward_layer, both.backward_layer, dense):
        assert layer.precision == "bfloat16"
    ids = tf.constant(np.random.default_rng(0).integers(0, 7, (3, 9)))
    np.testing.assert_array_equal(again(ids), model(ids))


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_layers_stay_near_to_float32(name: str) -> None:
    """Outputs, states, weights and all gradients remain float32, a few bits off."""
    options = {"return_sequences": True, "return_state": True}
    stock, _ = twins(name, 3, 4, **options)
    near = recurrent.CELLS[name](4, precision="bfloat16", **options)
    near.build((5, None, 3))
    near.set_weights(stock.get_weights())
    assert {w.dtype for w in near.weights} == {"float32"}
    arguments = normal(5, 9, 3), start(name, 5, 4), coins(5, 9)
    with cut(2):
        results = run(near, *arguments)
    expected = run(stock, *arguments)
    assert (results[0] != expected[0]).any()
    assert_same(results, expected, 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_rounds_the_input_product_alone(name: str) -> None:
    """T = 1 from a state of zero: float32's result on a rounded product, biases unrounded."""
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    exact, near = recurrent.CELLS[name](4), recurrent.CELLS[name](4, precision="bfloat16")
    rng = np.random.default_rng(0)
    x, kernel = (rng.integers(-127, 128, shape) / 64 for shape in ((5, 3), (3, gates * 4)))
    rounded = np.asarray((x @ kernel).astype(tf.bfloat16.as_numpy_dtype), "float32")
    assert (rounded != x @ kernel).any()
    for layer, width in ((exact, gates * 4), (near, 3)):
        layer.build((5, None, width))
        _, *others = [normal(*w.shape) for w in layer.get_weights()]
        layer.set_weights([kernel if layer is near else np.eye(width), *others])
    results = [
        layer(tf.constant(inputs[:, np.newaxis], "float32"))
        for layer, inputs in ((near, x), (exact, rounded))
    ]
    np.testing.assert_allclose(results[0], results[1], atol=2e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_stock_keras(bias: bool) -> None:
    """Outputs and gradients of (B, T, H) inputs, in float32; near to them in bfloat16."""
    options: dict[str, Any] = {"use_bias": bias, "activation": "tanh"}
    stock, ours = keras.layers.Dense(7, **options), layers.Dense(7, **options)
    near = layers.Dense(7, precision="bfloat16", **options)
    x = tf.constant(normal(5, 3, 4))
    results = []
    for layer in (stock, ours, near):
        layer.build(x.shape)
        layer.set_weights(stock.get_weights())
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        weights = [w.value for w in layer.trainable_weights]
        results.append(arrays([y, *tape.gradient(y, [x, *weights])]))
    assert_same(results[1], results[0])
    assert (results[2][0] != results[0][0]).any()
    assert_same(results[2], results[0], 0.1)


@pytest.mark.parametrize("shape", [(5, 3, 4), (None, None, 4), (5, 4)])
def test_dense_in_bfloat16_rounds_its_product_alone(shape: Any) -> None:
    """The result is NumPy's in float32 on a rounded product, in graphs of unknown sizes too."""
    rng = np.random.default_rng(0)
    sizes = [size or 5 for size in shape]
    x, kernel = (rng.integers(-127, 128, size) / 64 for size in (sizes, (4, 7)))
    layer = layers.Dense(7, precision="bfloat16")
    layer.build(shape)
    bias = normal(7)
    layer.set_weights([kernel, bias])
    graph = tf.function(layer, input_signature=[tf.TensorSpec(shape)], autograph=False)
    rounded = np.asarray((x @ kernel).astype(tf.bfloat16.as_numpy_dtype), "float32")
    assert (rounded != x @ kernel).any()
    results = graph(tf.constant(x, "float32"))
    assert results.dtype == tf.float32
    np.testing.assert_allclose(results, rounded + bias, atol=1e-6)


def test_vectors_have_a_gradient_unless_they_are_projected() -> None:
    """What looks at the embedding's output from outside sees Keras's gradient."""
    stock, ours = twins("lstm", 4, 5)
    embedding = layers.Embedding(7, 4)
    gradients = []
    for layer in (stock, ours):
        vectors = embedding(tf.constant([[1, 3, 1], [0, 6, 1]]))
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            y = layer(vectors)
        gradients.append(tape.gradient(y, vectors).numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-5)


def test_mask_may_have_a_last_axis() -> None:
    """(B, T, 1) is the mask (B, T), as in Keras."""
    stock, ours = twins("gru", 4, 5)
    x, mask = normal(3, 7, 4), coins(3, 7)[..., np.newaxis]
    assert_same(run(ours, x, mask=mask), run(stock, x, mask=mask))


@pytest.mark.parametrize("kind", [recurrent.LSTM, layers.Dense])
def test_unknown_precision_is_refused(kind: Any) -> None:
    """Instead of being taken for one of the two."""
    with pytest.raises(ValueError, match="float32, bfloat16, not 'bf16'"):
        kind(3, precision="bf16")


def scale_of_next_step(layer: Any) -> np.ndarray:
    """What a layer's next training step multiplies its recurrent kernel by; it is not advanced."""
    seeds = keras.random.SeedGenerator(0)
    seeds.state.assign(layer.drop_seeds.state)
    ones = np.ones(layer.cell.recurrent_kernel.shape, "float32")
    return arrays([keras.random.dropout(ones, layer.weight_drop, seed=seeds)])[0]


def dropping(name: str, rate: float = 0.4, **options: Any) -> tuple[Any, Any]:
    """`twins` of width 3 and 4 units, ours with a weight drop."""
    stock, _ = twins(name, 3, 4, **options)
    ours = recurrent.CELLS[name](4, weight_drop=rate, **options)
    ours.build((5, None, 3))
    ours.set_weights(stock.get_weights())
    return stock, ours


def run_scaled(stock: Any, scale: np.ndarray, *arguments: Any) -> list[np.ndarray]:
    """`run` of a layer whose recurrent kernel is multiplied, gradients by the one before."""
    weights = stock.get_weights()
    stock.set_weights([w * scale if k == 1 else w for k, w in enumerate(weights)])
    results = run(stock, *arguments, training=True)
    stock.set_weights(weights)
    results[1 - len(weights)] *= scale
    return results


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_weight_drop_is_stock_keras_with_a_thinned_kernel(name: str, way: str) -> None:
    """Outputs, states and gradients in training; entries are zero, without gradient, or scaled."""
    stock, ours = dropping(name, return_sequences=True, return_state=True)
    arguments = normal(5, 9, 3), start(name, 5, 4), coins(5, 9)
    scale = scale_of_next_step(ours)
    assert set(np.unique(scale)) == {np.float32(0), np.float32(1 / 0.6)}
    with cut(2, way=way) as scans:
        results = run(ours, *arguments, training=True)
    assert_same(results, run_scaled(stock, scale, *arguments))
    assert not results[-2][scale == 0].any()
    assert scans == [(2, way), (3, way)]


@pytest.mark.parametrize(
    ("name", "option"), [fallback for fallback in FALLBACKS if "dtype" not in fallback[1]]
)
def test_weight_drop_where_the_scan_is_left_to_keras(name: str, option: Any) -> None:
    """What the scan can't do has its recurrent kernel thinned in the same way."""
    stock, ours = dropping(name, seed=1, **option)
    assert not ours._scannable()
    scale = scale_of_next_step(ours)
    assert not scale.all()
    assert_same(
        run(ours, normal(5, 3, 3), training=True), run_scaled(stock, scale, normal(5, 3, 3))
    )


@pytest.mark.parametrize("name", NAMES)
def test_weight_drop_is_new_in_each_step_of_a_graph(name: str) -> None:
    """A compiled training step draws another mask each time, and leaves the weights as they are."""
    stock, ours = dropping(name, return_sequences=True)
    x = normal(5, 9, 3)
    graph = tf.function(partial(results_of, ours, training=True), autograph=False)
    scales = []
    with cut(2):
        for _ in range(3):
            scales.append(scale_of_next_step(ours))
            assert_same(arrays(graph(tf.constant(x))), run_scaled(stock, scales[-1], x))
        assert_same(run(ours, x), run(stock, x))
    assert len({scale.tobytes() for scale in scales}) == 3
    assert_same(ours.get_weights(), stock.get_weights(), 0)


def test_weight_drop_zeroes_its_fraction() -> None:
    """Read off a simple layer that is given each unit's state: 30 % are zero, others x / 0.7."""
    keras.utils.set_random_seed(0)
    layer = recurrent.SimpleRNN(40, weight_drop=0.3, use_bias=False)
    layer.build((40, 1, 3))
    kernel = np.random.default_rng(0).uniform(0.1, 0.5, (40, 40)).astype("float32")
    layer.set_weights([np.zeros((3, 40)), kernel])
    x, units = tf.zeros((40, 1, 3)), [tf.eye(40)]
    used = np.arctanh([layer(x, initial_state=units, training=True) for _ in range(9)])
    kept = used != 0
    assert abs(kept.mean() - 0.7) < 0.015  # four standard deviations
    np.testing.assert_allclose(used, kept * kernel / 0.7, atol=1e-5)
    assert len({mask.tobytes() for mask in kept}) == 9


@pytest.mark.parametrize(
    ("rate", "training"), [(0.4, False), (0.4, None), (0.0, True)], ids=["not", "unsaid", "none"]
)
@pytest.mark.parametrize("name", NAMES)
def test_weight_drop_is_training_alone(name: str, rate: float, training: bool | None) -> None:
    """Outside training, and without a drop, the layer is stock Keras's and draws nothing."""
    stock, ours = dropping(name, rate, return_sequences=True, return_state=True)
    assert hasattr(ours, "drop_seeds") == (rate > 0)
    drawn = [variable.numpy() for variable in ours.non_trainable_variables]
    assert len(drawn) == len(stock.non_trainable_variables) + (rate > 0)
    arguments = normal(5, 9, 3), start(name, 5, 4), coins(5, 9)
    with cut(2):
        assert_same(run(ours, *arguments, training=training), run(stock, *arguments))
    assert_same(arrays(ours.non_trainable_variables), drawn, 0)


def test_a_seed_decides_the_weight_drop() -> None:
    """Keras's own seed gives the same masks again, and another seed others."""
    results = []
    for seed in (7, 7, 8):
        keras.utils.set_random_seed(seed)
        _, ours = dropping("rnn")
        results.append(arrays([ours(normal(5, 3, 3), training=True) for _ in range(2)]))
    assert_same(results[1], results[0], 0)
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(results[2], results[0], strict=True))


@pytest.mark.parametrize("raised", [None, ArithmeticError])
def test_weight_drop_leaves_the_cell_its_variable(
    raised: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a training step, and after one that failed, the recurrent kernel is the weight."""
    _, ours = dropping("gru")
    variables, values = list(ours.trainable_weights), ours.get_weights()
    kernel = ours.cell.recurrent_kernel
    within = []

    def looking(*arguments: Any) -> Any:
        within.append(ours.cell.recurrent_kernel)
        if raised:
            raise raised
        return scan(*arguments)

    monkeypatch.setattr(recurrent, "scan", looking)
    with pytest.raises(raised) if raised else nullcontext():
        ours(normal(5, 3, 3), training=True)
    assert within[0] is not kernel
    assert ours.cell.recurrent_kernel is kernel
    assert [id(weight) for weight in ours.trainable_weights] == [*map(id, variables)]
    assert_same(ours.get_weights(), values, 0)


@pytest.mark.parametrize("kind", recurrent.CELLS.values())
def test_config_keeps_the_weight_drop(kind: Any) -> None:
    """A layer rebuilt from its config, by Bidirectional as well, thins its kernel as the first."""
    layer = kind(4, weight_drop=0.3)
    assert kind.from_config(layer.get_config()).weight_drop == 0.3
    assert kind(4).weight_drop == kind.from_config(kind(4).get_config()).weight_drop == 0
    both = keras.layers.Bidirectional(layer)
    assert both.forward_layer.weight_drop == both.backward_layer.weight_drop == 0.3
