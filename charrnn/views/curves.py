"""Learning curves: loss and accuracy of a run by epoch, and the losses of several runs."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from charrnn.runs.history import EpochResult, find_best, format_number
from charrnn.views.figure import shorten_label, shorten_title, use_defaults, write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAINING: dict[str, Any] = {"linestyle": ":", "color": "C0", "marker": ".", "label": "training"}
_VALIDATION: dict[str, Any] = _TRAINING | {"linestyle": "-", "color": "C1", "label": "validation"}

_LINES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # as many as have no divisor in common with lines
_MOST_MARKERS = 25  # on a line
_LONGEST_NAME = 30  # characters
_WIDTH, _HEIGHT = 4.5, 4.2  # inches, of a pair of axes


def write_curves(path: Path, results: Sequence[EpochResult], title: str = "") -> None:
    """Write the picture of `plot_curves` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with use_defaults():
        write_picture(path, plot_curves(results, title))


def plot_curves(results: Sequence[EpochResult], title: str = "") -> "Figure":
    """Loss by epoch, and accuracy if there is any: training dotted, validation solid.

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
    figure.suptitle(shorten_title(title), parse_math=False)
    return figure


def _draw_curves(axes: "Axes", results: Sequence[EpochResult], measure: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [result.epoch for result in results]
    for name, style in (("train", _TRAINING), ("validation", _VALIDATION)):
        values = [getattr(result, f"{name}_{measure}") for result in results]
        if any(value is not None for value in values):
            axes.plot(epochs, [*map(_number, values)], **style)
    best = find_best(results).epoch
    axes.axvline(best, linestyle="--", color="0.7", zorder=0, label=f"best epoch, {best}")
    axes.set(xlabel="epoch", ylabel=measure, xlim=(min(epochs) - 0.5, max(epochs) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend()


def count_epochs(results: Sequence[EpochResult]) -> list[float]:
    """The number of each epoch."""
    return [result.epoch for result in results]


def count_read(results: Sequence[EpochResult]) -> list[float]:
    """How many characters, words or reviews had been read at each epoch's end.

    NaN from the first epoch on of which that was not noted.
    """
    return [*accumulate(_number(result.read) for result in results)]


def count_minutes(results: Sequence[EpochResult]) -> list[float]:
    """How many minutes had passed at each epoch's end."""
    return [*accumulate(result.seconds / 60 for result in results)]


AXES: dict[str, Callable[[Sequence[EpochResult]], list[float]]] = {
    "epoch": count_epochs,
    "read": count_read,
    "minutes": count_minutes,
}
"""What losses can be drawn by."""


def write_losses(
    path: Path,
    runs: Mapping[str, Sequence[EpochResult]],
    by: Sequence[str] = tuple(AXES),
    unit: str = "character",
) -> None:
    """Write the picture of `plot_losses` to `path`, whole or not at all: SVG or PNG by its ending.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with use_defaults():
        write_picture(path, plot_losses(runs, by, unit))


def plot_losses(
    runs: Mapping[str, Sequence[EpochResult]],
    by: Sequence[str] = tuple(AXES),
    unit: str = "character",
) -> "Figure":
    """The losses of runs side by side, each with a line and markers of its own, in any colour.

    Of one run the validation loss is drawn solid and the training loss dotted; of several the
    losses that their epochs are ranked by.

    Args:
        runs: a name, and the results of each epoch, at least one.
        by: one pair of axes for each: "epoch", "read" for what was read, or "minutes".
        unit: what is read, and what the loss is a mean over.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator

    labels = {"epoch": "epoch", "read": f"{unit}s read", "minutes": "minutes"}
    figure = Figure(figsize=(1 + _WIDTH * len(by), _HEIGHT), layout="constrained")
    curves = _list_curves(runs)
    for name, axes in zip(
        by, figure.subplots(1, len(by), sharey=True, squeeze=False)[0], strict=True
    ):
        for curve in curves:
            axes.plot(AXES[name](curve.results), curve.losses, **curve.style)
        axes.set(xlabel=labels[name])
        axes.xaxis.set_major_locator(MaxNLocator(integer=name == "epoch", min_n_ticks=1))
        if name == "read":
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.grid(color="0.9")
    figure.axes[0].set(ylabel=f"loss, nats per {unit}")
    lines, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=len(by))
    return figure


class _Curve(NamedTuple):
    """The losses of some epochs, and how they are drawn."""

    results: Sequence[EpochResult]
    losses: list[float]
    style: dict[str, Any]


def _list_curves(runs: Mapping[str, Sequence[EpochResult]]) -> list[_Curve]:
    """Training and validation of one run, or the losses of several with their lowest."""
    if len(runs) == 1:
        ((name, results),) = runs.items()
        parts = {"training": _TRAINING, "validation": _VALIDATION}
        found = {
            "training": [result.train_loss for result in results],
            "validation": [_number(result.validation_loss) for result in results],
        }
        return [
            _Curve(results, losses, parts[part] | {"label": f"{_shorten(name)}, {part}"})
            for part, losses in found.items()
            if not all(map(math.isnan, losses))
        ]
    curves = []
    for place, (name, results) in enumerate(runs.items()):
        best = find_best(results)
        kind = "" if best.validation_loss is not None else ", training"
        style = {
            "linestyle": _LINES[place % len(_LINES)],
            "marker": _MARKERS[place % len(_MARKERS)],
            "markevery": max(1, -(-len(results) // _MOST_MARKERS)),
            "color": f"C{place % 10}",
            "label": f"{_shorten(name)}{kind}, {format_number(best.loss)}",
        }
        curves.append(_Curve(results, [result.loss for result in results], style))
    return curves


def _shorten(name: str) -> str:
    """A name in a legend; a dollar sign in it begins no formula."""
    return shorten_label(name, _LONGEST_NAME).replace("$", r"\$")


def _number(value: float | None) -> float:
    return math.nan if value is None else value
