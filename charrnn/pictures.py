"""Results as pictures, PNG files; the only room for Matplotlib, used without a display.

Each picture has a function that makes the figure and one that writes it.
"""

import contextlib
import io
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from charrnn.files import write_atomically
from charrnn.history import EpochResult, best_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

_DPI = 150
_TRAINING: dict[str, Any] = {"linestyle": ":", "color": "C0", "marker": ".", "label": "training"}
_VALIDATION: dict[str, Any] = _TRAINING | {"linestyle": "-", "color": "C1", "label": "validation"}

_FONT_WARNINGS = "Glyph .* missing|Matplotlib currently does not support"  # a script

_LABELS = 30  # beside the points on either side, at most
_MARGIN = 1.5  # the width of the axes in widths of the points, with room for names
_NAMES_AT = 1.12  # where the names begin, in the same unit
_LABEL_GAP = 0.031  # between labels, in heights of the axes
_LONGEST_LABEL = 15  # characters
_LONGEST_TITLE = 90  # characters in a line


def learning_curves(path: Path, results: Sequence[EpochResult], title: str = "") -> None:
    """Write the picture of `learning_figure` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with _defaults():
        _write(path, learning_figure(results, title))


def learning_figure(results: Sequence[EpochResult], title: str = "") -> "Figure":
    """Loss by epoch, and accuracy where there is any: training dotted, validation solid.

    Args:
        results: at least one.
        title: what was trained.
    """
    from matplotlib.figure import Figure

    by_accuracy = any(result.train_accuracy is not None for result in results)
    figure = Figure(figsize=(10 if by_accuracy else 5.5, 4), layout="constrained")
    loss, *others = figure.subplots(1, 2 if by_accuracy else 1, squeeze=False)[0]
    _draw_curves(loss, results, "loss")
    for accuracy in others:
        _draw_curves(accuracy, results, "accuracy")
    figure.suptitle(_title(title), parse_math=False)
    return figure


def _draw_curves(axes: "Axes", results: Sequence[EpochResult], measure: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [result.epoch for result in results]
    for name, style in (("train", _TRAINING), ("validation", _VALIDATION)):
        values = [getattr(result, f"{name}_{measure}") for result in results]
        if any(value is not None for value in values):
            axes.plot(epochs, [math.nan if v is None else v for v in values], **style)
    best = best_of(results).epoch
    axes.axvline(best, linestyle="--", color="0.7", zorder=0, label=f"best epoch, {best}")
    axes.set(xlabel="epoch", ylabel=measure, xlim=(min(epochs) - 0.5, max(epochs) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend()


def word_picture(
    path: Path, words: Sequence[str], polarities: Floats, title: str, labelled: int = 20
) -> None:
    """Write the picture of `word_figure` to `path`, whole or not at all; errors as above."""
    with _defaults():
        _write(path, word_figure(words, polarities, title, labelled))


def word_figure(
    words: Sequence[str], polarities: Floats, title: str, labelled: int = 20
) -> "Figure":
    """All words as points by polarity and frequency, those furthest out with their names.

    Frequency takes the height because it means something: a projection of the embeddings would
    spread the words by whatever the network had no reason to unlearn.

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
    axes.set_title(_title(title), parse_math=False)
    for places, side in zip(furthest(polarities, min(labelled, _LABELS)), (1, -1), strict=True):
        _name_points(axes, words, polarities, np.sort(places), side)
    return figure


def furthest(polarities: Floats, count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
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
            _label(words[place], _LONGEST_LABEL),
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


def _title(text: str) -> str:
    return "\n".join(_label(line, _LONGEST_TITLE) for line in text.splitlines())


def _label(text: str, longest: int) -> str:
    """A text that every font can take: short, with a sign for what is no visible character."""
    shown = "".join(character if character.isprintable() else "�" for character in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


@contextlib.contextmanager
def _defaults() -> Iterator[None]:
    """Matplotlib's own settings whatever the user's are, and silence about fonts.

    A character of a script that the font lacks is drawn as a box.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", _FONT_WARNINGS, UserWarning)
        mpl.rcdefaults()
        yield


def _write(path: Path, figure: "Figure") -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    content = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(content, format="png", dpi=_DPI)
    write_atomically(path, content.getbuffer())
