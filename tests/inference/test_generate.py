"""From a prompt's ids to characters, on both engines."""

import tracemalloc
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import numpy as np
import pytest

from charrnn.data.byte_vocabulary import AnyVocabulary
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import CheckpointError, UsageError
from charrnn.inference.choose import Choice
from charrnn.inference.generate import (
    decode_steps,
    generate_ids,
    join_texts,
    make_generators,
    read_prompt,
)
from charrnn.inference.language import NumpyStepper, Stepper
from charrnn.inference.rules import KnownCharacters, make_rules
from tests.support.networks import MakeCheckpoint
from tests.support.slow import slow_except

PLAIN = Choice()


class Alphabet:
    """A network that is all but certain of the id after the one it has read."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.read: list[list[int]] = []

    def reset(self) -> None:
        self.read = []

    def step(self, ids: Ids) -> Any:
        self.read.append(ids.tolist())
        return np.where(np.arange(self.size) == (ids[:, None] + 1) % self.size, 100.0, 0.0)


def _texts(
    network: Stepper,
    vocabulary: AnyVocabulary,
    length: int,
    num: int = 1,
    *,
    prompt: str = "a",
    seed: int = 5,
    stop: str | None = None,
    choice: Choice = PLAIN,
) -> list[str]:
    rules = make_rules(vocabulary, num)
    generators = make_generators(seed, num)
    ids = generate_ids(network, vocabulary.encode(prompt), choice, generators, rules)
    texts = [""] * num
    for new in decode_steps(ids, vocabulary, length, stop):
        texts = [text + character for text, character in zip(texts, new, strict=True)]
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("cell", slow_except(["rnn", "lstm", "gru"], "lstm"))
def test_both_engines_write_the_same_texts(make_checkpoint: MakeCheckpoint, cell: str) -> None:
    """The same seed gives the same texts whether NumPy or Keras runs the network."""
    from charrnn.networks.stepper import KerasStepper

    network = make_checkpoint(cell=cell)
    engines: list[Stepper] = [NumpyStepper(network, 2), KerasStepper(network, 2)]
    choice = Choice(0.9, top_k=8, top_p=0.95)
    ours, keras = (
        _texts(engine, network.vocabulary, 220, 2, prompt="abba", choice=choice)
        for engine in engines
    )
    assert ours == keras
    assert len(set(ours[0])) > 3


def test_a_text_does_not_depend_on_the_others(make_checkpoint: MakeCheckpoint) -> None:
    """Text number k is the same however many are generated."""
    network = make_checkpoint(cell="gru")

    def texts(num: int) -> list[str]:
        return _texts(NumpyStepper(network, num), network.vocabulary, 200, num)

    five = texts(5)
    assert texts(1) == five[:1]
    assert texts(3) == five[:3]
    assert len(set(five)) == 5


def test_a_seed_decides_the_text(make_checkpoint: MakeCheckpoint) -> None:
    """The same seed gives the same text even from a used network, another seed another."""
    network = make_checkpoint()
    stepper = NumpyStepper(network)
    first, again, other = (
        _texts(stepper, network.vocabulary, 200, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_the_prompt_is_read_and_each_character_fed_back() -> None:
    """The network reads the prompt, then each character that it has written, once and in order."""
    network, vocabulary = Alphabet(8), Vocabulary("abcdefgh")
    network.step(np.array([7, 7]))
    (one, two) = _texts(network, vocabulary, 5, 2, prompt="ce")
    assert one == two == "fghab"
    assert network.read == [[2, 2], [4, 4], [5, 5], [6, 6], [7, 7], [0, 0]]


def test_a_character_comes_before_the_next_is_computed() -> None:
    """A character is yielded as soon as it is sampled, so that a text can be watched."""
    network, vocabulary = Alphabet(8), Vocabulary("abcdefgh")
    rules = make_rules(vocabulary)
    ids = generate_ids(network, vocabulary.encode("ab"), PLAIN, make_generators(0, 1), rules)
    stream = decode_steps(ids, vocabulary, 1000)
    for count, expected in enumerate("cdef"):
        assert next(stream) == [expected]
        assert len(network.read) == 2 + count


def test_length_zero_writes_nothing() -> None:
    """A text of length 0 is empty."""
    assert _texts(Alphabet(3), Vocabulary("abc"), 0, 2) == ["", ""]


def test_a_long_text_is_kept_as_its_characters_alone() -> None:
    """Joining keeps no list of pieces: four bytes a character and the buffers' slack, no more."""
    length = 200_000
    steps = ([character, character] for character in islice(cycle("aä水𐍈"), length))
    tracemalloc.start()
    try:
        texts = join_texts(steps, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert texts == ["aä水𐍈" * (length // 4)] * 2
    assert peak < 4 * 2 * 2 * length * 1.5  # the buffers, and the texts that are made of them


def _cycle(*texts: str) -> Iterator[Ids]:
    """Ids forever, row k repeating text k."""
    places = [[ord(character) - ord("a") for character in text] for text in texts]
    step = 0
    while True:
        yield np.array([row[step % len(row)] for row in places], np.int32)
        step += 1


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("c", "abac"),
        ("ca", "abaca"),
        ("aca", "abaca"),
        ("abacab", "abacab"),
        ("bacabac", "abacabac"),
        ("bb", "abacabacab"),
        ("", "abacabacab"),
        (None, "abacabacab"),
    ],
)
def test_a_text_ends_once_it_has_written_stop(stop: str | None, expected: str) -> None:
    """The stop text is the last thing written; a part of it does not end the text."""
    vocabulary = Vocabulary("abcdefgh")
    new = decode_steps(_cycle("abac"), vocabulary, 10, stop)
    assert "".join(character for (character,) in new) == expected


def test_each_text_stops_by_itself() -> None:
    """A text that has ended stays as it is while the others are written."""
    vocabulary = Vocabulary("abcdefgh")
    steps = list(decode_steps(_cycle("cd", "abcd", "hhhhcd", "h"), vocabulary, 9, "cd"))
    texts = ["".join(rows) for rows in zip(*steps, strict=True)]
    assert texts == ["cd", "abcd", "hhhhcd", "hhhhhhhhh"]


def test_nothing_more_is_written_when_all_texts_have_stopped() -> None:
    """The iterator ends with the last text, whatever the length."""
    vocabulary = Vocabulary("abcdefgh")
    steps = list(decode_steps(_cycle("cd", "abcd"), vocabulary, 10**9, "cd"))
    assert [len(step) for step in steps] == [2] * 4
    assert steps[-1] == ["", "d"]


def test_stop_looks_at_what_is_written_not_at_the_prompt() -> None:
    """A stop text that begins in the prompt does not end the text."""
    network, vocabulary = Alphabet(4), Vocabulary("abcd")
    assert _texts(network, vocabulary, 10, prompt="ab", stop="bc") == ["cdabc"]


def test_reading_a_prompt_gives_the_next_logits_of_each_text() -> None:
    """The prompt is read from a state of zero in every text; the logits are those after it."""
    network = Alphabet(5)
    network.step(np.array([4, 4, 4]))
    logits = read_prompt(network, np.array([0, 2], np.int32), 3)
    assert network.read == [[0, 0, 0], [2, 2, 2]]
    assert logits.tolist() == [[0, 0, 0, 100, 0]] * 3


def test_random_generators_differ() -> None:
    """No two texts and no two seeds have the same random numbers; the same seed repeats them."""
    draws = {
        (seed, number): tuple(islice(iter(generator.random, None), 3))
        for seed in (0, 1, 2**32 - 1)
        for number, generator in enumerate(make_generators(seed, 4))
    }
    assert len(set(draws.values())) == 12
    assert make_generators(1, 2)[1].random() == draws[1, 1][0]


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_rejected(seed: int) -> None:
    """A seed that is not a number of 32 bits is rejected by name and value."""
    with pytest.raises(UsageError, match=rf"^`seed` must lie in \[0, 2\^32\), not {seed}$"):
        make_generators(seed, 1)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 1])
def test_nan_and_infinity_end_the_texts(broken: float, row: int) -> None:
    """One logit of one text that is NaN or infinite raises an error that says what to do."""

    class Breaking(Alphabet):
        def step(self, ids: Ids) -> Any:
            logits = super().step(ids)
            if ids[0] == 2:
                logits[row, 3] = broken
            return logits

    rules = KnownCharacters(None)
    prompt, generators = np.array([0], np.int32), make_generators(1, 2)
    ids = generate_ids(Breaking(5), prompt, PLAIN, generators, rules)
    assert [next(ids).tolist() for _ in range(2)] == [[1, 1], [2, 2]]
    with pytest.raises(CheckpointError, match=r"NaN or infinity.*earlier epoch"):
        next(ids)
