"""Dynamic evaluation: stock Keras's gradients and the paper's formula are the oracles."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from charrnn.config.fields import CELLS
from charrnn.config.language import Adaptation
from charrnn.errors import CheckpointError, UsageError
from charrnn.inference.adapt import adapt, measure_rms, score_adaptively
from charrnn.inference.language import NumpyStepper
from charrnn.inference.learning import LearningNetwork
from charrnn.inference.score import OnProgress, score_crops, score_stream
from charrnn.runs.checkpoint import Checkpoint
from tests.support.networks import CHARACTERS, MakeCheckpoint


def compute_by_keras(checkpoint: Checkpoint, pieces: list[Any], targets: Any) -> dict[str, Any]:
    """Logits of the last piece and its mean loss's gradients, cut off before that piece."""
    import keras
    import tensorflow as tf

    config = checkpoint.network
    kinds = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    embedding = keras.layers.Embedding(config.vocabulary_size, config.embedding)
    cells = [
        kinds[config.cell](config.units, return_sequences=True, return_state=True)
        for _ in range(config.layers)
    ]
    dense = keras.layers.Dense(config.vocabulary_size)
    states: list[Any] = [None] * config.layers

    def read(ids: Any) -> Any:
        signal = embedding(np.asarray(ids)[np.newaxis])
        for place, cell in enumerate(cells):
            signal, *states[place] = cell(signal, initial_state=states[place])
        return dense(signal)

    read(pieces[0])
    states = [None] * config.layers
    layers = [embedding, *cells, dense]
    values = iter(checkpoint.weights.values())
    for layer in layers:
        layer.set_weights([next(values) for _ in layer.weights])
    for piece in pieces[:-1]:
        read(piece)
    states = [[tf.stop_gradient(state) for state in layer] for layer in states]
    weights = [weight.value for layer in layers for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        logits = read(pieces[-1])
        losses = keras.losses.sparse_categorical_crossentropy(targets, logits[0], from_logits=True)
        loss = tf.reduce_mean(losses)
    gradients = [tf.convert_to_tensor(one) for one in tape.gradient(loss, weights)]
    named = zip(checkpoint.weights, (one.numpy() for one in gradients), strict=True)
    return {"logits": logits[0].numpy(), **dict(named)}


def draw_ids(count: int) -> Any:
    return np.random.default_rng(1).integers(len(CHARACTERS), size=count, dtype=np.int32)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_stock_keras(make_checkpoint: MakeCheckpoint, cell: str, layers: int) -> None:
    """By every weight, of a piece that begins in the middle of a text."""
    checkpoint = make_checkpoint(cell=cell, layers=layers)
    ids = draw_ids(20)
    network = LearningNetwork(checkpoint)
    network.read(ids[:3])
    network.reset()
    network.read(ids[:8])
    results = {"logits": network.read(ids[8:-1])}
    results |= network.compute_gradients(ids[9:])
    expected = compute_by_keras(checkpoint, [ids[:8], ids[8:-1]], ids[9:])
    assert results.keys() == expected.keys()
    for name, values in results.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], atol=2e-6, err_msg=name)


def make_rms(checkpoint: Checkpoint) -> dict[str, Any]:
    random = np.random.default_rng(2)
    weights = checkpoint.weights.items()
    return {name: random.random(w.shape, np.float32) + np.float32(0.1) for name, w in weights}


@pytest.mark.parametrize("pull", [0.0, 0.9])
def test_steps_are_the_papers(make_checkpoint: MakeCheckpoint, pull: float) -> None:
    """Two pieces, the last one shorter, by the formula in float64 and this network's gradients."""
    checkpoint, ids = make_checkpoint(cell="gru"), draw_ids(9)
    rms = make_rms(checkpoint)
    mean = np.concatenate([root.ravel() for root in rms.values()]).mean()
    network = LearningNetwork(checkpoint)
    for piece in (slice(0, 5), slice(5, 8)):
        network.read(ids[piece])
        gradients = network.compute_gradients(ids[1:][piece])
        for name in network.weights:
            values, root = network.weights[name], rms[name].astype(float)
            back = np.minimum(1, pull * root / mean) * (checkpoint.weights[name] - values)
            step = -0.02 * gradients[name] / (root + 0.1 * root.mean())
            network.weights[name][:] = values + back + step
    adapted = adapt(checkpoint, ids, rms, Adaptation(rate=0.02, pull=pull, piece=5))
    for name, values in adapted.weights.items():
        np.testing.assert_allclose(values, network.weights[name], atol=1e-6)
        assert (values != checkpoint.weights[name]).any()


def test_every_piece_is_scored_before_it_is_learnt_from(make_checkpoint: MakeCheckpoint) -> None:
    """The first piece's loss is the static one, however fast the network learns; later ones not."""
    checkpoint, ids = make_checkpoint(), draw_ids(60)
    rms, fast = make_rms(checkpoint), Adaptation(rate=0.3, piece=20)
    static = [
        score_stream(NumpyStepper(checkpoint), ids[:end], len(checkpoint.vocabulary)).loss
        for end in (21, 41)
    ]
    adaptive = [score_adaptively(checkpoint, ids[:end], rms, fast).loss for end in (21, 41)]
    assert adaptive[0] == pytest.approx(static[0], abs=1e-6)
    assert abs(adaptive[1] - static[1]) > 0.01


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_rate_zero_is_static(make_checkpoint: MakeCheckpoint, cell: str, layers: int) -> None:
    """A network that takes no steps scores as one that does not adapt, to 1e-6."""
    checkpoint, ids = make_checkpoint(cell=cell, layers=layers), draw_ids(101)
    rms = make_rms(checkpoint)
    score = score_adaptively(checkpoint, ids, rms, Adaptation(rate=0, pull=0.5, piece=7))
    static = score_stream(NumpyStepper(checkpoint), ids, len(checkpoint.vocabulary))
    assert score.loss == pytest.approx(static.loss, abs=1e-6)
    assert score.characters == static.characters == 100


def test_adapting_pays_on_a_text_that_repeats(make_checkpoint: MakeCheckpoint) -> None:
    """Twice the same figure, far below the static one, and the network itself is unchanged."""
    checkpoint = make_checkpoint()
    before = {name: values.copy() for name, values in checkpoint.weights.items()}
    ids = np.tile(draw_ids(11), 60)
    how = Adaptation(rate=0.01)
    rms = measure_rms(checkpoint, [ids], how.piece)
    progress: list[int] = []
    score = score_adaptively(checkpoint, ids, rms, how, progress.append)
    assert (
        score.loss
        < score_stream(NumpyStepper(checkpoint), ids, len(checkpoint.vocabulary)).loss - 0.5
    )
    assert score_adaptively(checkpoint, ids, rms, how) == score
    assert sum(progress) == len(ids) - 1
    for name, values in checkpoint.weights.items():
        np.testing.assert_array_equal(values, before[name])


def test_several_passes_learn_more(make_checkpoint: MakeCheckpoint) -> None:
    """Each pass begins with a state of zero and the last one's weights, pulled to the original."""
    checkpoint, ids = make_checkpoint(), draw_ids(50)
    rms, how = make_rms(checkpoint), Adaptation(rate=0.01, pull=0)
    twice = adapt(checkpoint, ids, rms, how, passes=2)
    again = adapt(adapt(checkpoint, ids, rms, how), ids, rms, how)
    for name, values in twice.weights.items():
        np.testing.assert_array_equal(values, again.weights[name])
    free, held = (adapt(checkpoint, ids, rms, Adaptation(0.1, pull), 9) for pull in (0.0, 1.0))
    table = "layers/embedding/vars/0"
    moved = [abs(one.weights[table] - checkpoint.weights[table]).mean() for one in (free, held)]
    assert moved[1] < moved[0] / 5
    for passes in (0, 1001, 10**20):
        with pytest.raises(UsageError, match="`passes` must lie in 1 to 1,000, not"):
            adapt(checkpoint, ids, rms, how, passes=passes)


def test_rms_is_the_root_mean_square(make_checkpoint: MakeCheckpoint) -> None:
    """Of the gradients of all pieces of the texts, shorter last ones among them."""
    checkpoint, ids = make_checkpoint(cell="rnn"), draw_ids(20)
    network = LearningNetwork(checkpoint)
    squares: dict[str, Any] = dict.fromkeys(checkpoint.weights, 0)
    for text in (ids[:13], ids[13:]):
        network.reset()
        for first in range(0, len(text) - 1, 5):
            targets = text[first + 1 : first + 6]
            network.read(text[first : first + len(targets)])
            for name, gradient in network.compute_gradients(targets).items():
                squares[name] = squares[name] + gradient.astype(float) ** 2 / 5
    for name, root in measure_rms(checkpoint, [ids[:13], ids[13:]], 5).items():
        np.testing.assert_allclose(root, np.sqrt(squares[name]), rtol=1e-5, atol=1e-7)


def test_without_rms_the_network_measures_what_it_reads(make_checkpoint: MakeCheckpoint) -> None:
    """It only measures for twenty pieces, then steps by all pieces so far: never by later ones."""
    checkpoint, ids = make_checkpoint(), draw_ids(301)
    how = Adaptation(rate=0.01, pull=0, piece=10)
    static = score_stream(NumpyStepper(checkpoint), ids[:201], len(checkpoint.vocabulary))
    assert score_adaptively(checkpoint, ids[:201], None, how).loss == pytest.approx(static.loss)
    adapted = adapt(checkpoint, ids[:201], None, how)
    rms = measure_rms(checkpoint, [ids[:201]], 10)
    network = LearningNetwork(checkpoint)
    for first in range(0, 200, 10):
        network.read(ids[first : first + 10])
    for name, gradient in network.compute_gradients(ids[191:201]).items():
        step = -0.01 * gradient / (rms[name] + 0.1 * rms[name].mean())
        expected = checkpoint.weights[name] + step
        np.testing.assert_allclose(adapted.weights[name], expected, atol=1e-5)


def test_a_character_that_was_not_measured_takes_small_steps(
    make_checkpoint: MakeCheckpoint,
) -> None:
    """Its gradients are not divided by next to nothing."""
    checkpoint, ids = make_checkpoint(), draw_ids(40)
    rms, table = make_rms(checkpoint), "layers/embedding/vars/0"
    rms[table][3] = 0
    adapted = adapt(checkpoint, np.append(ids, [3] * 20).astype(np.int32), rms, Adaptation())
    moved = adapted.weights[table] - checkpoint.weights[table]
    assert 0 < abs(moved[3]).max() < 0.02


ON_ONE_CORE: dict[str, Callable[[Checkpoint, Any, OnProgress], object]] = {
    "adapting": lambda network, ids, note: adapt(
        network, ids, make_rms(network), Adaptation(), progress=note
    ),
    "a stream": lambda network, ids, note: score_stream(
        NumpyStepper(network), ids, len(CHARACTERS), note
    ),
    "crops": lambda network, ids, note: score_crops(
        partial(NumpyStepper, network), ids, 10, len(CHARACTERS), note
    ),
}


@pytest.mark.parametrize("what", ON_ONE_CORE)
def test_one_core_multiplies(make_checkpoint: MakeCheckpoint, what: str) -> None:
    """While a network adapts or a text is scored, and no longer."""
    seen: list[int] = []

    def note(_: int) -> None:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    note(0)
    before = seen.copy()
    seen.clear()
    ON_ONE_CORE[what](make_checkpoint(), draw_ids(30), note)
    assert seen
    assert set(seen) == {1}
    seen.clear()
    note(0)
    assert seen == before


def test_nan_is_an_error(make_checkpoint: MakeCheckpoint) -> None:
    """A broken network has no figure."""
    checkpoint, ids = make_checkpoint(), draw_ids(100)
    rms = make_rms(checkpoint)
    checkpoint.weights["layers/dense/vars/1"][2] = np.nan
    with pytest.raises(CheckpointError, match="NaN"):
        score_adaptively(checkpoint, ids, rms, Adaptation())


def test_too_short_a_text(make_checkpoint: MakeCheckpoint) -> None:
    """One character has nothing to predict."""
    checkpoint = make_checkpoint()
    rms = make_rms(checkpoint)
    with pytest.raises(UsageError, match="at least two characters"):
        score_adaptively(checkpoint, draw_ids(1), rms, Adaptation())
    with pytest.raises(UsageError, match="at least two characters"):
        adapt(checkpoint, draw_ids(1), rms, Adaptation())


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"rate": -1.0}, "`rate`"),
        ({"rate": 1.5}, "`rate`"),
        ({"rate": float("nan")}, "`rate`"),
        ({"pull": 1.5}, "`pull`"),
        ({"piece": 0}, "`piece`"),
        ({"piece": 1001}, "`piece`"),
        ({"piece": 2.5}, "`piece`"),
    ],
)
def test_values_outside_their_range(values: Any, named: str) -> None:
    """The error names the value."""
    with pytest.raises(UsageError, match=named):
        Adaptation(**values)
