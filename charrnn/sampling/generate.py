"""A prompt to a run of characters."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import UsageError
from charrnn.sampling.choose import Choice, choose
from charrnn.sampling.network import Stepper, numbers

_SEEDS = 2**32  # a larger seed's text would be another seed's text of another number


def generate(
    network: Stepper, prompt: Ids, choice: Choice, randoms: Sequence[np.random.Generator]
) -> Iterator[Ids]:
    """Read the prompt from a state of zero, then draw one character after another, for ever.

    Args:
        network: what reads and predicts, with a batch as large as `randoms`.
        prompt: ids, shape (N,), N at least 1.
        choice: temperature, top-k, top-p.
        randoms: one source of chance for each text, so that a text does not depend on how many
            others go beside it.

    Yields:
        the next character's id in each text, shape (B,).

    Raises:
        CheckpointError: the network gives logits that are no numbers.
    """
    network.reset()
    for character in prompt:
        logits = network.step(np.full(len(randoms), character))
    while True:
        draws = np.array([random.random() for random in randoms])
        ids = choose(numbers(logits), draws, choice)
        yield ids
        logits = network.step(ids)


def characters(
    ids: Iterator[Ids], vocabulary: Vocabulary, length: int, stop: str | None = None
) -> Iterator[list[str]]:
    """The first `length` characters of each text, or fewer where one reaches `stop`.

    Args:
        ids: what `generate` yields.
        vocabulary: the network's.
        length: the most characters of a text.
        stop: a text ends once it has written this.

    Yields:
        the next character of each text, empty for a text that has ended; ends when all have.
    """
    texts: list[str] = []
    for step in islice(ids, length):
        texts = texts or [""] * len(step)
        ended = [bool(stop) and text == stop for text in texts]
        if all(ended):
            return
        new = ["" if end else vocabulary.characters[i] for i, end in zip(step, ended, strict=True)]
        if stop:
            texts = [(text + c)[-len(stop) :] for text, c in zip(texts, new, strict=True)]
        yield new


def prompt_ids(vocabulary: Vocabulary, prompt: str) -> Ids:
    """The prompt's ids; an empty prompt becomes a line end, or the first character if none.

    Raises:
        VocabularyError: characters outside the vocabulary.
    """
    beginning = "\n" if "\n" in vocabulary else vocabulary.characters[0]
    return vocabulary.encode(prompt or beginning)


def sources(seed: int, count: int) -> list[np.random.Generator]:
    """One source of chance for each of `count` texts; text number k's depends on seed and k.

    Raises:
        UsageError: the seed is outside [0, 2^32).
    """
    if not 0 <= seed < _SEEDS:
        raise UsageError(f"the seed must lie in [0, 2^32), not {seed}")
    return [np.random.default_rng([seed, number]) for number in range(count)]
