"""What one unit does over time: its gates, what it remembers and what it gives out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.views.figure import shorten_label, shorten_title, use_defaults, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curves = Mapping[str, npt.NDArray[np.floating[Any]]]

_STYLES: tuple[dict[str, Any], ...] = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": "--", "marker": "s"},
    {"linestyle": ":", "marker": "^"},
)
"""Told apart in black and white too."""

_PER_CHARACTER = 0.15  # inches
_NARROWEST, _WIDEST = 8, 36
_MOST_LETTERS = 230  # that fit below the widest figure
_LINE_END = "↵"


def write_gates(path: Path, text: str, gates: Curves, states: Curves, title: str = "") -> None:
    """Write the picture of `plot_gates` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with use_defaults():
        write_picture(path, plot_gates(text, gates, states, title))


def plot_gates(text: str, gates: Curves, states: Curves, title: str = "") -> "Figure":
    """Draw a unit's gates, in [0, 1], above its states; the text runs below.

    Args:
        text: N characters.
        gates: name to values, shape (N,), at most three; none for a cell without gates.
        states: name to values, shape (N,), at most three.
        title: which unit it is.
    """
    from matplotlib.figure import Figure

    width = min(max(_NARROWEST, 2 + _PER_CHARACTER * len(text)), _WIDEST)
    rows = [rows for rows in (gates, states) if rows]
    figure = Figure(figsize=(width, 1.5 + 2.5 * len(rows)), layout="constrained")
    all_axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    for axes, curves in zip(all_axes, rows, strict=True):
        _draw(axes, curves)
    if gates:
        all_axes[0].set(ylabel="gates", ylim=(-0.05, 1.05), yticks=(0, 0.5, 1))
    all_axes[-1].set(ylabel="states")
    all_axes[-1].axhline(0, color="0.7", linewidth=0.8, zorder=0)
    _name_characters(all_axes[-1], text)
    figure.suptitle(shorten_title(title), parse_math=False)
    return figure


def _draw(axes: "Axes", curves: Curves) -> None:
    for (name, values), style in zip(curves.items(), _STYLES, strict=False):
        axes.plot(np.arange(len(values)), values, label=name, markersize=3, linewidth=1, **style)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    axes.margins(x=0.01)


def _name_characters(axes: "Axes", text: str) -> None:
    """Put each character below its place and, at line ends, a line."""
    for place, character in enumerate(text):
        if character == "\n":
            axes.axvline(place, color="0.85", linewidth=0.8, zorder=0)
    if len(text) > _MOST_LETTERS:
        axes.set(xlabel="characters")
        return
    labels = [_LINE_END if one == "\n" else shorten_label(one, 1) for one in text]
    axes.set_xticks(range(len(text)), labels, family="monospace", fontsize=9, parse_math=False)
    axes.tick_params(axis="x", length=0)
