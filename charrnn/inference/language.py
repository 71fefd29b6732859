"""A language model's checkpoint to logits, one character or one text at a time."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.inference.cells import CELL_CLASSES, Array, Cell
from charrnn.inference.finite import ignore_overflow
from charrnn.inference.units import Unit, hold_units
from charrnn.runs.checkpoint import Checkpoint

_LARGEST_TABLE = 2**24  # numbers: 64 MiB


class Stepper(Protocol):
    """A network that reads one character at a time and carries its state."""

    def reset(self) -> None:
        """Set the carried state to zero."""

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""


class Reader(Protocol):
    """A network that reads texts in pieces of any length and carries its state."""

    def reset(self) -> None:
        """Set the carried state to zero."""

    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read the next characters of each text, (B, T), to the logits after each, (B, T, V)."""


class LanguageNetwork(Stepper, Reader, Protocol):
    """A network that can do both."""


Engine = Callable[[Checkpoint, int], LanguageNetwork]
"""Makes what runs a checkpoint's network on a batch of so many texts, such as `NumpyStepper`."""


class NumpyStepper:
    """The network written out in NumPy.

    Embedding and the first layer's input projection are multiplied out once into a table with a
    row for each character, so that a step of one layer is one matrix-vector product. A table that
    would be large, whatever the file's size, is done without.

    Args:
        checkpoint: the network; its weights are only read.
        batch_size: B, how many texts are read side by side.
        held: units whose outputs are held at a value, if any.
    """

    @ignore_overflow
    def __init__(
        self, checkpoint: Checkpoint, batch_size: int = 1, held: Mapping[Unit, float] | None = None
    ) -> None:
        weights, config = checkpoint.weights, checkpoint.network
        self._cells: list[Cell] = []
        for layer in range(config.layers):
            path = f"{config.layer_path(layer)}/cell/vars"
            kernel, recurrent, bias = (weights[f"{path}/{place}"] for place in range(3))
            self._cells.append(CELL_CLASSES[config.cell](kernel, recurrent, bias, batch_size))
        self._cells = hold_units(self._cells, held or {})
        first = self._cells[0]
        self._embed = _make_embed(weights["layers/embedding/vars/0"], first)
        self._dense = np.asfortranarray(weights["layers/dense/vars/0"])
        self._dense_bias = weights["layers/dense/vars/1"]

    def reset(self) -> None:
        """Set the carried state to zero."""
        for cell in self._cells:
            cell.reset()

    def copy_states(self) -> list[Array]:
        """Copy the carried state: arrays of shape (B, H)."""
        return [state.copy() for cell in self._cells for state in cell.states]

    def restore_states(self, states: list[Array]) -> None:
        """Take up a state that was copied, of as many texts or of one for all: (1, H)."""
        places = (state for cell in self._cells for state in cell.states)
        for place, state in zip(places, states, strict=True):
            place[:] = state

    @ignore_overflow
    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""
        output = self._cells[0].step(self._embed(ids))  # (B, H)
        for cell in self._cells[1:]:
            output = cell.step(_project(output, cell.kernel, cell.bias))
        return _project(output, self._dense, self._dense_bias)

    @ignore_overflow
    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read the next characters of each text, (B, T), to the logits after each, (B, T, V).

        Layer by layer, so that everything but the recurrence itself is one product.
        """
        outputs = _run_cell(self._cells[0], self._embed(ids.T))  # (T, B, H)
        for cell in self._cells[1:]:
            outputs = _run_cell(cell, _project(outputs, cell.kernel, cell.bias))
        return _project(outputs, self._dense, self._dense_bias).swapaxes(0, 1)

    @ignore_overflow
    def trace(self, ids: Ids) -> tuple[Array, list[list[Array]]]:
        """Read the next characters of one text, (T,), and keep every state on the way.

        Returns:
            The logits after each character, (T, V), and the states of each layer's cell after it,
            in the order of `Cell.states`, each (T, H).
        """
        signal, layers = self._embed(ids), []
        for place, cell in enumerate(self._cells):
            if place:
                signal = _project(signal, cell.kernel, cell.bias)
            states = _trace_cell(cell, signal)
            layers.append(states)
            signal = states[0]
        return _project(signal, self._dense, self._dense_bias), layers


def _make_embed(embedding: Array, first: Cell) -> Callable[[Ids], Array]:
    """Make what maps ids (...) to the projected inputs of the first cell, (..., gates H)."""
    if len(embedding) * len(first.bias) > _LARGEST_TABLE:
        return lambda ids: _project(embedding[ids], first.kernel, first.bias)
    table = _project(embedding, first.kernel, first.bias)
    return lambda ids: table[ids]


def _project(signal: Array, kernel: Array, bias: Array) -> Array:
    """Compute x W + b for every x in (..., inputs) at once."""
    flat: Array = signal.reshape(-1, len(kernel)) @ kernel
    flat += bias
    return flat.reshape(*signal.shape[:-1], -1)


def _run_cell(cell: Cell, projected: Array) -> Array:
    """Step a cell through its projected inputs (T, B, gates H) to its outputs (T, B, H)."""
    return np.stack([cell.step(step).copy() for step in projected])


def _trace_cell(cell: Cell, projected: Array) -> list[Array]:
    """Step a cell through its projected inputs (T, gates H) to its states after each, (T, H)."""
    traced = [np.empty((len(projected), state.shape[1]), np.float32) for state in cell.states]
    for time, step in enumerate(projected):
        cell.step(step[None])
        for kept, state in zip(traced, cell.states, strict=True):
            kept[time] = state[0]
    return traced
