"""Many texts from one seed: written a group at a time, by one process or by several."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from charrnn.data.vocabulary import Ids
from charrnn.inference.choose import Choice
from charrnn.inference.generate import decode_steps, generate_ids, join_texts, make_generators
from charrnn.inference.language import Engine, LanguageNetwork, NumpyStepper
from charrnn.inference.rules import make_rules
from charrnn.inference.units import Unit
from charrnn.runs.checkpoint import Checkpoint

TOGETHER = 64
"""Texts that are written side by side, at most: more are hardly faster for it, and take memory."""


@dataclass(frozen=True)
class Order:
    """What is to be written.

    Attributes:
        prompt: what each text follows, ids (N,), N at least 1.
        length: characters of each, at most.
        choice: how characters are sampled.
        seed: of all texts; a text depends on it and on its own number.
        stop: what ends a text once it is written.
        held: units that are held at a value.
    """

    prompt: Ids
    length: int
    choice: Choice
    seed: int
    stop: str | None = None
    held: Mapping[Unit, float] = field(default_factory=dict)


class Writer:
    """Writes texts with one network.

    Args:
        checkpoint: the network.
        order: what to write.
        engine: makes what runs the network; None for NumPy.
    """

    def __init__(self, checkpoint: Checkpoint, order: Order, engine: Engine | None = None) -> None:
        self._checkpoint, self._order, self._engine = checkpoint, order, engine
        self._networks: dict[int, LanguageNetwork] = {}

    def __call__(self, numbers: range) -> list[str]:
        """Write the texts of these numbers."""
        return join_texts(self.stream(numbers), len(numbers))

    def stream(self, numbers: range) -> Iterator[list[str]]:
        """Write them side by side; yields what `decode_steps` does."""
        order, vocabulary, count = self._order, self._checkpoint.vocabulary, len(numbers)
        generators = make_generators(order.seed, count, numbers.start)
        rules = make_rules(vocabulary, count)
        network = self._networks.get(count) or self._make_network(count)
        steps = generate_ids(network, order.prompt, order.choice, generators, rules)
        return decode_steps(steps, vocabulary, order.length, order.stop)

    def _make_network(self, count: int) -> LanguageNetwork:
        if self._engine is None:
            network: LanguageNetwork = NumpyStepper(self._checkpoint, count, self._order.held)
        else:
            network = self._engine(self._checkpoint, count)
        self._networks[count] = network  # groups are of one size, or of two
        return network


def divide(num: int) -> Iterator[range]:
    """Divide numbers of texts into groups of nearly the same size, as few as can be.

    Rounding depends on how many texts are multiplied at once, so the groups depend on `num` alone.
    """
    groups = count_groups(num)
    edges = (group * num // groups for group in range(groups + 1))
    first = next(edges)
    for edge in edges:
        yield range(first, edge)
        first = edge


def count_groups(num: int) -> int:
    """How many groups so many texts are written in."""
    return -(-num // TOGETHER)
