"""Learning curves: loss and accuracy by epoch."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.runs.history import EpochResult, find_best
from charrnn.views.figure import shorten_title, use_defaults, write_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAINING: dict[str, Any] = {"linestyle": ":", "color": "C0", "marker": ".", "label": "training"}
_VALIDATION: dict[str, Any] = _TRAINING | {"linestyle": "-", "color": "C1", "label": "validation"}


def write_curves(path: Path, results: Sequence[EpochResult], title: str = "") -> None:
    """Write the picture of `plot_curves` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    with use_defaults():
        write_png(path, plot_curves(results, title))


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
            axes.plot(epochs, [math.nan if v is None else v for v in values], **style)
    best = find_best(results).epoch
    axes.axvline(best, linestyle="--", color="0.7", zorder=0, label=f"best epoch, {best}")
    axes.set(xlabel="epoch", ylabel=measure, xlim=(min(epochs) - 0.5, max(epochs) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend()
