"""A text whose characters are coloured by a number each or, without colours, have a digit below."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from charrnn.cli.visible import echo, make_visible

Floats = npt.NDArray[np.floating]
Guesses = Sequence[Sequence[tuple[str, float]]]

NEWLINE = "↵"
_IN_LINE = str.maketrans("\n\t\r", f"{NEWLINE}  ")
_PLAIN_WIDTH = 80
_EXPLAINED = 3  # characters of a line whose guesses are shown
_SURPRISING = 1.0  # nats, from which on they are

Styles = Sequence[tuple[float, str]]
_LEAST = 0.5  # nats: less is no digit and no colour
_SURPRISE_STYLES: Styles = (
    (5.0, "bold white on rgb(150,0,60)"),
    (3.0, "black on rgb(240,110,90)"),
    (1.5, "black on rgb(250,190,110)"),
    (_LEAST, "black on rgb(255,240,170)"),
)
"""From so many nats on, the most surprising first."""

_UNIT_STYLES: Styles = (
    (0.75, "white on rgb(178,24,43)"),
    (0.25, "black on rgb(253,200,170)"),
    (-0.25, ""),
    (-0.75, "black on rgb(190,220,240)"),
    (-1.0, "white on rgb(33,102,172)"),
)
"""From such a part of the unit's largest output on, the highest first."""


@dataclass(frozen=True)
class Scale:
    """How numbers become colours and digits.

    Attributes:
        values: a number for each character, shape (N,); NaN for none.
        styles: from such a number on, the highest first.
        find_digit: number to digit, empty for none.
        legend: what is coloured.
        explanation: what the digits mean.
    """

    values: Floats
    styles: Styles
    find_digit: Callable[[float], str]
    legend: str
    explanation: str

    def find_style(self, place: int) -> str:
        """The style of the character at a place, empty for none."""
        value = float(self.values[place])
        return next((style for least, style in self.styles if value >= least), "")

    def render_legend(self) -> Text:
        """The colours, each with the number that it begins at."""
        legend = Text(f"{self.legend}: ")
        for least, style in reversed(self.styles):
            legend.append(f" from {least:.2g} ", style).append(" ")
        return legend


def scale_surprise(values: Floats) -> Scale:
    """The scale of surprise in nats, shape (N,)."""

    def find_digit(value: float) -> str:
        return "" if math.isnan(value) or value < _LEAST else str(min(int(value + 0.5), 9))

    explanation = "below each character, how surprising it was: 1 to 9 nats or more"
    return Scale(values, _SURPRISE_STYLES, find_digit, "surprise in nats", explanation)


def scale_unit(values: Floats) -> Scale:
    """The scale of a unit's outputs, shape (N,), beside its largest."""
    most = float(np.abs(values).max(initial=0)) or 1.0

    def find_digit(value: float) -> str:
        digit = round((value / most + 1) * 4.5)
        return "" if digit in {4, 5} else str(digit)

    styles = [(least * most, style) for least, style in _UNIT_STYLES]
    explanation = f"below each character, the output: 0 is {-most:.2f}, 9 is {most:.2f}"
    return Scale(values, styles, find_digit, "output", explanation)


def show_text(text: str, scale: Scale, guesses: Guesses | None, surprise: Floats) -> None:
    """Print a text by a scale, in colours if stdout is a terminal that has them.

    Args:
        text: N characters.
        scale: of the numbers to show.
        guesses: at each character, shown below each line's most surprising ones; None for none.
        surprise: of each character, in nats, shape (N,).
    """
    console = Console(highlight=False, soft_wrap=True)
    colours = console.is_terminal and console.color_system is not None and not console.no_color
    if colours:
        console.print(scale.render_legend())
    else:
        echo(scale.explanation)
    for row in _cut_rows(text, console.width if console.is_terminal else _PLAIN_WIDTH):
        if colours:
            line = Text()
            for shown, place in row:
                line.append(shown, scale.find_style(place))
            console.print(line)
        else:
            echo("".join(shown for shown, _ in row))
            digits = [_pad(scale.find_digit(float(scale.values[p])), shown) for shown, p in row]
            if below := "".join(digits).rstrip():
                echo(below)
        for line_of_guesses in _explain(row, guesses, surprise) if guesses else ():
            echo(line_of_guesses)


def spell_guess(character: str, probability: float) -> str:
    r"""A guess in a line, such as 'e' 41%; a line end is '\n'."""
    return f"{spell(character)} {probability:.0%}"


def spell(character: str) -> str:
    r"""A character between quotes, such as 'e' or '\n'; a byte of several is plain \xe6."""
    return make_visible(repr(character)) if len(character) == 1 else character


def show_in_line(text: str) -> str:
    """A text for one line, its line ends as signs."""
    return make_visible(text.translate(_IN_LINE))


def _cut_rows(text: str, width: int) -> Iterator[list[tuple[str, int]]]:
    """Yield the rows of a text: characters as they are shown, with their places in the text."""
    row: list[tuple[str, int]] = []
    room = width
    for place, character in enumerate(text):
        shown = show_in_line(character)
        if cell_len(shown) > room and row:
            yield row
            row, room = [], width
        row.append((shown, place))
        room -= cell_len(shown)
        if character == "\n":
            yield row
            row, room = [], width
    if row:
        yield row


def _pad(digit: str, shown: str) -> str:
    """A digit in as much room as its character takes; none for one that takes none."""
    width = cell_len(shown)
    return digit.ljust(width)[:width]


def _explain(row: list[tuple[str, int]], guesses: Guesses, surprise: Floats) -> Iterator[str]:
    """Yield a line for each of a row's most surprising characters, with what was expected."""
    columns, column = {}, 0
    for shown, place in row:
        columns[place] = column
        column += cell_len(shown)
    surprising = [place for place in columns if surprise[place] >= _SURPRISING]
    for place in sorted(sorted(surprising, key=lambda p: -surprise[p])[:_EXPLAINED]):
        expected = "  ".join(spell_guess(*guess) for guess in guesses[place])
        yield f"{' ' * columns[place]}^ {surprise[place]:.1f} nats, expected {expected}"
