"""Weights for another network: of characters, words, subwords and word vectors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.data.encoders import Encoder
from charrnn.data.subwords import Subwords
from charrnn.data.vocabulary import Vocabulary
from charrnn.data.words import Words
from charrnn.errors import UsageError
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.planning.transfer import embed_vectors, grow_vocabulary, transfer_embedding
from charrnn.runs.checkpoint import Checkpoint, Classifier, Provenance, WordModel
from tests.support.networks import MakeCheckpoint

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
    """Each word takes its own row although its id differs, and so does each reserved id."""
    source = classifier(OLD) if kind == "classifier" else word_model()
    table = source.weights["layers/embedding/vars/0"]
    found = transfer_embedding(source, NEW, 9)
    assert found.shape == (9, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:4], table[:4])
    np.testing.assert_array_equal(found[[4, 6]], table[[6, 4]], "bad and film")
    chance = found[[5, 7, 8]]
    assert np.all(np.abs(chance) <= 0.05), "Keras's range"
    assert len(np.unique(chance)) == 6


def test_vectors_are_in_the_rows_of_their_words() -> None:
    """A word without a vector gets random values in Keras's range, the same each time."""
    vectors = {"film": np.array([3, 4, 5], np.float32), "absent": np.ones(3, np.float32)}
    found = embed_vectors(vectors, NEW, 3000)
    np.testing.assert_array_equal(found[6], [3, 4, 5])
    others = np.delete(found, 6, axis=0)
    assert 0.049 < np.abs(others).max() <= 0.05
    assert abs(others.mean()) < 0.002
    np.testing.assert_array_equal(found, embed_vectors(vectors, NEW, 3000))
    with pytest.raises(UsageError, match="none of the reviews' words"):
        embed_vectors({}, NEW, 3000)


def test_networks_without_a_word_in_common() -> None:
    """An embedding of none of the words is rejected."""
    with pytest.raises(UsageError, match="none of the reviews' words"):
        transfer_embedding(classifier(OLD), Words(["other"]), 5)


def test_a_network_without_an_embedding() -> None:
    """An average of bigrams has no embedding to take."""
    source = classifier(OLD, cell="none", units=(), bigrams=10)
    with pytest.raises(UsageError, match="without an embedding"):
        transfer_embedding(source, NEW, 7)


def test_subwords_must_be_the_same() -> None:
    """The same subwords take the whole table; other subwords, words and sizes are rejected."""
    mine = Subwords.learn(LEARNT, 270)
    source = classifier(mine, tokens="subwords")
    table = transfer_embedding(source, Subwords.from_values(mine.to_values()), len(mine))
    np.testing.assert_array_equal(table, source.weights["layers/embedding/vars/0"])
    for encoder, rows in (
        (Subwords.learn(OTHER, 270), len(mine)),
        (mine, len(mine) + 1),
    ):
        with pytest.raises(UsageError, match="other subwords"):
            transfer_embedding(source, encoder, rows)
    with pytest.raises(UsageError, match="reads words and the other subwords"):
        transfer_embedding(source, NEW, len(mine))
    with pytest.raises(UsageError, match="reads words and the other subwords"):
        transfer_embedding(classifier(OLD), mine, len(OLD))


KERNEL, BIAS = "layers/dense/vars/0", "layers/dense/vars/1"
EMBEDDING = "layers/embedding/vars/0"
KINDS: list[dict[str, Any]] = [{"cell": "rnn"}, {"cell": "lstm", "layers": 2}, {"cell": "gru"}]
LETTERS = st.text(st.sampled_from("abcdefgh"), min_size=1)


@settings(deadline=None)
@given(LETTERS, LETTERS, st.sampled_from(KINDS))
def test_a_grown_network_knows_the_characters_of_both(
    make_checkpoint: MakeCheckpoint, known: str, text: str, kind: dict[str, Any]
) -> None:
    """Old characters keep their weights at new places; new ones get mean, zero and minimum."""
    old = make_checkpoint("".join(sorted(set(known))), dropout=0.25, **kind)
    new = grow_vocabulary(old, Vocabulary.of(text))
    characters = sorted({*known, *text})
    assert new.vocabulary.to_values() == "".join(characters)
    assert new.network == replace(old.network, vocabulary_size=len(characters))
    assert list(new.weights) == list(new.network.weight_shapes())
    for path, shape in new.network.weight_shapes().items():
        assert new.weights[path].shape == shape
        assert new.weights[path].dtype == np.float32
        if path not in {EMBEDDING, KERNEL, BIAS}:
            np.testing.assert_array_equal(new.weights[path], old.weights[path])
    rows, columns, biases = (old.weights[path] for path in (EMBEDDING, KERNEL, BIAS))
    mean = [sum(column) / len(column) for column in rows.T.tolist()]
    for place, character in enumerate(characters):
        old_place = old.vocabulary.to_values().find(character)
        known_before = old_place >= 0
        expected = rows[old_place] if known_before else mean
        np.testing.assert_allclose(
            new.weights[EMBEDDING][place], expected, rtol=0, atol=0 if known_before else 1e-6
        )
        np.testing.assert_array_equal(
            new.weights[KERNEL][:, place], columns[:, old_place] if known_before else [0] * 7
        )
        assert new.weights[BIAS][place] == (biases[old_place] if known_before else min(biases))


def read(network: Checkpoint, text: str) -> Any:
    """The logits (T, V) after each character of a text, read one by one."""
    stepper = NumpyStepper(network)
    return np.concatenate([stepper.step(network.vocabulary.encode(one)) for one in text])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["cell"])
def test_a_grown_network_keeps_the_logits_of_old_characters(
    make_checkpoint: MakeCheckpoint, kind: dict[str, Any]
) -> None:
    """Old characters keep their logits; a text's loss rises by the new ones' probability."""
    old = make_checkpoint("bdfg", **kind)
    new = grow_vocabulary(old, Vocabulary("abceh"))
    text = "bdfggfdbbb"
    before, after = read(old, text), read(new, text)
    assert np.std(before, axis=0).min() > 0.001, "logits depend on the text"
    np.testing.assert_allclose(after[:, [1, 3, 5, 6]], before, atol=1e-6)
    powers = np.exp(after.astype(np.float64))
    of_new = powers[:, [0, 2, 4, 7]].sum(axis=1) / powers.sum(axis=1)
    rise = LanguageModel(new).score(text) - LanguageModel(old).score(text)
    assert rise == pytest.approx(-np.log(1 - of_new[:-1]).mean(), abs=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["cell"])
def test_a_network_that_knows_all_characters_is_unchanged(
    make_checkpoint: MakeCheckpoint, kind: dict[str, Any]
) -> None:
    """Without new characters the logits are the same to the last bit."""
    old = make_checkpoint("bdfg", **kind)
    new = grow_vocabulary(old, Vocabulary("dg"))
    assert new.network == old.network
    np.testing.assert_array_equal(read(new, "bdfggfdbbb"), read(old, "bdfggfdbbb"))


def test_a_new_character_is_read_as_the_mean_of_the_old(make_checkpoint: MakeCheckpoint) -> None:
    """After a new character the logits are those after a character with the mean embedding."""
    old = make_checkpoint("bdfg")
    logits = read(grow_vocabulary(old, Vocabulary("c")), "c")
    table = old.weights[EMBEDDING].mean(axis=0, keepdims=True)
    as_mean = replace(old, weights={**old.weights, EMBEDDING: np.repeat(table, 4, axis=0)})
    np.testing.assert_allclose(np.delete(logits, 1, axis=1), read(as_mean, "b"), atol=1e-6)
