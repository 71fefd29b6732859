"""Weights of one network that another begins with."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import Checkpoint, Classifier, WordModel
from charrnn.data.encoders import Encoder
from charrnn.data.vectors import Vectors
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.data.words import Words
from charrnn.errors import UsageError

EMBEDDING = "layers/embedding/vars/0"
_KERNEL, _BIAS = "layers/dense/vars/0", "layers/dense/vars/1"
_RANGE = 0.05  # Keras draws an embedding from [-0.05, 0.05)

Array = npt.NDArray[np.float32]


def grown(source: Checkpoint, text: Vocabulary) -> Checkpoint:
    """A language model that also has the characters of `text`, and says of its old ones the same.

    A new character is read as the mean of the old ones, which learns as fast as Keras's draw and
    needs no seed (docs/decisions/0009-fine-tuning.md). Its logit, whatever was read, is the
    smallest of the old biases; so the old characters keep their logits, and each loses only the
    share of probability that the new ones get.

    Args:
        source: the network, of V characters.
        text: characters that it is to know.

    Returns:
        embedding (W, E), dense kernel (H, W) and bias (W,) for the W characters of both, all else
        as in `source`, which is also where it says that it comes from.
    """
    vocabulary = source.vocabulary | text
    places, size = vocabulary.encode(source.vocabulary.characters), len(vocabulary)
    embedding, kernel, bias = (source.weights[path] for path in (EMBEDDING, _KERNEL, _BIAS))
    return Checkpoint(
        replace(source.network, vocabulary_size=size),
        vocabulary,
        source.provenance,
        {
            **source.weights,
            EMBEDDING: _spread(embedding, places, size, embedding.mean(axis=0)),
            _KERNEL: _spread(kernel.T, places, size, np.zeros(len(kernel))).T,
            _BIAS: _spread(bias, places, size, bias.min()),
        },
    )


def embedding_of_network(source: Classifier | WordModel, encoder: Encoder, rows: int) -> Array:
    """The embedding of a network for another vocabulary, (rows, E); a word it lacks gets chance.

    Raises:
        UsageError: the network has no embedding, or one of subwords that are not the same.
    """
    if EMBEDDING not in source.weights:
        raise UsageError("--embedding-from names a network without an embedding")
    table = source.weights[EMBEDDING]
    if isinstance(encoder, Words) and isinstance(source.encoder, Words):
        places = {word: place for place, word in enumerate(source.encoder.words, _first(encoder))}
        found = {word: table[places[word]] for word in encoder.words if word in places}
        filled = embedding_of_vectors(found, encoder, rows)
        filled[: _first(encoder)] = table[: _first(encoder)]
        return filled
    if isinstance(encoder, Words) != isinstance(source.encoder, Words):
        raise UsageError(
            "--embedding-from: one of the networks reads words and the other subwords: give one "
            "that reads the same"
        )
    if encoder.to_json() != source.encoder.to_json() or rows != len(table):
        raise UsageError(
            "--embedding-from names a network of other subwords: give one trained on the same "
            "reviews with the same --max-words"
        )
    return table


def embedding_of_vectors(vectors: Vectors, encoder: Words, rows: int) -> Array:
    """An embedding (rows, E) of word vectors; a word without one gets chance.

    Raises:
        UsageError: there are no vectors.
    """
    if not vectors:
        raise UsageError("--embedding-from has a vector for none of the reviews' words")
    width = len(next(iter(vectors.values())))
    random = np.random.default_rng(0)
    table = random.uniform(-_RANGE, _RANGE, (rows, width)).astype(np.float32)
    for place, word in enumerate(encoder.words, _first(encoder)):
        if word in vectors:
            table[place] = vectors[word]
    return table


def _first(encoder: Words) -> int:
    """The id of the most frequent word."""
    return len(encoder) - len(encoder.words)


def _spread(rows: Array, places: Ids, size: int, new: npt.ArrayLike) -> Array:
    """The rows at their places among `size`, `new` at all others."""
    table = np.full((size, *rows.shape[1:]), new, np.float32)
    table[places] = rows
    return table
