"""Weights that a new network takes from another one, or from word vectors."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import ByteVocabulary
from charrnn.data.encoders import Encoder
from charrnn.data.vectors import Vectors
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import UsageError
from charrnn.runs.checkpoint import Checkpoint, Classifier, WordModel

EMBEDDING = "layers/embedding/vars/0"
_KERNEL, _BIAS = "layers/dense/vars/0", "layers/dense/vars/1"
_RANGE = 0.05  # Keras samples an embedding from [-0.05, 0.05)

Array = npt.NDArray[np.float32]


def grow_vocabulary(source: Checkpoint, text: Vocabulary) -> Checkpoint:
    """Give a language model the characters of `text` too; its old characters keep their logits.

    A new character is read as the mean of the old ones, which learns as fast as Keras's random
    values and needs no seed (docs/decisions/0009-fine-tuning.md). Its logit is always the smallest
    of the old biases, so each old character loses only the share of probability that the new ones
    get.

    Args:
        source: the network, of V characters.
        text: characters that the network is to know.

    Returns:
        embedding (W, E), dense kernel (H, W) and bias (W,) for the W characters of both; all else,
        the provenance too, is the source's. A network of bytes, which knows every character, is
        returned as it is.
    """
    known = source.vocabulary
    if isinstance(known, ByteVocabulary):
        return source
    vocabulary = known | text
    places, size = vocabulary.encode(known.characters), len(vocabulary)
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


def transfer_embedding(source: Classifier | WordModel, encoder: Encoder, rows: int) -> Array:
    """The embedding of a network, rearranged for another vocabulary.

    Between vocabularies of words, each word takes its own row, and each reserved id too; a word
    that the source lacks gets random values. Subwords must be the same.

    Args:
        source: the network to take the embedding from.
        encoder: the new network's.
        rows: of the new embedding, at least the encoder's length.

    Returns:
        shape (rows, E).

    Raises:
        UsageError: the source has no embedding, none of the words, or other subwords.
    """
    if EMBEDDING not in source.weights:
        raise UsageError(
            "`embedding_from` names a network without an embedding: name another network"
        )
    table = source.weights[EMBEDDING]
    known, wanted = source.encoder.word_ids, encoder.word_ids
    if bool(known) != bool(wanted):
        raise UsageError(
            "one of the networks reads words and the other subwords: name a network in "
            "`embedding_from` that reads the same as the new one"
        )
    if not wanted:
        _require_same_subwords(source, encoder, rows)
        return table
    filled = embed_vectors(
        {word: table[known[word]] for word in wanted if word in known}, encoder, rows
    )
    reserved = min(wanted.values())
    filled[:reserved] = table[:reserved]
    return filled


def embed_vectors(vectors: Vectors, encoder: Encoder, rows: int) -> Array:
    """An embedding of word vectors; a word without one gets random values, the same each time.

    Args:
        vectors: of words, each (E,).
        encoder: of whole words.
        rows: of the embedding, at least the encoder's length.

    Returns:
        shape (rows, E).

    Raises:
        UsageError: there are no vectors.
    """
    if not vectors:
        raise UsageError(
            "`embedding_from` has a vector for none of the reviews' words: name another network or "
            "file of vectors"
        )
    width = len(next(iter(vectors.values())))
    random = np.random.default_rng(0)
    table = random.uniform(-_RANGE, _RANGE, (rows, width)).astype(np.float32)
    for word, number in encoder.word_ids.items():
        if word in vectors:
            table[number] = vectors[word]
    return table


def _require_same_subwords(source: Classifier | WordModel, encoder: Encoder, rows: int) -> None:
    table = source.weights[EMBEDDING]
    if encoder.to_values() != source.encoder.to_values() or rows != len(table):
        raise UsageError(
            "`embedding_from` names a network of other subwords: name one trained on the same "
            "reviews with the same `max_words`"
        )


def _spread(rows: Array, places: Ids, size: int, new: npt.ArrayLike) -> Array:
    """A table of `size` rows: the given ones at their places, `new` at all others."""
    table = np.full((size, *rows.shape[1:]), new, np.float32)
    table[places] = rows
    return table
