"""A text that a person and a network write in turns."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.config.language import LONGEST_TEXT
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer, require_range, require_text
from charrnn.inference.cells import Array
from charrnn.inference.choose import Choice
from charrnn.inference.encode import encode_prompt
from charrnn.inference.generate import (
    choose_next,
    decode_steps,
    join_texts,
    make_decoder,
    make_generators,
    read_on,
    sample_on,
)
from charrnn.inference.language import NumpyStepper
from charrnn.inference.rules import make_rules
from charrnn.runs.checkpoint import Checkpoint

MOST_PROPOSALS = 100
LONGEST_PROPOSAL = 10_000  # characters


def check_settings(length: int, temperature: float, top_k: int, top_p: float) -> Choice:
    """Reject settings that no turn can have; what they say of the choice of characters.

    Raises:
        UsageError: a value of the wrong type or outside its range.
    """
    require_range("length", require_integer("length", length), 0, LONGEST_TEXT)
    return Choice(temperature, top_k, top_p)


@dataclass(frozen=True)
class _Turn:
    """Where the text and the network were before a turn."""

    by_network: bool
    length: int
    states: list[Array]
    logits: npt.NDArray[np.float32] | None


class Draft:
    """A text that a person and a network write in turns.

    The network's state is carried from turn to turn, so it knows all that was written before.

    Args:
        checkpoint: the network.
        seed: the same seed and turns give the same text; None for a new one each time.

    Attributes:
        text: all that was written so far, by either.

    Example:
        >>> draft = model.begin_draft(seed=1)
        >>> draft.read("ROMEO:")
        >>> print("".join(draft.write(100)))
        >>> draft.undo()
    """

    def __init__(self, checkpoint: Checkpoint, seed: int | None = None) -> None:
        self._checkpoint, self._vocabulary = checkpoint, checkpoint.vocabulary
        self._network = NumpyStepper(checkpoint)
        self._logits: npt.NDArray[np.float32] | None = (
            None  # (1, V); None until a character is read
        )
        self._turns: list[_Turn] = []
        self.text = ""
        self.set_seed(secrets.randbits(32) if seed is None else seed)

    def set_seed(self, seed: int) -> None:
        """Draw from here on the random numbers that `generate` draws for a seed.

        Raises:
            UsageError: the seed is not an int or outside [0, 2^32).
        """
        self._generators = make_generators(seed, 1)

    def read(self, text: str) -> None:
        """Add a person's words; nothing happens if there are none.

        Raises:
            VocabularyError: characters that the network doesn't know.
        """
        ids = self._vocabulary.encode(require_text("text", text))
        if len(ids):
            self._begin_turn(by_network=False)
            self._logits = read_on(self._network, ids)
            self.text += text

    def write(
        self, length: int, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
    ) -> Iterator[str]:
        """Begin a turn of the network's; whoever iterates may stop before its end.

        Args:
            length: how many characters, at most.
            temperature: as in `generate`, and so the others.
            top_k: sample from the k likeliest characters only; 0 for all.
            top_p: sample from the fewest that together have this probability; 1 for all.

        Returns:
            An iterator over the characters, each of which is part of the text once it is given.

        Raises:
            UsageError: a value of the wrong type or outside its range.
            CheckpointError: while iterating; the network produced NaN or infinity.
        """
        choice = check_settings(length, temperature, top_k, top_p)
        self._begin_turn(by_network=True)
        return self._write(length, choice)

    def propose(
        self,
        count: int,
        length: int,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        *,
        is_stopped: Callable[[], bool] | None = None,
    ) -> list[str]:
        """Write several continuations, none of which is part of the text until it is read.

        Args:
            count: how many.
            length: characters of each.
            temperature: as in `write`, and so the others.
            top_k: sample from the k likeliest characters only; 0 for all.
            top_p: sample from the fewest that together have this probability; 1 for all.
            is_stopped: asked after each step of all whether they should end there.

        Raises:
            UsageError: a value of the wrong type or outside its range.
            CheckpointError: the network produced NaN or infinity.
        """
        require_range("count", require_integer("count", count), 1, MOST_PROPOSALS)
        require_range("length", require_integer("length", length), 0, LONGEST_PROPOSAL)
        choice = Choice(temperature, top_k, top_p)
        logits = np.repeat(self._read_start(), count, axis=0)
        network = NumpyStepper(self._checkpoint, count)
        network.restore_states(self._network.copy_states())
        generators = make_generators(int(self._generators[0].integers(2**32)), count)
        rules = make_rules(self._vocabulary, count)
        steps = sample_on(network, logits, choice, generators, rules)
        texts = decode_steps(steps, self._vocabulary, length)
        return join_texts(_end_early(texts, is_stopped), count)

    def undo(self) -> str:
        """Take back the last turn, whoever's it was.

        Returns:
            What is no longer part of the text.

        Raises:
            UsageError: there was no turn yet.
        """
        if not self._turns:
            raise UsageError("there is nothing to take back yet")
        turn = self._turns.pop()
        self._network.restore_states(turn.states)
        self._logits = turn.logits
        self.text, taken = self.text[: turn.length], self.text[turn.length :]
        return taken

    @property
    def last_is_network(self) -> bool:
        """Whether the last turn was the network's."""
        return bool(self._turns) and self._turns[-1].by_network

    def _begin_turn(self, *, by_network: bool) -> None:
        states = self._network.copy_states()
        self._turns.append(_Turn(by_network, len(self.text), states, self._logits))

    def _read_start(self) -> npt.NDArray[np.float32]:
        """The next character's logits, (1, V); a text that is still empty follows a line end."""
        if self._logits is None:
            self._logits = read_on(self._network, encode_prompt(self._vocabulary, ""))
        return self._logits

    def _write(self, length: int, choice: Choice) -> Iterator[str]:
        logits = self._read_start()
        decode, rules = make_decoder(self._vocabulary, 1), make_rules(self._vocabulary)
        for _ in range(length):
            character = ""
            while not character:
                ids = choose_next(logits, choice, self._generators, rules)
                logits = self._logits = self._network.step(ids)
                (character,) = decode(ids)
            self.text += character
            yield character


def _end_early(
    steps: Iterator[list[str]], is_stopped: Callable[[], bool] | None
) -> Iterator[list[str]]:
    for step in steps:
        yield step
        if is_stopped and is_stopped():
            return
