"""What was found in a text, as tables on stdout."""

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from charrnn.cli.inspect.shades import show_in_line, spell, spell_guess
from charrnn.cli.units import spell_unit
from charrnn.cli.visible import echo
from charrnn.errors import say_count
from charrnn.runs.history import format_number, perplexity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from charrnn.config.language import NetworkConfig
    from charrnn.data.copied import Copies
    from charrnn.inference.follow import FoundUnit
    from charrnn.inference.inspect import Inspection

_MOST_SURPRISING = 10
_BEFORE = 24  # characters shown before a surprising one
_LISTED = 20  # copied stretches
_EXCERPT = 50  # characters of one


def show_summary(seen: "Inspection") -> None:
    """The loss, by class of character too, and the most surprising places."""
    characters = say_count(len(seen.text) - 1, "character")
    loss = format_number(seen.loss)
    echo(
        f"{characters} predicted, {loss} nats per character, perplexity {perplexity(seen.loss):.2f}"
    )
    echo()
    rows = [
        [one.name, f"{one.characters:,}", format_number(one.loss), f"{one.share:.1%}"]
        for one in seen.class_losses()
    ]
    show_table(["class", "characters", "nats/char", "of the loss"], rows, left=1)
    echo()
    places = seen.most_surprising(_MOST_SURPRISING)
    guesses = seen.guesses(1)
    rows = [
        [
            f"{seen.surprise[place]:.2f}",
            locate(seen.text, place),
            spell(seen.text[place]),
            spell_guess(*guesses[place][0]),
            show_in_line(seen.text[max(place - _BEFORE, 0) : place]),
        ]
        for place in places
    ]
    show_table(["nats", "line:column", "came", "expected", "after"], rows, left=-1)


def show_found(found: "Sequence[FoundUnit]", what: str, network: "NetworkConfig") -> None:
    """Units that follow a property of the text, the best first."""
    echo(f"correlation with {what}; the units were chosen on the first half of the text")
    rows = [
        [
            spell_unit(one.unit, network),
            f"{one.chosen:+.3f}",
            f"{one.confirmed:+.3f}",
            f"{one.value:+.2f}",
            f"{one.opposite:+.2f}",
        ]
        for one in found
    ]
    show_table(["unit", "first half", "second half", "hold it at", "against it"], rows)


def show_copies(text: str, copies: "Copies", shortest: int) -> None:
    """The longest stretches of a text that stand in a network's training text, and their share."""
    ordered = sorted(copies.stretches, key=lambda one: -one.length)
    rows = [
        [
            f"{one.length:,}",
            locate(text, one.start),
            f"line {one.line:,}, offset {one.offset:,}",
            f"{one.times:,}",
            _shorten(show_in_line(text[one.start : one.start + one.length])),
        ]
        for one in ordered[:_LISTED]
    ]
    if rows:
        columns = ["characters", "line:column", "in the training text", "times", "stretch"]
        show_table(columns, rows, left=-1)
        echo()
    if len(ordered) > _LISTED:
        echo(f"these are the {_LISTED} longest")
    count = say_count(len(ordered), "stretch").replace("stretchs", "stretches")
    echo(f"{count} of {shortest} characters or more, {copies.share:.2%} of the text")


def show_table(columns: list[str], rows: list[list[str]], left: int = 0) -> None:
    """Print rows below their columns' names.

    Args:
        columns: the names.
        rows: cells.
        left: how many of the first columns begin on the left; -1 for the last one alone.
    """
    lines = [columns, *rows]
    widths = [max(cell_len(line[place]) for line in lines) for place in range(len(columns))]
    places = range(len(columns))
    on_left = {len(columns) - 1} if left < 0 else {*places[:left]}
    for line in lines:
        cells = [_align(line[place], widths[place], left=place in on_left) for place in places]
        echo("  ".join(cells).rstrip())


def locate(text: str, place: int) -> str:
    """The line and column of a place in a text, both from 1."""
    before = text[:place]
    return f"{before.count(chr(10)) + 1:,}:{place - before.rfind(chr(10)):,}"


def _align(cell: str, width: int, *, left: bool) -> str:
    padding = " " * (width - cell_len(cell))
    return cell + padding if left else padding + cell


def _shorten(text: str) -> str:
    return text if cell_len(text) <= _EXCERPT else f"{set_cell_size(text, _EXCERPT - 1)}…"
