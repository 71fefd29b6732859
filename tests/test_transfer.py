"""Weights that move to another network: by word, by subword, by layer."""

from typing import Any

import numpy as np
import pytest

from charrnn.checkpoint import Classifier, Provenance, WordModel
from charrnn.classifiers import ClassifierConfig, WordModelConfig
from charrnn.data.encoders import Encoder
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words
from charrnn.errors import UsageError
from charrnn.transfer import embedding_of_network, embedding_of_vectors

SOURCE = Provenance("test", "0" * 64, 1, 0.5, 0.4)
OLD = Words(["film", "good", "bad"])
NEW = Words(["bad", "new", "film"])
LEARNT = ["the film is a good film, a great film"] * 4
OTHER = ["other words are other subwords, others"] * 4


def weights_of(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {path: random.normal(5, 1, shape).astype(np.float32) for path, shape in shapes.items()}


def classifier(encoder: Encoder, **fields: Any) -> Classifier:
    values: dict[str, Any] = {"vocabulary_size": len(encoder), "embedding": 2, "units": (3,)}
    config = ClassifierConfig(**values | fields)
    return Classifier(config, encoder, SOURCE, weights_of(config.weight_shapes()))


def word_model(cell: str = "lstm", units: int = 3) -> WordModel:
    config = WordModelConfig(len(OLD), 2, cell, units)
    return WordModel(config, OLD, SOURCE, weights_of(config.weight_shapes()))


@pytest.mark.parametrize("kind", ["classifier", "word model"])
def test_rows_follow_words(kind: str) -> None:
    """A word takes its own row whatever its id here and there, and so do the reserved ids."""
    source = classifier(OLD) if kind == "classifier" else word_model()
    table = source.weights["layers/embedding/vars/0"]
    found = embedding_of_network(source, NEW, 9)
    assert found.shape == (9, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:4], table[:4])
    np.testing.assert_array_equal(found[[4, 6]], table[[6, 4]], "bad and film")
    chance = found[[5, 7, 8]]
    assert np.all(np.abs(chance) <= 0.05), "Keras's range"
    assert len(np.unique(chance)) == 6


def test_vectors_are_put_in_their_words_rows() -> None:
    """A word without a vector gets chance in Keras's range, always the same."""
    vectors = {"film": np.array([3, 4, 5], np.float32), "absent": np.ones(3, np.float32)}
    found = embedding_of_vectors(vectors, NEW, 3000)
    np.testing.assert_array_equal(found[6], [3, 4, 5])
    others = np.delete(found, 6, axis=0)
    assert 0.049 < np.abs(others).max() <= 0.05
    assert abs(others.mean()) < 0.002
    np.testing.assert_array_equal(found, embedding_of_vectors(vectors, NEW, 3000))
    with pytest.raises(UsageError, match="none of the reviews' words"):
        embedding_of_vectors({}, NEW, 3000)


def test_networks_without_a_word_in_common() -> None:
    """An embedding of none of the words is refused."""
    with pytest.raises(UsageError, match="none of the reviews' words"):
        embedding_of_network(classifier(OLD), Words(["other"]), 5)


def test_a_network_without_an_embedding() -> None:
    """An average of bigrams has nothing to lend."""
    source = classifier(OLD, cell="none", units=(), bigrams=10)
    with pytest.raises(UsageError, match="without an embedding"):
        embedding_of_network(source, NEW, 7)


def test_subwords_must_be_the_same() -> None:
    """The same subwords lend the whole table; others, words, or another size do not."""
    mine = Subwords.learn(LEARNT, 270)
    source = classifier(mine, tokens="subwords")
    table = embedding_of_network(source, Subwords.from_json(mine.to_json()), len(mine))
    np.testing.assert_array_equal(table, source.weights["layers/embedding/vars/0"])
    for encoder, rows in (
        (Subwords.learn(OTHER, 270), len(mine)),
        (mine, len(mine) + 1),
    ):
        with pytest.raises(UsageError, match="other subwords"):
            embedding_of_network(source, encoder, rows)
    with pytest.raises(UsageError, match="reads words and the other subwords"):
        embedding_of_network(source, NEW, len(mine))
    with pytest.raises(UsageError, match="reads words and the other subwords"):
        embedding_of_network(classifier(OLD), mine, len(OLD))
