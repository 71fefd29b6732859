"""The Python interface to a trained review classifier: it judges reviews and says why.

Shapes: N reviews or words.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain, islice, repeat
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from charrnn.config.fields import require
from charrnn.data.padding import cut_review, group_in_batches, hash_bigrams, pad_reviews
from charrnn.data.spans import Span
from charrnn.data.vocabulary import Ids
from charrnn.inference.arguments import require_integer, require_text, require_texts
from charrnn.inference.classifier import NumpyBigrams, NumpyClassifier
from charrnn.inference.finite import check_finite, ignore_overflow, name_in_errors
from charrnn.inference.helpers import Source, require_jobs, share
from charrnn.inference.provenance import describe_provenance, read_history_beside
from charrnn.runs.checkpoint import Classifier, read_classifier
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER

Floats = npt.NDArray[np.float64]

_GROUP = 128  # reviews that are padded together
_BUDGET = 2**20  # tokens that an explanation reads: once for each word of about 1,000
_ENOUGH = 0.5  # a higher probability of positive is the answer positive, as in Keras's accuracy


class Effect(NamedTuple):
    """How a word changes a review's probability of being positive.

    Attributes:
        text: the word as it is written in the review.
        start: where it begins in the review.
        end: where it ends, exclusive.
        effect: the probability with the word minus the probability without it.
    """

    text: str
    start: int
    end: int
    effect: float


class Answer(NamedTuple):
    """What a network says of a review.

    Attributes:
        text: the review.
        probability: that it is positive.
        tokens: how many the review has.
        unknown: how many of them the network doesn't know.
        effects: what each word does to the probability, in the review's order; None if nobody
            asked.
    """

    text: str
    probability: float
    tokens: int
    unknown: int
    effects: Sequence[Effect] | None = None


class ReviewModel:
    """A trained review classifier.

    Every text has an answer, even an empty one or one of unknown words.

    Args:
        checkpoint: the network.
        history: the epochs of its run.
        path: the file that it was read from; errors about the network begin with it.

    Attributes:
        checkpoint: its configuration, encoder, weights and provenance.
        history: the `EpochResult` of each of its run's epochs, in order; empty if the file does not
            lie in a run.
        path: the file that it was read from, if any.
    """

    def __init__(
        self,
        checkpoint: Classifier,
        history: Sequence[EpochResult] = (),
        path: Path | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self.history = list(history)
        self.path = path

    def __repr__(self) -> str:
        config = self.checkpoint.network
        size = f"{config.vocabulary_size:,} {config.tokens}"
        origin = describe_provenance(self.checkpoint.provenance)
        return f"<ReviewModel: {config.describe()}, {size}, {origin}>"

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Compute how probable it is that each review is positive, shape (N,), float64 in [0, 1].

        Raises:
            UsageError: `texts` is not a list of str, for example a single str.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> judge.probabilities(["What a film!", "What a waste of time."])
        """
        encode = self.checkpoint.encoder.encode
        return self._compute_probabilities([*map(encode, require_texts("texts", texts))])

    def answer_many(
        self, texts: Iterable[str], *, explain: bool = False, jobs: int = 1
    ) -> Iterator[Answer]:
        """Answer reviews one by one, in order; memory doesn't grow with how many there are.

        Answers are the same for any number of jobs. Reviews are read a few hundred ahead.

        Args:
            texts: the reviews, from a list, a file or wherever they come from.
            explain: also measure each word's effect, as `explain` does.
            jobs: how many processes share the reviews, each on one core and with a copy of the
                network; 1 for this process alone.

        Raises:
            UsageError: a value of the wrong type or outside its range.
            CheckpointError: while iterating; the network produced NaN or infinity.
            CharrnnError: while iterating; a process died.

        Example:
            >>> for answer in judge.answer_many(["What a film!", "What a waste of time."]):
            ...     print(f"{answer.probability:.3f} {answer.text}")
        """
        require(not isinstance(texts, str), "`texts` must be several str, not one")
        reviews = iter(texts)
        pieces = iter(lambda: [*islice(reviews, _GROUP)], [])
        return chain.from_iterable(answer_pieces(self, pieces, explain=explain, jobs=jobs))

    def count_tokens(self, text: str) -> tuple[int, int]:
        """Count the tokens of the whole text, and those that the vocabulary lacks.

        Subwords can spell every text, so they lack none.

        Raises:
            UsageError: `text` is not a str.

        Example:
            >>> tokens, unknown = judge.count_tokens("What a film!")
        """
        return self.checkpoint.encoder.count_tokens(require_text("text", text))

    def explain(self, text: str) -> list[Effect]:
        """Measure the effect of each word of a review by leaving it out.

        A word before the last `max_length` tokens is not read, so its effect is 0; an average of
        bigrams reads all. Leaving out a word that is read lets one more from before it in. If the
        review is so long that this would read more than 2^20 tokens, neighbours are left out
        together and share the effect evenly.

        Returns:
            The words in order: those of `split_words` for a vocabulary of words, those between
            white space for subwords.

        Raises:
            UsageError: `text` is not a str.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> for word in judge.explain("dull but clever"):
            ...     print(f"{word.effect:+.3f} {word.text}")
        """
        ids, words = self.checkpoint.encoder.locate_words(require_text("text", text))
        keep = self._keep
        border = len(ids) - keep if keep else 0
        unread = sum(word.last <= border for word in words)
        effects = [0.0] * unread + self._measure_effects(ids, words[unread:])
        return [
            Effect(text[word.start : word.end], word.start, word.end, effect)
            for word, effect in zip(words, effects, strict=True)
        ]

    @ignore_overflow
    def polarities(self, words: Sequence[str]) -> Floats:
        """Measure how positive each word is by itself, shape (N,).

        The logit of a review of the word alone minus that of an empty review, in nats; above 0 is
        positive. Subwords read a space before the word, as before most words in a review.

        Raises:
            UsageError: `words` is not a list of str, for example a single str.
            CheckpointError: the network produced NaN or infinity.

        Example:
            >>> judge.polarities(["excellent", "awful"])
        """
        encoder, words = self.checkpoint.encoder, require_texts("words", words)
        logits = self._compute_logits([encoder.encode(""), *map(encoder.encode_word, words)])
        with name_in_errors(self.path):
            return check_finite(np.asarray(logits[1:] - logits[0]))

    def frequent_words(self, count: int) -> list[str]:
        """The most frequent words of the vocabulary, at most `count`, the most frequent first.

        Subwords give those that begin a word and have at least three letters, in the order in
        which they were learnt, which is nearly that of their frequency.

        Raises:
            UsageError: `count` is not an int.

        Example:
            >>> words = judge.frequent_words(1000)
            >>> sorted(zip(judge.polarities(words), words))[:5]
        """
        return self.checkpoint.encoder.frequent_words(require_integer("count", count))

    @property
    def _keep(self) -> int:
        """How many tokens of a review's end are read; 0 for all, as bigrams are."""
        config = self.checkpoint.network
        return 0 if config.bigrams else config.max_length

    @cached_property
    def _bigrams(self) -> NumpyBigrams:
        return NumpyBigrams(self.checkpoint)

    @cached_property
    def _network(self) -> NumpyClassifier:
        return NumpyClassifier(self.checkpoint)

    def _measure_effects(self, ids: Ids, words: list[Span]) -> list[float]:
        """Measure the effects of the words that are read."""
        keep = self._keep
        length = max(min(len(ids), keep or len(ids)), self.checkpoint.network.input_length or 0)
        together = max(1, -(-len(words) * length // _BUDGET))
        groups = [words[at : at + together] for at in range(0, len(words), together)]
        without = [_leave_out(ids, group[0].first, group[-1].last, keep) for group in groups]
        whole, *rest = self._compute_probabilities([ids, *without]).tolist()
        shares = [(whole - left) / len(group) for left, group in zip(rest, groups, strict=True)]
        return [share for share, group in zip(shares, groups, strict=True) for _ in group]

    @ignore_overflow
    def _compute_probabilities(self, reviews: Sequence[Ids]) -> Floats:
        """Encoded reviews to probabilities of positive, shape (N,)."""
        probabilities = _apply_sigmoid(self._compute_logits(reviews))
        with name_in_errors(self.path):
            return check_finite(probabilities)

    def _compute_logits(self, reviews: Sequence[Ids]) -> Floats:
        """Encoded reviews to logits, shape (N,); those of two networks are added."""
        config, logits = self.checkpoint.network, []
        if config.reads_sequence:
            logits.append(self._read_in_order(reviews))
        if config.bigrams:
            rows = [hash_bigrams(ids, config.bigrams) for ids in reviews]
            logits.append(self._bigrams(rows).astype(np.float64))
        return np.asarray(np.sum(logits, axis=0))

    def _read_in_order(self, reviews: Sequence[Ids]) -> Floats:
        """Compute the logits, shape (N,), of the network that reads tokens in order."""
        config = self.checkpoint.network
        read = [cut_review(ids, config.max_length) for ids in reviews]
        lengths = np.array([len(ids) for ids in read], np.int64)
        logits = np.empty(len(reviews))
        for rows in group_in_batches(lengths, _GROUP, None, config.padded_to_longest):
            group = [read[row] for row in rows]
            ids = pad_reviews(group, config.padding, config.input_length, config.max_length)
            logits[rows] = self._network(ids)
        return logits


def answer_pieces(
    model: ReviewModel,
    pieces: Iterable[Sequence[str]],
    *,
    explain: bool = False,
    jobs: int = 1,
    source: Source | None = None,
) -> Generator[list[Answer]]:
    """Answer pieces of a sequence of reviews, in order; all else as in `ReviewModel.answer_many`.

    A piece is answered as a whole: how its reviews are padded, and so how their probabilities are
    rounded, depends on it alone.

    Args:
        model: what answers.
        pieces: the reviews.
        explain: also measure each word's effect; that takes long, so each review is then a piece.
        jobs: how many processes share the pieces.
        source: what the reviews are read from, if they may be slow to arrive.
    """
    if explain:
        pieces = source = _OneByOne(pieces, source)
    make = partial(_Answerer, model.checkpoint, model.path, explain)
    return share(make, pieces, require_jobs(jobs), source)


class _OneByOne:
    """The reviews of pieces, each a piece of its own; one that was read is not waited for."""

    def __init__(self, pieces: Iterable[Sequence[str]], source: Source | None) -> None:
        self._pieces, self._source = iter(pieces), source
        self._left: list[str] = []  # the first one last

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Sequence[str]:
        while not self._left:
            self._left = [*reversed(next(self._pieces))]
        return [self._left.pop()]

    def fileno(self) -> int:
        """What the next review is read from; -1 if it is there."""
        return self._source.fileno() if self._source and not self._left else -1


class _Answerer:
    """Answers reviews, in a process of its own if need be."""

    def __init__(self, checkpoint: Classifier, path: Path | None, explain: bool) -> None:
        self._model, self._explain = ReviewModel(checkpoint, path=path), explain

    def __call__(self, texts: Sequence[str]) -> list[Answer]:
        model = self._model
        probabilities = model.probabilities([*texts]).tolist()
        effects = map(model.explain, texts) if self._explain else repeat(None)
        return [
            Answer(text, probability, *model.count_tokens(text), words)
            for text, probability, words in zip(texts, probabilities, effects, strict=False)
        ]


def choose_label(probability: float) -> str:
    """Choose "positive" if a review is more probably that than not, else "negative"."""
    return "positive" if probability > _ENOUGH else "negative"


def load_classifier(path: str | Path) -> ReviewModel:
    """Load a review classifier from one checkpoint file, with the history of its run if any.

    Args:
        path: a `.weights.h5` file.

    Raises:
        CheckpointError: there is no such file, or it can't be used.
    """
    path = Path(path)
    return ReviewModel(read_classifier(path), read_history_beside(path, CLASSIFIER), path)


def _leave_out(ids: Ids, first: int, last: int, keep: int) -> Ids:
    """A review without its ids [first, last), with `keep` ids before them, 0 for all."""
    return np.concatenate([ids[:first][-keep:], ids[last:]])


def _apply_sigmoid(logits: Floats) -> Floats:
    """Compute 1 / (1 + exp(-logits)) without overflow."""
    probabilities: Floats = np.exp(-np.logaddexp(0, -logits))
    return probabilities
