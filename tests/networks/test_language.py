"""The Keras language model: its sizes, its initial weights, its state, its paths."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from charrnn.config.language import NetworkConfig
from charrnn.config.presets import LANGUAGE_PRESETS, TUTORIAL
from charrnn.data.windows import cut_windows, find_stream_starts
from charrnn.networks import language
from charrnn.networks.projection import Projection
from charrnn.networks.weights import get_weights
from charrnn.runs.checkpoint import SUFFIX, write_checkpoint
from tests.networks.twins import record_multiplied_rows
from tests.support.networks import MakeCheckpoint

StockLogits = Callable[[NetworkConfig, Sequence[Any], Any], Any]

VOCABULARY = 11

keras_saves = pytest.mark.filterwarnings(  # Keras 3.15's save_weights on NumPy 2
    "ignore:__array__ implementation:DeprecationWarning"
)
every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def _make_config(cell: str = "lstm", layers: int = 1, dropout: float = 0.0) -> NetworkConfig:
    return NetworkConfig(VOCABULARY, cell, 3, 5, layers, dropout)


def _draw_ids(texts: int, length: int) -> Any:
    return np.random.default_rng(2).integers(VOCABULARY, size=(texts, length), dtype=np.int32)


def _set_some_weights(model: Any, seed: int = 3) -> list[Any]:
    """Set weights large enough that states matter, and return them."""
    random = np.random.default_rng(seed)
    weights = [random.normal(0, 0.7, old.shape).astype(np.float32) for old in model.get_weights()]
    model.set_weights(weights)
    return weights


def _make_tutorial_config(cell: str) -> NetworkConfig:
    sizes = {
        name: LANGUAGE_PRESETS[TUTORIAL][cell][name] for name in ("embedding", "units", "layers")
    }
    return NetworkConfig(65, cell, **sizes)


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", 1_395_009), ("lstm", 5_330_241), ("gru", 4_021_569)]
)
def test_the_tutorial_has_the_published_parameters(cell: str, parameters: int) -> None:
    """The tutorial preset's network on 65 characters has exactly the published number."""
    config = _make_tutorial_config(cell)
    assert config.parameters == parameters
    assert language.build_model(config, 64).count_params() == parameters


def test_the_tutorial_has_the_published_layers() -> None:
    """The tutorial preset's layers are the three rows of the published summary."""
    model = language.build_model(_make_tutorial_config("rnn"), 64)
    rows = [(type(layer).__name__, layer.count_params()) for layer in model.layers[1:]]
    assert rows == [("Embedding", 16_640), ("SimpleRNN", 1_311_744), ("Dense", 66_625)]
    assert model.output_shape == (64, None, 65)


@every_cell
def test_logits_are_not_rounded(cell: str) -> None:
    """With recurrent products in bfloat16 the logits are those of a float32 product, NumPy's.

    Rounded, they and the projected table cost the preset `quick` 0.01 nats.
    """
    import keras

    model = language.build_model(NetworkConfig(40, cell, 50, 60), 2, "bfloat16")
    _set_some_weights(model)
    outputs = keras.Model(model.input, [model.layers[-1].input, model.output])
    signal, logits = map(np.asarray, outputs(_draw_ids(2, 7) % 40))
    kernel, bias = map(np.asarray, model.layers[-1].weights)
    np.testing.assert_allclose(logits, signal @ kernel + bias, rtol=0, atol=1e-5)


@every_cell
def test_weights_are_initialized_as_published(cell: str) -> None:
    """All kernels are Glorot-uniform; biases are zero, except an LSTM's forget gate's."""
    config = NetworkConfig(40, cell, 50, 60, 2)
    import keras

    keras.utils.set_random_seed(0)  # the moments of a few thousand draws are not always near
    weights = get_weights(language.build_model(config, 1), config)
    assert _is_uniform(weights["layers/embedding/vars/0"], 0.05)
    bias = np.zeros(config.weight_shapes()[f"{config.layer_path(0)}/cell/vars/2"])
    if cell == "lstm":
        bias[60:120] = 1
    for layer in range(2):
        path = f"{config.layer_path(layer)}/cell/vars"
        for name in (f"{path}/0", f"{path}/1"):
            assert _is_uniform(weights[name], (6 / sum(weights[name].shape)) ** 0.5)
        np.testing.assert_array_equal(weights[f"{path}/2"], bias)
    assert _is_uniform(weights["layers/dense/vars/0"], (6 / (60 + 40)) ** 0.5)
    assert not weights["layers/dense/vars/1"].any()


def _is_uniform(values: Any, bound: float) -> bool:
    """Whether values look uniform on [-bound, bound], by their extremes and first moments."""
    scaled = values.ravel() / bound
    return bool(
        0.99 < np.abs(scaled).max() <= 1.0001
        and abs(scaled.mean()) < 0.05
        and abs(scaled.std() - 3**-0.5) < 0.02
    )


@every_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_carried_state_equals_one_unbroken_pass(
    stock_logits: StockLogits, cell: str, layers: int
) -> None:
    """Over consecutive windows the logits are those of one pass over each stream."""
    batch_size, seq_length = 3, 7
    text = _draw_ids(1, 100)[0]
    config = _make_config(cell, layers)
    model = language.build_model(config, batch_size)
    weights = _set_some_weights(model)
    starts = find_stream_starts(len(text), batch_size, seq_length, stride=seq_length)
    assert len(starts) == 4
    windows = [
        np.asarray(model(cut_windows(text, row, seq_length)[0], training=False)) for row in starts
    ]
    read = len(starts) * seq_length
    streams = [text[row * read : (row + 1) * read] for row in range(batch_size)]
    unbroken = stock_logits(config, weights, streams)
    np.testing.assert_allclose(np.concatenate(windows, axis=1), unbroken, rtol=0, atol=2e-6)


@every_cell
def test_reset_states_starts_over(cell: str) -> None:
    """After a reset all layers predict as if nothing had been read; without it they do not."""
    model = language.build_model(_make_config(cell, 2), 2)
    _set_some_weights(model)
    ids = _draw_ids(2, 6)
    first, second = np.asarray(model(ids)), np.asarray(model(ids))
    assert np.abs(second - first)[:, 0].max() > 1e-3
    language.reset_states(model)
    np.testing.assert_array_equal(np.asarray(model(ids)), first)


def test_recurrent_layers_come_first_to_last() -> None:
    """The layers that carry a state are found in their order, and no others."""
    model = language.build_model(_make_config("gru", 3, dropout=0.5), 2)
    layers = language.find_recurrent_layers(model)
    assert [type(layer).__name__ for layer in layers] == ["GRU"] * 3
    assert layers == [layer for layer in model.layers if layer in layers]


@keras_saves
@every_cell
def test_weights_of_batch_64_serve_one_text(
    stock_logits: StockLogits, cell: str, tmp_path: Path
) -> None:
    """Weights trained with batch 64 load into the same network with batch 1."""
    config = _make_config(cell, 2, dropout=0.3)
    trained = language.build_model(config, 64)
    weights = _set_some_weights(trained)
    trained.save_weights(tmp_path / "trained.weights.h5")
    single = language.build_model(config, 1)
    single.load_weights(tmp_path / "trained.weights.h5")
    ids = _draw_ids(1, 12)
    expected = stock_logits(config, weights, ids)
    np.testing.assert_allclose(np.asarray(single(ids)), expected, rtol=0, atol=2e-6)


@keras_saves
@every_cell
@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (3, 0.5)])
def test_get_weights_names_them_as_keras_does(
    cell: str, layers: int, dropout: float, tmp_path: Path
) -> None:
    """Each weight's path is the one under which Keras itself saves it, each shape as declared."""
    config = _make_config(cell, layers, dropout)
    model = language.build_model(config, 2)
    _set_some_weights(model)
    model.save_weights(tmp_path / "keras.weights.h5")
    weights = get_weights(model, config)
    saved = _read_datasets(tmp_path / "keras.weights.h5")
    assert set(weights) == {name for name in saved if "seed_generator" not in name}
    for name, values in weights.items():
        np.testing.assert_array_equal(values, saved[name])
    assert {name: values.shape for name, values in weights.items()} == config.weight_shapes()


def _read_datasets(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(note)
    return found


@every_cell
def test_plain_keras_reads_a_checkpoint(
    make_checkpoint: MakeCheckpoint,
    stock_network: Callable[[NetworkConfig], Any],
    cell: str,
    tmp_path: Path,
) -> None:
    """`load_weights` of a network of stock layers reads a checkpoint's file."""
    network = make_checkpoint(cell=cell, layers=2)
    path = tmp_path / f"friend{SUFFIX}"
    write_checkpoint(path, network)
    plain = stock_network(network.network)
    plain.load_weights(path)
    for values, expected in zip(plain.get_weights(), network.weights.values(), strict=True):
        np.testing.assert_array_equal(values, expected)


def test_dropout_falls_on_every_recurrent_layer_while_training() -> None:
    """Each recurrent layer's output is thinned in training, and only in training."""
    model = language.build_model(_make_config("lstm", 2, dropout=0.5), 2)
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == ["Embedding", "LSTM", "Dropout", "LSTM", "Dropout", "Dense"]
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.5, 0.5]
    _set_some_weights(model)
    ids = _draw_ids(2, 5)

    def logits(*, training: bool) -> Any:
        language.reset_states(model)
        return np.asarray(model(ids, training=training))

    np.testing.assert_array_equal(logits(training=False), logits(training=False))
    assert np.abs(logits(training=True) - logits(training=False)).max() > 0.01
    assert np.abs(logits(training=True) - logits(training=True)).max() > 0.01


@pytest.mark.parametrize("vocabulary", [100, 1000])
def test_embedding_dropout_thins_the_table_while_training(vocabulary: int) -> None:
    """Numbers of the table are zero or scaled up, alike for each place of a character."""
    config = replace(_make_config("gru"), vocabulary_size=vocabulary, embedding=50)
    model = language.build_model(replace(config, embedding_dropout=0.5), 2)
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == ["Embedding", "GRU", "Dense"]
    embedding = model.layers[1]
    _set_some_weights(model)
    table = np.asarray(embedding.embeddings)
    embedding.return_table = False
    ids = np.tile(np.arange(vocabulary), (2, 1))
    thinned = np.asarray(embedding(ids, training=True))
    np.testing.assert_array_equal(thinned[0], thinned[1])
    kept = thinned[0] != 0
    np.testing.assert_allclose(thinned[0][kept], 2 * table[kept])
    assert 0.45 < kept.mean() < 0.55
    assert (np.asarray(embedding(ids, training=True)) != thinned).any()
    np.testing.assert_array_equal(np.asarray(embedding(ids))[0], table)


@pytest.mark.parametrize("vocabulary", [7, 1000])
def test_character_dropout_hides_whole_characters_while_training(vocabulary: int) -> None:
    """A hidden character has a vector of zeros, the others have their own, and which varies."""
    config = replace(_make_config("gru"), vocabulary_size=vocabulary, embedding=50)
    model = language.build_model(replace(config, character_dropout=0.3), 2)
    embedding = model.layers[1]
    _set_some_weights(model)
    ids = _draw_ids(2, 2000) % vocabulary
    table = np.asarray(embedding.embeddings)

    def look_up(*, training: bool) -> Any:
        found = embedding(ids, training=training)
        return np.asarray(found[0] if isinstance(found, tuple) else found)

    vectors = look_up(training=True)
    hidden = (vectors == 0).all(axis=-1)
    assert 0.27 < hidden.mean() < 0.33
    np.testing.assert_array_equal(vectors[~hidden], table[ids][~hidden])
    assert (look_up(training=True) != vectors).any()
    np.testing.assert_array_equal(look_up(training=False), table[ids])


@every_cell
@pytest.mark.parametrize("vocabulary", [7, 1000])
def test_a_hidden_character_is_one_without_a_vector(cell: str, vocabulary: int) -> None:
    """Logits are those of a network whose table has a row of zeros, read where one is hidden."""
    config = replace(_make_config(cell), vocabulary_size=vocabulary, embedding=4)
    model = language.build_model(replace(config, character_dropout=0.5), 2)
    plain = language.build_model(replace(config, vocabulary_size=vocabulary), 2)
    _set_some_weights(model)
    plain.set_weights(model.get_weights())
    ids = _draw_ids(2, 12) % (vocabulary - 1)
    zero = vocabulary - 1  # this row is made one of zeros, and no id reads it
    weights = model.get_weights()
    weights[0][zero] = 0
    model.set_weights(weights)
    plain.set_weights(weights)
    hidden = _find_hidden(model, ids)
    language.reset_states(model)
    found = np.asarray(model(ids, training=True))
    expected = np.asarray(plain(np.where(hidden, zero, ids)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert hidden.any()
    assert not hidden.all()


def _find_hidden(model: Any, ids: Any) -> Any:
    """Which characters the next training step hides; its random numbers are drawn twice."""
    (seeds,) = (layer.character_seeds for layer in model.layers[1:2])
    state = seeds.state.numpy()
    vectors = model.layers[1](ids, training=True)
    seeds.state.assign(state)
    vectors = vectors[0] if isinstance(vectors, tuple) else vectors
    return (np.asarray(vectors) == 0).all(axis=-1)


@pytest.mark.parametrize("dropout", ["dropout", "character_dropout"])
def test_what_a_stream_drops_does_not_depend_on_the_rows_beside_it(dropout: str) -> None:
    """Half of a batch, given the number of its first stream, drops what it drops in the whole."""
    changes: dict[str, Any] = {dropout: 0.4}
    config = replace(_make_config("lstm"), **changes)
    keras.utils.set_random_seed(7)
    whole = language.build_model(config, 4)
    keras.utils.set_random_seed(7)
    half = language.build_model(config, 2, first_stream=2)
    half.set_weights(whole.get_weights())
    ids = _draw_ids(4, 9)
    for _ in range(2):
        logits = np.asarray(whole(ids, training=True))
        np.testing.assert_allclose(np.asarray(half(ids[2:], training=True)), logits[2:], atol=1e-6)
        assert not np.allclose(logits[0], logits[1])


@every_cell
def test_embedding_dropout_reaches_the_logits_of_a_small_table(cell: str) -> None:
    """Vectors are also thinned if the table is so small that it could be projected instead."""
    config = replace(_make_config(cell), vocabulary_size=4, embedding=4, embedding_dropout=0.5)
    model = language.build_model(config, 2)
    _set_some_weights(model)
    ids = _draw_ids(2, 5) % 4

    def logits(*, training: bool) -> Any:
        language.reset_states(model)
        return np.asarray(model(ids, training=training))

    assert np.abs(logits(training=True) - logits(training=False)).max() > 0.01
    np.testing.assert_array_equal(logits(training=False), logits(training=False))


@pytest.mark.parametrize(("vocabulary", "rows"), [(6, 6), (7, 10)])
@pytest.mark.parametrize("embedding_dropout", [0.0, 0.5])
@pytest.mark.parametrize("training", [True, False])
def test_a_small_table_is_projected(
    vocabulary: int, training: bool, embedding_dropout: float, rows: int
) -> None:
    """Up to V = 2E the first layer multiplies V rows, dropout or not; else B*T rows."""
    config = NetworkConfig(vocabulary, "gru", 3, 5, 2, embedding_dropout=embedding_dropout)
    model = language.build_model(config, 2)
    with record_multiplied_rows() as multiplied:
        model(_draw_ids(2, 5) % vocabulary, training=training)
    second_layer = 10
    assert multiplied == [rows, second_layer]


def test_without_dropout_there_is_no_dropout_layer() -> None:
    """With a dropout of 0 the network has the tutorial's layers."""
    kinds = [
        type(layer).__name__ for layer in language.build_model(_make_config("gru", 2), 1).layers[1:]
    ]
    assert kinds == ["Embedding", "GRU", "GRU", "Dense"]


@every_cell
def test_weight_drop_falls_on_every_recurrent_layer_while_training(cell: str) -> None:
    """Each recurrent layer thins its own kernel, by its own masks, and only in training."""
    model = language.build_model(replace(_make_config(cell, 3), weight_drop=0.5), 2)
    layers = language.find_recurrent_layers(model)
    assert [layer.weight_drop for layer in layers] == [0.5] * 3
    _set_some_weights(model)
    ids = _draw_ids(2, 5)

    def logits(**options: bool) -> Any:
        language.reset_states(model)
        return np.asarray(model(ids, **options))

    def list_seeds() -> list[tuple[int, ...]]:
        return [tuple(layer.drop_seeds.state.numpy().tolist()) for layer in layers]

    before = list_seeds()
    assert len(set(before)) == 3
    np.testing.assert_array_equal(logits(training=False), logits())
    assert list_seeds() == before
    assert np.abs(logits(training=True) - logits()).max() > 0.01
    assert all(old != new for old, new in zip(before, list_seeds(), strict=True))


def test_without_weight_drop_there_are_no_seeds_of_masks() -> None:
    """A weight drop of 0 adds no variable to Keras's own, so older resume files still fit."""
    for drop, number in ((0.0, 2), (0.5, 4)):
        model = language.build_model(replace(_make_config("gru", 2), weight_drop=drop), 1)
        assert sum("seed" in variable.path for variable in model.variables) == number


def test_a_projected_table_is_not_rounded() -> None:
    """In a network with products in bfloat16, what each character adds to the gates is float32.

    Rounded, it and the logits cost the preset `quick` 0.01 nats.
    """
    import tensorflow as tf

    random = np.random.default_rng(0)
    table, kernel = (random.normal(size=size).astype(np.float32) for size in ((7, 5), (5, 12)))
    ids = tf.constant([[1, 0, 6]])
    projection = Projection.from_table(tf.constant(table), ids, tf.constant(kernel), tf.bfloat16)
    inputs, read = projection.list_inputs()
    np.testing.assert_allclose(inputs, table @ kernel, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(read, ids)
    assert projection.project(ids).dtype == tf.bfloat16  # which TensorFlow's own loop adds to
