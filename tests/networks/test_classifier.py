"""The review classifiers in Keras: paths, shapes and logits, against stock layers and plain loops.

Shapes: B batch, T tokens.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from charrnn.config.presets import REVIEW_PRESETS
from charrnn.config.reviews import ClassifierConfig
from charrnn.networks import classifier
from charrnn.networks.weights import get_weights
from charrnn.runs.checkpoint import Weights

keras_saves = pytest.mark.filterwarnings(  # Keras 3.15's save_weights on NumPy 2
    "ignore:__array__ implementation:DeprecationWarning"
)

TIME = 6  # too short to be worth compiling
BATCH = 4
CELLS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def shrink(preset: str) -> ClassifierConfig:
    """Make a preset's network small."""
    config = ClassifierConfig(**REVIEW_PRESETS[preset].network)
    return replace(
        config,
        vocabulary_size=12,
        embedding=3,
        units=tuple(2 + units // 32 for units in config.units[:2]),
        dense=5 if config.dense else 0,
        bigrams=30 if config.bigrams else 0,
        max_length=TIME if config.max_length else 0,
    )


def make_config(**fields: Any) -> ClassifierConfig:
    values: dict[str, Any] = {"vocabulary_size": 12, "embedding": 3, "units": (4,)}
    return ClassifierConfig(**values | {"max_length": TIME} | fields)


CASES = {shrink(preset): preset for preset in REVIEW_PRESETS} | {
    make_config(cell="average", units=(), mask=True, padding="before"): "average, masked before",
    make_config(cell="gru", mask=True, padding="before"): "gru, masked before",
    make_config(pooling="max", mask=True, padding="before"): "maximum, masked before",
    make_config(cell="gru", pooling="max", dense=5): "maximum, not masked",
    make_config(cell="rnn", units=(4, 3), bigrams=9, padding="before"): "two layers and bigrams",
}
every_network = pytest.mark.parametrize("config", CASES, ids=CASES.values())


def build_with_weights(config: ClassifierConfig, batch_size: int = BATCH) -> Any:
    """Build a network with weights so large that every input matters."""
    model = classifier.build_model(config, batch_size)
    random = np.random.default_rng(3)
    model.set_weights([random.normal(0, 0.7, one.shape) for one in model.get_weights()])
    return model


def draw_ids(config: ClassifierConfig, time: int = TIME) -> Any:
    """Draw reviews of several lengths, (B, T), padded on the side that the network wants."""
    random = np.random.default_rng(4)
    ids = np.zeros((BATCH, time), np.int32)
    for row, length in zip(ids, (time, 3, 1, time - 1), strict=True):
        review = random.integers(1, config.vocabulary_size, length)
        row[slice(-length, None) if config.padding == "before" else slice(length)] = review
    return ids


def draw_rows(config: ClassifierConfig) -> Any:
    return np.random.default_rng(5).integers(0, config.bigrams, (BATCH, 7)).astype(np.int32)


def make_inputs(config: ClassifierConfig, ids: Any) -> Any:
    reads = [ids] if config.reads_sequence else []
    reads += [draw_rows(config)] if config.bigrams else []
    return reads[0] if len(reads) == 1 else reads


def compute_stock_logits(config: ClassifierConfig, weights: Weights, ids: Any) -> Any:
    """Compute logits (B,) by Keras's own layers, and pooling over time by a plain loop."""
    values = iter(weights.values())

    def use(layer: Any, signal: Any, **options: Any) -> Any:
        layer(signal)
        layer.set_weights([next(values) for _ in layer.weights])
        return layer(signal, **options)

    present = ids != 0 if config.mask else np.ones_like(ids, bool)
    masked = {"mask": keras.ops.convert_to_tensor(present)} if config.mask else {}
    signal = use(keras.layers.Embedding(config.vocabulary_size, config.embedding), ids)
    for place, units in enumerate(config.units, 1):
        options = {} if config.cell == "rnn" else {"use_cudnn": False}
        all_outputs = place < len(config.units) or config.pooling == "max"
        layer = CELLS[config.cell](units, return_sequences=all_outputs, **options)
        layer = keras.layers.Bidirectional(layer) if config.bidirectional else layer
        signal = use(layer, signal, **masked)
    if len(signal.shape) == 3:
        pool = np.max if config.pooling == "max" else np.mean
        steps = zip(np.asarray(signal), present, strict=True)
        signal = np.stack([pool(row[kept], axis=0) for row, kept in steps])
    if config.dense:
        signal = use(keras.layers.Dense(config.dense, activation="relu"), signal)
    return np.asarray(use(keras.layers.Dense(1), signal))[:, 0]


def compute_plain_bigrams(weights: Weights, rows: Any) -> list[float]:
    """Compute the mean over a review's rows of learned factor times ratio, plus the bias."""
    learned, bias, ratio = (weights[f"layers/bigrams/vars/{place}"].tolist() for place in range(3))
    logits = []
    for review in rows.tolist():
        present = [row for row in review if row]
        total = sum(learned[row] * ratio[row] for row in present)
        logits.append(total / max(1, len(present)) + bias[0])
    return logits


@every_network
def test_logits_are_those_of_stock_layers(config: ClassifierConfig) -> None:
    """Logits are those of Keras's own layers with the same weights, plus the bigrams'."""
    model = build_with_weights(config)
    weights = get_weights(model, config)
    ids = draw_ids(config)
    logits = np.asarray(model(make_inputs(config, ids)))
    expected = [compute_stock_logits(config, weights, ids)] if config.reads_sequence else []
    if config.bigrams:
        expected.append(compute_plain_bigrams(weights, draw_rows(config)))
    assert logits.shape == (BATCH, 1)
    np.testing.assert_allclose(logits[:, 0], np.sum(expected, axis=0), atol=5e-6)
    assert np.ptp(logits) > 0.01, "all reviews have the same logit"


@keras_saves
@every_network
def test_weights_are_named_as_keras_names_them(config: ClassifierConfig, tmp_path: Path) -> None:
    """Order, shapes and paths are as declared, and the paths are those Keras saves under."""
    model = build_with_weights(config)
    weights = get_weights(model, config)
    assert {path: one.shape for path, one in weights.items()} == config.weight_shapes()
    assert model.count_params() == sum(one.size for one in weights.values())
    assert sum(np.prod(one.shape) for one in model.trainable_weights) == config.parameters
    path = tmp_path / "keras.weights.h5"
    model.save_weights(path)
    found: dict[str, Any] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    seeds = [name for name in found if "seed_generator" in name]
    assert set(found) - set(seeds) == set(weights)
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.slow
def test_compiled_logits_are_those_of_stock_layers() -> None:
    """Inside `predict`, at a length that is worth compiling, logits are those of stock layers."""
    config = make_config(bidirectional=True, mask=True, padding="after")
    model = build_with_weights(config)
    ids = draw_ids(config, 64)
    logits = model.predict_on_batch(ids)[:, 0]
    expected = compute_stock_logits(config, get_weights(model, config), ids)
    np.testing.assert_allclose(logits, expected, atol=2e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"cell": "average", "units": ()},
        {"cell": "gru"},
        {"cell": "rnn", "pooling": "max", "bidirectional": True, "bigrams": 9},
    ],
    ids=str,
)
def test_more_padding_changes_nothing(fields: dict[str, Any]) -> None:
    """If padding is masked, a logit does not depend on how much of it there is."""
    config = make_config(mask=True, **fields)
    model = build_with_weights(config)
    ids = draw_ids(replace(config, padding="after"))
    longer = np.pad(ids, [(0, 0), (0, 1)])
    rows = make_inputs(config, ids)
    more = [longer, *rows[1:]] if config.bigrams else longer
    np.testing.assert_allclose(np.asarray(model(more)), np.asarray(model(rows)), atol=1e-6)


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"cell": "average", "units": (), "dense": 3},
        {"pooling": "max", "bidirectional": True},
        {"cell": "rnn", "units": (3, 2)},
        {"cell": "none", "units": (), "bigrams": 9},
    ],
    ids=str,
)
def test_an_empty_review_has_a_logit(fields: dict[str, Any], mask: bool) -> None:
    """A review without a token has a finite logit, and doesn't change the others'."""
    config = make_config(mask=mask, **fields)
    model = build_with_weights(config)
    ids = draw_rows(config) if config.bigrams else draw_ids(config)
    before = np.asarray(model(ids))
    ids[1] = 0
    after = np.asarray(model(ids))
    assert np.isfinite(after).all()
    assert np.abs(after).max() < 100
    np.testing.assert_allclose(np.delete(after, 1, axis=0), np.delete(before, 1, axis=0), atol=1e-6)


def test_dropouts_act_in_training_alone() -> None:
    """Each kind of dropout makes logits vary in training, and does nothing otherwise."""
    for name in ("dropout", "embedding_dropout", "word_dropout"):
        sizes = {"cell": "average", "units": (), "max_length": TIME}
        config = make_config(**sizes, **{name: 0.5})
        model = build_with_weights(config)
        plain = build_with_weights(make_config(**sizes))
        ids = draw_ids(config)
        drawn = [np.asarray(model(ids, training=True)) for _ in range(2)]
        assert np.abs(drawn[0] - drawn[1]).max() > 1e-3
        np.testing.assert_array_equal(model(ids), plain(ids))
        np.testing.assert_array_equal(plain(ids, training=True), plain(ids))


def test_word_dropout_drops_whole_vectors() -> None:
    """All of a word's numbers are kept and scaled up, or all are dropped."""
    config = make_config(cell="average", units=(), word_dropout=0.5)
    model = build_with_weights(config)
    dropout = next(layer for layer in model.layers if isinstance(layer, keras.layers.Dropout))
    left = np.asarray(dropout(np.ones((BATCH, 500, 3), np.float32), training=True))
    assert sorted(np.unique(left)) == [0, 2]
    np.testing.assert_array_equal(left, left[..., :1].repeat(3, axis=2))
    assert 0.4 < (left > 0).mean() < 0.6


def test_untrained_bigrams_give_zero_and_their_ratios_are_not_trained() -> None:
    """An untrained table gives every review a logit of 0; its ratios are not trainable."""
    config = make_config(cell="none", units=(), bigrams=9)
    model = classifier.build_model(config, BATCH)
    assert np.asarray(model(draw_rows(config))).tolist() == [[0.0]] * BATCH
    assert [one.name for one in model.non_trainable_weights] == ["ratio"]
