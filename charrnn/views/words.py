"""Which words a classifier goes by: a point for each by its polarity."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from charrnn.views.figure import shorten_label, shorten_title, use_defaults, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

_LABELS = 30  # beside the points on either side, at most
_MARGIN = 1.5  # the width of the axes in widths of the points, with room for names
_NAMES_AT = 1.12  # where the names begin, in the same unit
_LABEL_GAP = 0.031  # between labels, in heights of the axes
_LONGEST_LABEL = 15  # characters


def write_words(
    path: Path, words: Sequence[str], polarities: Floats, title: str, labelled: int = 20
) -> None:
    """Write the picture of `plot_words` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with use_defaults():
        write_picture(path, plot_words(words, polarities, title, labelled))


def plot_words(
    words: Sequence[str], polarities: Floats, title: str, labelled: int = 20
) -> "Figure":
    """Words as points by polarity and frequency, those furthest out with their names.

    The height shows frequency, which means something; a projection of the embeddings would spread
    the words by whatever the network had no reason to unlearn.

    Args:
        words: the most frequent first.
        polarities: of each word, in nats, above 0 for positive; finite, shape (N,).
        title: which network it is.
        labelled: how many words to name on each side, as far as there is room.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.5), layout="constrained")
    axes = figure.subplots()
    ranks = np.arange(1, len(words) + 1)
    limit = float(np.abs(polarities).max(initial=0)) or 1.0
    axes.scatter(
        polarities, ranks, s=9, c=polarities, cmap="coolwarm_r", vmin=-limit, vmax=limit, alpha=0.7
    )
    axes.axvline(0, color="0.85", zorder=0)
    axes.set(xlim=(-_MARGIN * limit, _MARGIN * limit), ylim=(len(words) + 1, 0))
    axes.set(xlabel="← negative   what the word alone adds to the logit   positive →")
    axes.set(ylabel="place in the vocabulary, the most frequent word on top")
    axes.set_title(shorten_title(title), parse_math=False)
    for places, side in zip(
        find_furthest(polarities, min(labelled, _LABELS)), (1, -1), strict=True
    ):
        _name_points(axes, words, polarities, np.sort(places), side)
    return figure


def find_furthest(
    polarities: Floats, count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The places of the `count` highest, highest first, and of the lowest, lowest first.

    No place is in both; of few there are fewer than `count`.
    """
    order = np.argsort(-polarities, kind="stable")
    half = (len(order) + 1) // 2
    return order[:half][:count], order[half:][::-1][:count]


def _name_points(
    axes: "Axes", words: Sequence[str], x: Floats, places: npt.NDArray[np.intp], side: int
) -> None:
    """Names in a column beside the points, right for side 1, with a line to each one's point."""
    column = 0.5 + side * 0.5 * _NAMES_AT / _MARGIN
    wanted = 1 - (places + 1) / (len(words) + 1)
    for place, height in zip(places, _spread(wanted, _LABEL_GAP), strict=True):
        axes.annotate(
            shorten_label(words[place], _LONGEST_LABEL),
            xy=(float(x[place]), float(place + 1)),
            xytext=(column, height),
            textcoords="axes fraction",
            fontsize=9,
            ha="left" if side > 0 else "right",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": "0.8",
                "linewidth": 0.6,
                "relpos": (0.5 - 0.5 * side, 0.5),
            },
            parse_math=False,
        )


def _spread(wanted: Floats, gap: float) -> list[float]:
    """Falling heights near the wanted ones, at least `gap` from each other, from 0 and from 1."""
    heights: list[float] = []
    for height in map(float, wanted):
        heights.append(min(height, heights[-1] - gap if heights else 1 - gap))
    floor = gap
    for place in range(len(heights) - 1, -1, -1):
        heights[place] = max(heights[place], floor)
        floor = heights[place] + gap
    return heights
