"""A network's units: which one is meant, and units that are held at a value.

Layers and their units are counted from 0, as in Python.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from charrnn.config.fields import require
from charrnn.config.language import NetworkConfig
from charrnn.inference.arguments import require_integer, require_number
from charrnn.inference.cells import Array, Cell

SetUnits = Mapping[Any, float]
"""Units, by `int` or `tuple[int, int]`, each of which is held at a value while a network writes."""


class Unit(NamedTuple):
    """One unit of one recurrent layer, both counted from 0."""

    layer: int
    number: int


def find_unit(network: NetworkConfig, unit: Any, name: str = "unit") -> Unit:
    """The unit that is meant.

    Args:
        network: the network.
        unit: a unit's number in the last layer, or a layer and a number.
        name: of the argument, for errors.

    Raises:
        UsageError: it is neither, or the network has no such unit.
    """
    pair = unit if isinstance(unit, tuple) else (network.layers - 1, unit)
    require(len(pair) == 2, f"`{name}` must be a number, or a layer and a number")  # noqa: PLR2004
    layer, number = (require_integer(name, part) for part in pair)
    last = f"{network.layers - 1}" if network.layers > 1 else "0, the only one"
    require(0 <= layer < network.layers, f"`{name}`: layers go from 0 to {last}, not {layer}")
    units = network.units
    require(0 <= number < units, f"`{name}`: units go from 0 to {units - 1:,}, not {number:,}")
    return Unit(layer, number)


def find_held_units(network: NetworkConfig, set_units: Any) -> dict[Unit, float]:
    """The units that are to be held, and at which value.

    Raises:
        UsageError: no dictionary, no such unit, one unit twice, or a value that is not finite.
    """
    require(isinstance(set_units, Mapping), "`set_units` must be a dictionary from units to values")
    held: dict[Unit, float] = {}
    for named, value in set_units.items():
        unit = find_unit(network, named, "set_units")
        require(unit not in held, f"`set_units` has unit {unit.number} twice: give it one value")
        held[unit] = require_number("set_units", value)
        require(math.isfinite(held[unit]), "`set_units` must have finite values")
    return held


class HoldingCell:
    """A cell some of whose outputs are held at a value, which the next step and layer see.

    Args:
        cell: the cell, whose states are changed.
        values: of its units.
    """

    def __init__(self, cell: Cell, values: Mapping[int, float]) -> None:
        self._cell = cell
        self.kernel, self.bias, self.states = cell.kernel, cell.bias, cell.states
        self._units = list(values)
        self._values = np.array(list(values.values()), np.float32)

    def reset(self) -> None:
        """Set the state to zero; units are held from the first step on."""
        self._cell.reset()

    def step(self, projected: Array) -> Array:
        """One time step; shapes as in `Cell.step`."""
        output = self._cell.step(projected)
        output[:, self._units] = self._values
        return output


def hold_units(cells: list[Cell], held: Mapping[Unit, float]) -> list[Cell]:
    """Make each layer's cell hold those of its units that are to be held."""
    layers: dict[int, dict[int, float]] = {}
    for unit, value in held.items():
        layers.setdefault(unit.layer, {})[unit.number] = value
    return [
        HoldingCell(cell, layers[layer]) if layer in layers else cell
        for layer, cell in enumerate(cells)
    ]
