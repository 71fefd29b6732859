"""What a network computes while it reads: its surprise, its guesses, its units and their gates.

Shapes: N characters of a text, M ids (as many, but of a network of bytes), V vocabulary, H units,
L layers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError
from charrnn.inference.arguments import require_integer
from charrnn.inference.breakdown import ClassLoss, measure_classes
from charrnn.inference.cells import Array
from charrnn.inference.choose import Choice, compute_probabilities
from charrnn.inference.finite import check_finite
from charrnn.inference.follow import FoundUnit, find_followers
from charrnn.inference.gates import compute_gates
from charrnn.inference.language import NumpyStepper
from charrnn.inference.score import OnProgress, check_length, compute_cross_entropy, limit_block
from charrnn.inference.units import find_unit
from charrnn.runs.checkpoint import Checkpoint

Floats = npt.NDArray[np.float64]

_MOST_STATES = 2**28  # numbers: 1 GiB


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a network computed while it read a text of N characters from a state of zero.

    Attributes:
        text: the text.
        surprise: -log of the probability that each character had before it was read, in nats, shape
            (N,), float64; NaN for the first, which nothing predicts.
        outputs: of the units of each layer after each character, shape (L, N, H), float32.
        cell_states: of LSTMs, what their units remember after each character, shape (L, N, H),
            float32; None for other cells.
        checkpoint: the network.
        traced: `outputs` after each id that was read, shape (L, M, H).
        ends: of a network of bytes, which byte is the last of each character, shape (N,), from 0;
            None for other networks.
    """

    text: str
    surprise: Floats
    outputs: Array
    cell_states: Array | None
    checkpoint: Checkpoint = field(repr=False)
    traced: Array = field(repr=False)
    ends: npt.NDArray[np.int64] | None = field(default=None, repr=False)

    @property
    def loss(self) -> float:
        """The mean surprise, in nats per character, as `evaluate` measures it in one stream."""
        return float(self.surprise[1:].mean())

    def guesses(self, count: int = 5) -> list[list[tuple[str, float]]]:
        """The `count` likeliest characters before each was read, with their probabilities.

        Of a network of bytes these are bytes that a character begins with, each as its ASCII
        character or, if it is none, its number.

        Returns:
            A list for each of the N characters, the likeliest first; empty for the first.

        Raises:
            UsageError: `count` is not an int.

        Example:
            >>> seen = model.inspect("ROMEO:")
            >>> for character, guesses in zip(seen.text, seen.guesses(2)):
            ...     print(repr(character), guesses)
        """
        return [[], *self._guess(require_integer("count", count))]

    def most_surprising(self, count: int = 10) -> list[int]:
        """The places in the text of the `count` most surprising characters, the most first.

        Raises:
            UsageError: `count` is not an int.

        Example:
            >>> [seen.text[place] for place in seen.most_surprising(3)]
        """
        count = require_integer("count", count)
        order = np.argsort(-self.surprise[1:], kind="stable")[:count] + 1
        return [int(place) for place in order]

    def class_losses(self) -> list[ClassLoss]:
        """The loss by class of character: capitals, first letters of words, spaces and so on.

        The first character, which nothing predicts, is left out.

        Example:
            >>> for one in seen.class_losses():
            ...     print(one.name, one.characters, one.loss)
        """
        return measure_classes(self.text, self.surprise)

    def states(self, unit: int | tuple[int, int]) -> dict[str, Array]:
        """What one unit gave out and, if it is an LSTM's, remembered after each character.

        Args:
            unit: a unit's number in the last layer, or a layer and a number, counted from 0.

        Returns:
            "output" and, of an LSTM, "cell state" before it, each of shape (N,).

        Raises:
            UsageError: there is no such unit.

        Example:
            >>> seen.states(3)["output"].round(2)
        """
        layer, number = find_unit(self.checkpoint.network, unit)
        kept = {"cell state": self.cell_states, "output": self.outputs}
        return {
            name: states[layer, :, number] for name, states in kept.items() if states is not None
        }

    def gates(self, unit: int | tuple[int, int]) -> dict[str, Array]:
        """Compute what each gate of one unit let through at each character.

        Args:
            unit: a unit's number in the last layer, or a layer and a number, counted from 0.

        Returns:
            Name to values, each of shape (N,): of an LSTM "input gate", "forget gate" and "output
            gate" in [0, 1] and "candidate" in [-1, 1]; of a GRU "update gate", which keeps the old
            output, and "reset gate" in [0, 1] and "candidate" in [-1, 1]; of a SimpleRNN, which has
            no gates, nothing.

        Raises:
            UsageError: there is no such unit.

        Example:
            >>> romeo = charrnn.load("shakespeare-lstm").inspect("ROMEO:")
            >>> romeo.gates(3)["forget gate"].round(2)
        """
        layer, number = find_unit(self.checkpoint.network, unit)
        inputs = self.traced[layer - 1] if layer else self._embed()
        gates = compute_gates(self.checkpoint, layer, number, inputs, self.traced[layer])
        if self.ends is None:
            return gates
        return {name: values[self.ends] for name, values in gates.items()}

    def find_units(self, what: str, count: int = 10) -> list[FoundUnit]:
        r"""Find the units whose output follows a property of the text.

        The units are chosen on the text's first half, and measured on its second half too, which
        chose nothing. Some ten thousand characters are enough to tell a unit from chance.

        Args:
            what: "quotes" (inside quotation marks or not), "newlines" (how many characters the line
                has so far), "brackets" (how many are open), "indent" (how many spaces and tabs the
                line begins with), "capitals" (a capital or not), or any regular expression (inside
                a match or not; `^` and `$` match at line ends).
            count: how many units, at most.

        Returns:
            The units with the strongest correlation on the first half, the strongest first.

        Raises:
            UsageError: no regular expression, or the property is the same all over a half.

        Example:
            >>> for found in model.inspect("To BE, or not TO be. " * 50).find_units("capitals", 3):
            ...     print(found.unit, found.chosen, found.confirmed, found.value)
        """
        return find_followers(self.text, self.outputs, what, require_integer("count", count))

    def _embed(self) -> Array:
        ids = self.checkpoint.vocabulary.encode(self.text)
        vectors: Array = self.checkpoint.weights["layers/embedding/vars/0"][ids]
        return vectors

    def _guess(self, count: int) -> Iterator[list[tuple[str, float]]]:
        """Yield the guesses at each character but the first."""
        weights, symbols = self.checkpoint.weights, self.checkpoint.vocabulary.symbols
        block = limit_block(len(symbols))
        for first in range(0, len(self.text) - 1, block):
            outputs = self.outputs[-1, first : min(first + block, len(self.text) - 1)]
            logits = outputs @ weights["layers/dense/vars/0"] + weights["layers/dense/vars/1"]
            rows = compute_probabilities(logits, Choice())
            for row, order in zip(rows, np.argsort(-rows, axis=1, kind="stable"), strict=True):
                yield [(symbols[id_], float(row[id_])) for id_ in order[: max(count, 0)]]


def inspect(checkpoint: Checkpoint, ids: Ids, progress: OnProgress = lambda _: None) -> Inspection:
    """Read a text from a state of zero, and keep what the network computes on the way.

    Args:
        checkpoint: the network.
        ids: the text, shape (M,).
        progress: called after each block with how many ids were read in it.

    Raises:
        UsageError: fewer than two characters, or so many that their states would take a gigabyte.
        CheckpointError: the network produced NaN or infinity.
    """
    vocabulary = checkpoint.vocabulary
    check_length(vocabulary.count_characters(ids))
    text, ids = vocabulary.decode(ids), ids.astype(np.int32)
    kept = _allocate(checkpoint, len(ids))
    surprise = np.full(len(ids) + 1, np.nan)  # the last one is the character after the text
    network, block = NumpyStepper(checkpoint), limit_block(len(vocabulary))
    for first in range(0, len(ids), block):
        part = slice(first, first + block)
        logits, states = network.trace(ids[part])
        targets = ids[first + 1 : first + 1 + len(logits)]
        found = compute_cross_entropy(check_finite(logits)[: len(targets)], targets)
        surprise[first + 1 : first + 1 + len(targets)] = found
        for layer, of_layer in enumerate(states):
            for place, state in zip(kept, of_layer, strict=True):
                place[layer, part] = state
        progress(len(logits))
    traced, surprise, ends = kept[0], surprise[:-1], None
    starts = vocabulary.find_starts(ids)
    if starts is not None:
        ends = np.append(starts[1:], len(ids)) - 1
        surprise = np.add.reduceat(surprise, starts)
        kept = [states[:, ends] for states in kept]
    outputs, *others = kept
    cell_states = others[0] if others else None
    return Inspection(text, surprise, outputs, cell_states, checkpoint, traced, ends)


def _allocate(checkpoint: Checkpoint, length: int) -> list[Any]:
    """Arrays (L, M, H) for the outputs and, if the cell has one, its other state.

    Raises:
        UsageError: they would be too large.
    """
    config = checkpoint.network
    count, unit = 2 if config.cell == "lstm" else 1, f"{checkpoint.vocabulary.unit}s"
    most = max(2, _MOST_STATES // (count * config.layers * config.units))
    if length > most:
        raise UsageError(
            f"the states after {length:,} {unit} would fill the memory: give at most {most:,} "
            f"{unit}, or set `limit`"
        )
    shape = (config.layers, length, config.units)
    return [np.empty(shape, np.float32) for _ in range(count)]
