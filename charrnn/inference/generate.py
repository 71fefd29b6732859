"""A prompt's ids to the characters that follow."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer
from charrnn.inference.choose import Choice, choose
from charrnn.inference.finite import check_finite
from charrnn.inference.language import Stepper

_SEEDS = 2**32  # NumPy reads a larger one as two numbers, which another seed's text may have


def generate_ids(
    network: Stepper, prompt: Ids, choice: Choice, generators: Sequence[np.random.Generator]
) -> Iterator[Ids]:
    """Read the prompt from a state of zero, then sample one character after another, forever.

    Args:
        network: steps a batch as large as `generators`.
        prompt: ids, shape (N,), N at least 1.
        choice: temperature, top-k and top-p.
        generators: a random generator for each text, so that a text does not depend on how many
            others are generated beside it.

    Yields:
        The next character's id in each text, shape (B,).

    Raises:
        CheckpointError: the network produced NaN or infinity.
    """
    logits = read_prompt(network, prompt, len(generators))
    while True:
        ids = choose_next(logits, choice, generators)
        yield ids
        logits = network.step(ids)


def choose_next(
    logits: npt.NDArray[np.float32], choice: Choice, generators: Sequence[np.random.Generator]
) -> Ids:
    """Sample the next character of each text.

    Args:
        logits: shape (B, V).
        choice: temperature, top-k and top-p.
        generators: a random generator for each text, which gives one number.

    Returns:
        Ids, shape (B,).

    Raises:
        CheckpointError: the network produced NaN or infinity.
    """
    draws = np.array([generator.random() for generator in generators])
    return choose(check_finite(logits), draws, choice)


def read_prompt(network: Stepper, prompt: Ids, batch_size: int = 1) -> npt.NDArray[np.float32]:
    """Read a prompt from a state of zero, the same in each of `batch_size` texts.

    Args:
        network: steps a batch of `batch_size`.
        prompt: ids, shape (N,), N at least 1.
        batch_size: B.

    Returns:
        The logits of the character after the prompt, shape (B, V); not checked for NaN.
    """
    network.reset()
    return read_on(network, prompt, batch_size)


def read_on(network: Stepper, ids: Ids, batch_size: int = 1) -> npt.NDArray[np.float32]:
    """Read more characters, the same in each text; arguments and result as in `read_prompt`."""
    for character in ids:
        logits = network.step(np.full(batch_size, character))
    return logits


def decode_steps(
    steps: Iterator[Ids], vocabulary: Vocabulary, length: int, stop: str | None = None
) -> Iterator[list[str]]:
    """Decode up to `length` characters of each text, ending a text early once it wrote `stop`.

    Args:
        steps: what `generate_ids` yields.
        vocabulary: the network's.
        length: the most characters of a text.
        stop: a text ends once it has written this; None or empty for never.

    Yields:
        The next character of each text, empty for a text that has ended. The iterator ends when
        all texts have.
    """
    texts: list[str] = []
    for step in islice(steps, length):
        texts = texts or [""] * len(step)
        ended = [bool(stop) and text == stop for text in texts]
        if all(ended):
            return
        new = ["" if end else vocabulary.characters[i] for i, end in zip(step, ended, strict=True)]
        if stop:
            texts = [(text + c)[-len(stop) :] for text, c in zip(texts, new, strict=True)]
        yield new


def join_texts(steps: Iterable[list[str]], count: int) -> list[str]:
    """Join what `decode_steps` yields for `count` texts, without keeping its pieces."""
    texts = [io.StringIO() for _ in range(count)]
    for step in steps:
        for text, character in zip(texts, step, strict=True):
            text.write(character)
    return [text.getvalue() for text in texts]


def make_generators(seed: int, count: int) -> list[np.random.Generator]:
    """Make a random generator for each of `count` texts; number k's depends on seed and k alone.

    Raises:
        UsageError: the seed is not an int or outside [0, 2^32).
    """
    seed = require_integer("seed", seed)
    if not 0 <= seed < _SEEDS:
        raise UsageError(f"`seed` must lie in [0, 2^32), not {seed}")
    return [np.random.default_rng([seed, number]) for number in range(count)]
