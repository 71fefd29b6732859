"""The most positive and most negative words, as a table, as lines, or as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from charrnn.cli.classify.answers import show_in_line
from charrnn.cli.visible import echo


@dataclass(frozen=True)
class Word:
    """A word of the vocabulary.

    Attributes:
        rank: 1 for the most frequent.
        polarity: what the word alone adds to the logit of an empty review.
    """

    word: str
    rank: int
    polarity: float


def show_json(sides: Sequence[Sequence[Word]], run: str) -> None:
    """Print an object for each word."""
    for side, listed in zip(("positive", "negative"), sides, strict=True):
        for word in listed:
            echo(json.dumps(asdict(word) | {"side": side, "run": run}))


def show(positive: Sequence[Word], negative: Sequence[Word]) -> None:
    """Print them side by side in a terminal; elsewhere a line each, the most positive first."""
    if not sys.stdout.isatty():
        for word in (*positive, *reversed(negative)):
            echo(f"{word.polarity:+.3f}\t{word.word}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "most positive", "", "most negative"):
        table.add_column(heading, justify="left" if heading else "right")
    for row in range(len(positive)):
        cells = (cell for side in (positive, negative) for cell in _make_cells(side[row : row + 1]))
        table.add_row(*cells)
    Console(highlight=False).print(table)


def _make_cells(words: Sequence[Word]) -> tuple[Text, Text]:
    """Polarity and name of one word, or of none."""
    for word in words:
        return Text(f"{word.polarity:+.3f}"), Text(show_in_line(word.word))
    return Text(), Text()
