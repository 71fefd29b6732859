"""The Python interface: a trained classifier that judges reviews and says what it judged by.

Shapes: N reviews or words.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import SUFFIX, Classifier, read_classifier
from charrnn.data.padding import cut, hash_bigrams, in_batches, pad
from charrnn.data.vocabulary import Ids
from charrnn.data.words import UNKNOWN, Words
from charrnn.errors import CheckpointError
from charrnn.prediction.network import NumpyBigrams, NumpyClassifier
from charrnn.prediction.spans import Span, spans
from charrnn.runs import Run

Numbers = npt.NDArray[np.float64]

_GROUP = 128  # reviews that are padded together
_BUDGET = 2**20  # tokens that an explanation reads, about 1,000 words' once for each of them
_SHORTEST = 3  # letters; shorter subwords are mostly fragments


class Effect(NamedTuple):
    """What a word does to a review's probability of being positive.

    Attributes:
        text: the word as it is written in the review.
        start: its first character's place in the review.
        end: the place after its last character.
        effect: the probability with the word minus the one without it.
    """

    text: str
    start: int
    end: int
    effect: float


class ReviewModel:
    """A trained review classifier.

    Every text has an answer, an empty one and one of unknown words too.

    Attributes:
        checkpoint: its configuration, encoder, weights and where they come from.
    """

    def __init__(self, checkpoint: Classifier) -> None:
        self.checkpoint = checkpoint

    def probabilities(self, texts: Sequence[str]) -> Numbers:
        """How probable it is that each review is positive, shape (N,); float64 in [0, 1]."""
        return _sigmoid(self._logits([self.checkpoint.encoder.encode(text) for text in texts]))

    def known(self, text: str) -> tuple[int, int]:
        """How many tokens the whole text has, and how many of them the vocabulary lacks.

        Subwords spell every text, so they lack none.
        """
        encoder = self.checkpoint.encoder
        ids = encoder.encode(text)
        if not isinstance(encoder, Words):
            return len(ids), 0
        return len(ids) - 1, int(np.count_nonzero(ids == UNKNOWN))  # without the start

    def explain(self, text: str) -> list[Effect]:
        """The effect of each word of a review, by leaving it out and asking again.

        A word before the last `max_length` tokens is not read: its effect is 0. (An average of
        bigrams reads all.) Leaving out a word
        that is read lets one more from before it in. Where the review is so long that this would
        read more than 2^20 tokens, neighbours are left out together and share the effect evenly.

        Returns:
            the words in order: those of `split_words` for a vocabulary of words, those between
            white space for subwords.
        """
        ids, words = spans(text, self.checkpoint.encoder)
        keep = self._keep
        border = len(ids) - keep if keep else 0
        unread = sum(word.last <= border for word in words)
        effects = [0.0] * unread + self._effects(ids, words[unread:])
        return [
            Effect(text[word.start : word.end], word.start, word.end, effect)
            for word, effect in zip(words, effects, strict=True)
        ]

    def polarities(self, words: Sequence[str]) -> Numbers:
        """How positive each word is by itself, shape (N,).

        The logit of a review of the word alone minus an empty review's, in nats; above 0 is
        positive. For subwords a space goes before the word, as before most words in a review.
        """
        encoder = self.checkpoint.encoder
        before = "" if isinstance(encoder, Words) else " "
        reviews = [encoder.encode(""), *(encoder.encode(before + word) for word in words)]
        logits = self._logits(reviews)
        return np.asarray(logits[1:] - logits[0])

    def vocabulary_words(self, count: int) -> list[str]:
        """The most frequent words of the vocabulary, at most `count`.

        Of subwords those that begin with a space and go on with at least three letters, in the
        order in which they were learnt, which is nearly that of how frequent they are.
        """
        encoder = self.checkpoint.encoder
        if isinstance(encoder, Words):
            return encoder.words[:count]
        pieces = (encoder.decode([number]) for number in range(1, len(encoder)))
        words = (piece[1:] for piece in pieces if piece[:1] == " " and piece[1:].isalpha())
        return [word for word in words if len(word) >= _SHORTEST][:count]

    @property
    def _keep(self) -> int:
        """How many tokens of a review's end are read; 0 for all, as where bigrams are."""
        config = self.checkpoint.network
        return 0 if config.bigrams else config.max_length

    @cached_property
    def _bigrams(self) -> NumpyBigrams:
        return NumpyBigrams(self.checkpoint)

    @cached_property
    def _network(self) -> NumpyClassifier:
        return NumpyClassifier(self.checkpoint)

    def _effects(self, ids: Ids, words: list[Span]) -> list[float]:
        """The effects of the words that are read."""
        keep = self._keep
        together = max(1, -(-len(words) * min(len(ids), keep or len(ids)) // _BUDGET))
        groups = [words[at : at + together] for at in range(0, len(words), together)]
        without = [_without(ids, group[0].first, group[-1].last, keep) for group in groups]
        whole, *rest = _sigmoid(self._logits([ids, *without])).tolist()
        shares = [(whole - left) / len(group) for left, group in zip(rest, groups, strict=True)]
        return [share for share, group in zip(shares, groups, strict=True) for _ in group]

    def _logits(self, reviews: Sequence[Ids]) -> Numbers:
        """The logits of encoded reviews, shape (N,): of two networks their sum."""
        config, logits = self.checkpoint.network, []
        if config.cell != "none":
            logits.append(self._logits_in_order(reviews))
        if config.bigrams:
            rows = [hash_bigrams(ids, config.bigrams) for ids in reviews]
            logits.append(self._bigrams(rows).astype(np.float64))
        return np.asarray(np.sum(logits, axis=0))

    def _logits_in_order(self, reviews: Sequence[Ids]) -> Numbers:
        """The logits of the network that reads tokens in their order."""
        config = self.checkpoint.network
        read = [cut(ids, config.max_length) for ids in reviews]
        lengths = np.array([len(ids) for ids in read], np.int64)
        logits = np.empty(len(reviews))
        for rows in in_batches(lengths, _GROUP, None, config.padded_to_longest):
            group = [read[row] for row in rows]
            ids = pad(group, config.padding, config.input_length, config.max_length)
            logits[rows] = self._network(ids)
        return logits


def load(path: str | Path) -> ReviewModel:
    """Load a run's best epoch, or one checkpoint file.

    Args:
        path: a run's folder, such as `checkpoints/imdb-lstm`, or a `.weights.h5` file.

    Raises:
        CheckpointError: there is nothing at `path`, or what is there can't be used.
        RunError: the run has no checkpoint yet.
    """
    path = Path(path)
    if path.is_dir():
        return ReviewModel(read_classifier(Run(path).checkpoint_file()))
    if not path.exists():
        raise CheckpointError(f"nothing at {path}: give a run's folder or a file ending {SUFFIX}")
    return ReviewModel(read_classifier(path))


def _without(ids: Ids, first: int, last: int, keep: int) -> Ids:
    """A review without its ids [first, last), and as much before them as `keep`, 0 for all."""
    return np.concatenate([ids[:first][-keep:], ids[last:]])


def _sigmoid(logits: Numbers) -> Numbers:
    """1 / (1 + exp(-logits)), without overflow."""
    probabilities: Numbers = np.exp(-np.logaddexp(0, -logits))
    return probabilities
