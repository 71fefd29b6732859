"""The NumPy classifiers against Keras's own layers."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from charrnn.config.presets import REVIEW_PRESETS
from charrnn.data.padding import cut_review, hash_bigrams, pad_reviews
from charrnn.inference import classifier as numpy_classifier
from charrnn.inference.classifier import NumpyBigrams, NumpyClassifier
from charrnn.inference.review_model import ReviewModel
from charrnn.runs.checkpoint import Classifier, write_checkpoint
from tests.support.networks import MakeClassifier, StockAnswers
from tests.support.slow import slow_except

Ids = npt.NDArray[np.int32]

every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def _ids(size: int, reviews: int, length: int) -> Ids:
    """Reviews of random words, without padding."""
    return np.random.default_rng(3).integers(1, size, (reviews, length), dtype=np.int32)


def _padded(size: int, length: int = 10) -> Ids:
    """Reviews with padding before, after, on both sides, in the middle, nowhere, everywhere."""
    ids = _ids(size, 8, length)
    ids[0, :5] = 0
    ids[1, 5:] = 0
    ids[2, :3], ids[2, -2:] = 0, 0
    ids[3, 4:7] = 0
    ids[4, ::2] = 0
    ids[5, 1:] = 0
    ids[6] = 0
    return ids


def _probability(logits: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(logits, np.float64)))


def _assert_agree(classifier: Classifier, ids: Ids, expected: Any) -> None:
    assert _probability(expected).std() > 0.01  # else anything would be close
    logits = NumpyClassifier(classifier)(ids)
    assert logits.shape == (len(ids),)
    np.testing.assert_allclose(_probability(logits), _probability(expected), rtol=0, atol=1e-5)


@every_cell
@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("mask", slow_except([False, True], True), ids=["unmasked", "masked"])
def test_recurrent_answers_are_those_of_keras(
    make_classifier: MakeClassifier,
    stock_answers: StockAnswers,
    cell: str,
    mask: bool,
    bidirectional: bool,
) -> None:
    """Wherever padding is, the probability is within 1e-5 of that of stock Keras layers."""
    classifier = make_classifier(cell=cell, units=(6, 4), mask=mask, bidirectional=bidirectional)
    ids = _padded(classifier.network.vocabulary_size)
    _assert_agree(classifier, ids, stock_answers(classifier, ids))


@pytest.mark.parametrize("mask", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("dense", [0, 9])
def test_averages_are_those_of_keras(
    make_classifier: MakeClassifier, stock_answers: StockAnswers, mask: bool, dense: int
) -> None:
    """An average counts padding unless there is a mask; that of nothing is 0.

    Keras's own average of nothing is NaN.
    """
    classifier = make_classifier(cell="average", units=(), mask=mask, dense=dense)
    ids = _padded(classifier.network.vocabulary_size)
    expected = stock_answers(classifier, ids)
    nothing = np.isnan(expected)
    np.testing.assert_array_equal(nothing, [False] * 6 + [mask, False])
    logits = NumpyClassifier(classifier)(ids)
    np.testing.assert_allclose(logits[~nothing], expected[~nothing], rtol=0, atol=1e-5)
    assert np.isfinite(logits).all()


def test_a_maximum_is_that_of_keras(
    make_classifier: MakeClassifier, stock_answers: StockAnswers
) -> None:
    """The maximum of each output over time is that of stock Keras's pooling."""
    classifier = make_classifier(units=(6, 4), bidirectional=True, pooling="max")
    ids = _padded(classifier.network.vocabulary_size)
    _assert_agree(classifier, ids, stock_answers(classifier, ids))


@pytest.mark.slow
def test_three_layers_are_those_of_keras(
    make_classifier: MakeClassifier, stock_answers: StockAnswers
) -> None:
    """Layers narrower and wider than the one before are stacked the way Keras stacks them."""
    classifier = make_classifier(units=(3, 7, 5), mask=True, bidirectional=True, dense=4)
    ids = _padded(classifier.network.vocabulary_size)
    _assert_agree(classifier, ids, stock_answers(classifier, ids))


STOCK = [name for name, preset in REVIEW_PRESETS.items() if not preset.network.get("bigrams")]


@pytest.mark.parametrize("name", slow_except(STOCK, "lstm-32", "bilstm-64x2"))
def test_presets_answer_as_keras_does_from_the_same_file(
    make_classifier: MakeClassifier, stock_answers: StockAnswers, name: str, tmp_path: Path
) -> None:
    """A checkpoint that Keras loads itself gives Keras and NumPy the same probabilities.

    The layers have their true sizes; vocabulary and reviews are smaller.
    """
    classifier = make_classifier(**(REVIEW_PRESETS[name].network | {"vocabulary_size": 310}))
    path = tmp_path / "epoch-0001.weights.h5"
    write_checkpoint(path, classifier)
    ids = _padded(310)
    rows = slice(0, 6)  # the average of nothing has its own test
    _assert_agree(classifier, ids[rows], stock_answers(classifier, ids[rows], path))


@pytest.mark.slow
def test_long_reviews_stay_close(
    make_classifier: MakeClassifier, stock_answers: StockAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither rounding over a long review nor a border between its blocks changes the answer."""
    classifier = make_classifier(cell="gru", units=(32,))
    ids = _ids(classifier.network.vocabulary_size, 8, 100)
    monkeypatch.setattr(numpy_classifier, "_PROJECTED", 8 * 32)
    _assert_agree(classifier, ids, stock_answers(classifier, ids))


@pytest.mark.parametrize("mask", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("cell", ["lstm", "average"])
def test_chunks_change_no_answer(
    make_classifier: MakeClassifier, monkeypatch: pytest.MonkeyPatch, cell: str, mask: bool
) -> None:
    """Reviews read a few at a time get the answers of all at once, in order."""
    units = () if cell == "average" else (6, 4)
    network = NumpyClassifier(make_classifier(cell=cell, units=units, mask=mask))
    ids = _padded(20)[[0, 1, 2, 3, 4, 5, 7]]
    together = network(ids)
    for tokens in (1, 15, 30):  # chunks of 1, of 1, and of 3
        monkeypatch.setattr(numpy_classifier, "_TOKENS", tokens)
        monkeypatch.setattr(numpy_classifier, "_PROJECTED", tokens)
        np.testing.assert_allclose(network(ids), together, rtol=0, atol=1e-6)


def test_the_batch_that_is_read_at_once_is_bounded(
    make_classifier: MakeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tokens read side by side are limited; a single longer review is still read whole."""
    network = NumpyClassifier(make_classifier(cell="average", units=()))
    sizes: list[int] = []

    def spy(signal: Any, mask: Any) -> Any:
        sizes.append(signal.shape[0] * signal.shape[1])
        return numpy_classifier.pool_average(signal, mask)

    monkeypatch.setattr(network, "_layers", [spy])
    network(np.ones((300, 500), np.int32))
    assert max(sizes) <= numpy_classifier._TOKENS < sum(sizes)
    sizes.clear()
    network(np.ones((2, 100_000), np.int32))
    assert sizes == [100_000, 100_000]


@pytest.mark.parametrize("pooling", ["last", "max"])
@every_cell
def test_masked_padding_changes_nothing(
    make_classifier: MakeClassifier, cell: str, pooling: str
) -> None:
    """With a mask, padding anywhere leaves a review's answer as it is."""
    network = NumpyClassifier(
        make_classifier(cell=cell, mask=True, bidirectional=True, units=(6, 4), pooling=pooling)
    )
    review = _ids(20, 1, 9)
    alone = network(review)
    for before, after in ((0, 5), (5, 0), (3, 40)):
        padded = np.pad(review, ((0, 0), (before, after)))
        np.testing.assert_allclose(network(padded), alone, rtol=0, atol=1e-6)


def test_bigrams_answer_with_their_mean(make_classifier: MakeClassifier) -> None:
    """The logit is the plain mean of learned times ratio over a review's rows, plus the bias."""
    classifier = make_classifier(cell="none", units=(), bigrams=50)
    learned, (bias,), ratio = (
        classifier.weights[f"layers/bigrams/vars/{place}"].tolist() for place in range(3)
    )
    rows = [[3, 7, 49], [1], []]
    means = [sum(learned[row] * ratio[row] for row in r) / max(1, len(r)) for r in rows]
    logits = NumpyBigrams(classifier)([np.array(r, np.int32) for r in rows])
    np.testing.assert_allclose(logits, [mean + bias for mean in means], rtol=0, atol=1e-6)


@pytest.mark.usefixtures("stock_answers")  # starts TensorFlow
@pytest.mark.parametrize("cell", ["none", "lstm"])
def test_bigrams_answer_as_in_training(
    make_classifier: MakeClassifier, cell: str, tmp_path: Path
) -> None:
    """A checkpoint gives the network used in training and NumPy the same answers."""
    from charrnn.networks import classifier as keras_classifier

    alone, beside = {"units": (), "max_length": 9}, {"pooling": "max", "mask": True}
    sizes: dict[str, Any] = alone if cell == "none" else beside
    classifier = make_classifier(cell=cell, bigrams=50, **sizes)
    texts = ["a good film", "it was not bad at all, and very good"]
    path = tmp_path / "epoch-0001.weights.h5"
    write_checkpoint(path, classifier)
    network = keras_classifier.build_model(classifier.network, len(texts))
    network.load_weights(path)
    whole = [classifier.encoder.encode(text) for text in texts]
    inputs = [pad_reviews([hash_bigrams(ids, 50) for ids in whole], "after")]
    if cell != "none":
        inputs.insert(0, pad_reviews([cut_review(ids, 12) for ids in whole], "before", 12))
    expected = np.asarray(network(inputs if len(inputs) > 1 else inputs[0]))[:, 0]
    found = ReviewModel(classifier).probabilities(texts)
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, _probability(expected), rtol=0, atol=1e-5)


def test_a_network_keeps_nothing_between_calls(make_classifier: MakeClassifier) -> None:
    """Other reviews read before change no answer, and reading changes no weight."""
    classifier = make_classifier(units=(6, 4), bidirectional=True, mask=True)
    before = {name: values.copy() for name, values in classifier.weights.items()}
    network, ids = NumpyClassifier(classifier), _padded(20)
    first = network(ids)
    network(ids[::-1])
    np.testing.assert_array_equal(network(ids), first)
    for name, values in classifier.weights.items():
        np.testing.assert_array_equal(values, before[name])


def test_no_reviews_have_no_answers(make_classifier: MakeClassifier) -> None:
    """A batch of no reviews gives no logits."""
    assert NumpyClassifier(make_classifier())(np.empty((0, 12), np.int32)).shape == (0,)


@pytest.mark.parametrize(
    "sizes",
    [
        {"cell": "average", "units": (), "embedding": 4096, "max_length": 2000},
        {"cell": "rnn", "embedding": 2048, "units": (1,), "max_length": 2000, "mask": True},
    ],
    ids=["average", "rnn"],
)
def test_a_small_network_takes_little_memory(
    make_classifier: MakeClassifier, sizes: dict[str, Any]
) -> None:
    """However wide its layers are, reading reviews side by side takes less than 200 MB."""
    classifier = make_classifier(**sizes)
    network, ids = NumpyClassifier(classifier), _ids(20, 16, 2000)
    tracemalloc.start()
    network(ids)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000_000
