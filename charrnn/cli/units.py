"""A network's units as they are typed: 7, 0:7 with its layer, and 7=0.9 for one that is held."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from charrnn.config.language import NetworkConfig
    from charrnn.inference.units import Unit

_UNIT = re.compile(r"(?:(\d{1,9}):)?(\d{1,9})")

UnitName = int | tuple[int, int]
"""A unit's number in the last layer, or a layer and a number."""


class UnitType(click.ParamType[Any]):
    """A unit: 7 is one of the last layer, 0:7 one of layer 0."""

    name = "unit"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UnitName:
        """The unit that is meant."""
        match = _UNIT.fullmatch(str(value))
        if not match:
            self.fail(
                f"{value!r} is no unit: give its number, or LAYER:NUMBER, both from 0", param, ctx
            )
        layer, number = match.groups()
        return int(number) if layer is None else (int(layer), int(number))


class HeldUnit(click.ParamType[Any]):
    """A unit and the value that it is held at, such as 7=0.9."""

    name = "unit=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[UnitName, float]:
        """The unit that is meant, and its value."""
        if isinstance(value, tuple):
            return value
        unit, _, held = str(value).partition("=")
        try:
            number = float(held)
        except ValueError:
            self.fail(
                f"{value!r} holds no unit: give UNIT=VALUE, such as 7=0.9, or 0:7=0.9 with its "
                "layer",
                param,
                ctx,
            )
        return UnitType().convert(unit, param, ctx), number


def collect_held(given: Sequence[tuple[UnitName, float]], engine: str) -> dict[UnitName, float]:
    """The units that were typed, and their values.

    Raises:
        click.UsageError: one was typed twice, or another engine than NumPy.
    """
    if given and engine != "numpy":
        raise click.UsageError("--set-unit is computed by NumPy: leave out --engine")
    held = dict(given)
    if len(held) < len(given):
        raise click.UsageError("--set-unit names a unit twice: give it one value")
    return held


def spell_held(held: Mapping[UnitName, float]) -> dict[str, float]:
    """Units that are held, as they were typed, for JSON."""
    names = {unit: unit if isinstance(unit, int) else f"{unit[0]}:{unit[1]}" for unit in held}
    return {str(names[unit]): value for unit, value in held.items()}


def spell_unit(unit: "Unit", network: "NetworkConfig") -> str:
    """How a unit is typed: with its layer if there are several."""
    return f"{unit.layer}:{unit.number}" if network.layers > 1 else str(unit.number)
