"""A prompt's ids to the characters that follow."""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import AnyVocabulary, ByteVocabulary
from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer
from charrnn.inference.choose import Choice, choose
from charrnn.inference.finite import check_finite
from charrnn.inference.language import Stepper
from charrnn.inference.rules import Rules

_SEEDS = 2**32  # NumPy reads a larger one as two numbers, which another seed's text may have


def generate_ids(
    network: Stepper,
    prompt: Ids,
    choice: Choice,
    generators: Sequence[np.random.Generator],
    rules: Rules,
) -> Iterator[Ids]:
    """Read the prompt from a state of zero, then sample one id after another, forever.

    Args:
        network: steps a batch as large as `generators`.
        prompt: ids of whole characters, shape (N,), N at least 1.
        choice: temperature, top-k and top-p.
        generators: a random generator for each text, so that a text does not depend on how many
            others are generated beside it.
        rules: which ids may come next.

    Yields:
        The next id of each text, shape (B,).

    Raises:
        CheckpointError: the network produced NaN or infinity.
    """
    logits = read_prompt(network, prompt, len(generators))
    yield from sample_on(network, logits, choice, generators, rules)


def sample_on(
    network: Stepper,
    logits: npt.NDArray[np.float32],
    choice: Choice,
    generators: Sequence[np.random.Generator],
    rules: Rules,
) -> Iterator[Ids]:
    """Sample forever from the next ids' logits, (B, V), on; the rest is as in `generate_ids`."""
    while True:
        ids = choose_next(logits, choice, generators, rules)
        yield ids
        logits = network.step(ids)


def choose_next(
    logits: npt.NDArray[np.float32],
    choice: Choice,
    generators: Sequence[np.random.Generator],
    rules: Rules,
) -> Ids:
    """Sample the next id of each text.

    Args:
        logits: shape (B, V).
        choice: temperature, top-k and top-p.
        generators: a random generator for each text, which gives one number.
        rules: which ids may come next; they follow what is chosen.

    Returns:
        Ids, shape (B,).

    Raises:
        CheckpointError: the network produced NaN or infinity.
    """
    draws = np.array([generator.random() for generator in generators])
    ids = choose(rules.rule_out(check_finite(logits)), draws, choice)
    rules.follow(ids)
    return ids


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
    steps: Iterator[Ids], vocabulary: AnyVocabulary, length: int, stop: str | None = None
) -> Iterator[list[str]]:
    """Decode up to `length` characters of each text, ending a text early once it wrote `stop`.

    Args:
        steps: what `generate_ids` yields.
        vocabulary: the network's.
        length: the most characters of a text.
        stop: a text ends once it has written this; None or empty for never.

    Yields:
        The next character of each text, empty for a text that has ended or whose next character is
        not whole yet. The iterator ends when all texts have.
    """
    if not length:
        return
    first = next(steps)
    decode, left = make_decoder(vocabulary, len(first)), [length] * len(first)
    ends = [""] * len(first)
    for step in chain([first], steps):
        decoded = decode(step)
        new = [character if more else "" for character, more in zip(decoded, left, strict=True)]
        left = [more - len(character) for more, character in zip(left, new, strict=True)]
        if stop:
            ends = [(end + c)[-len(stop) :] for end, c in zip(ends, new, strict=True)]
            left = [0 if end == stop else more for end, more in zip(ends, left, strict=True)]
        if any(new):
            yield new
        if not any(left):
            return


def make_decoder(vocabulary: AnyVocabulary, count: int) -> Callable[[Ids], list[str]]:
    """Make what turns the next id of each text, (B,), into a character, empty until it is whole."""
    if isinstance(vocabulary, ByteVocabulary):
        decoders = [codecs.getincrementaldecoder("utf-8")() for _ in range(count)]
        return lambda ids: [
            decoder.decode(byte.tobytes())
            for decoder, byte in zip(decoders, ids.astype(np.uint8), strict=True)
        ]
    characters = vocabulary.characters
    return lambda ids: [characters[id_] for id_ in ids]


def join_texts(steps: Iterable[list[str]], count: int) -> list[str]:
    """Join what `decode_steps` yields for `count` texts, without keeping its pieces."""
    texts = [io.StringIO() for _ in range(count)]
    for step in steps:
        for text, character in zip(texts, step, strict=True):
            text.write(character)
    return [text.getvalue() for text in texts]


def make_generators(seed: int, count: int, first: int = 0) -> list[np.random.Generator]:
    """Make a random generator for each of `count` texts; number k's depends on seed and k alone.

    Args:
        seed: of all texts.
        count: of texts.
        first: the first one's number.

    Raises:
        UsageError: the seed is not an int or outside [0, 2^32).
    """
    seed = require_integer("seed", seed)
    if not 0 <= seed < _SEEDS:
        raise UsageError(f"`seed` must lie in [0, 2^32), not {seed}")
    return [np.random.default_rng([seed, number]) for number in range(first, first + count)]
