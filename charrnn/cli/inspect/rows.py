"""What was found in a text, as objects for JSON."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from charrnn.data.copied import Copies
    from charrnn.inference.follow import FoundUnit
    from charrnn.inference.inspect import Inspection

Row = dict[str, Any]


def make_characters(
    seen: "Inspection", columns: "Mapping[str, npt.NDArray[np.float32]]"
) -> Iterator[Row]:
    """An object for each of the N characters: its surprise, the guesses, and what a unit did.

    Args:
        seen: what was found.
        columns: of a unit, name to values, each of shape (N,).
    """
    values = {name.replace(" ", "_"): column.tolist() for name, column in columns.items()}
    for place, (character, guesses) in enumerate(zip(seen.text, seen.guesses(), strict=True)):
        surprise = float(seen.surprise[place])
        yield {
            "place": place,
            "character": character,
            "surprise": None if math.isnan(surprise) else surprise,
            "guesses": guesses,
        } | {name: column[place] for name, column in values.items()}


def make_found(found: "Sequence[FoundUnit]", what: str, source: Row) -> Iterator[Row]:
    """An object for each unit that follows a property."""
    for one in found:
        yield source | {
            "find": what,
            "layer": one.unit.layer,
            "unit": one.unit.number,
            "chosen": one.chosen,
            "confirmed": one.confirmed,
            "value": one.value,
            "opposite": one.opposite,
        }


def make_copies(text: str, copies: "Copies", shortest: int, source: Row) -> Row:
    """One object for a text, with a list of its copied stretches."""
    stretches = [
        one._asdict() | {"text": text[one.start : one.start + one.length]}
        for one in copies.stretches
    ]
    sizes = {"characters": len(text), "shortest": shortest, "share": copies.share}
    return source | sizes | {"stretches": stretches}
