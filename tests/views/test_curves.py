"""Learning curves: what their lines say, read off the figures themselves."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from charrnn.runs.history import EpochResult
from charrnn.views.curves import plot_curves, write_curves
from tests.support.pictures import LANGUAGE, REVIEWS, read_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def list_lines(axes: "Axes") -> "dict[str, Line2D]":
    return {str(line.get_label()): line for line in axes.get_lines()}


def test_training_is_dotted_and_validation_solid() -> None:
    """Loss and accuracy by epoch: training dotted, validation solid, each with its values."""
    loss, accuracy = plot_curves(REVIEWS).axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    expected = {
        loss: ([0.60, 0.30, 0.10], [0.45, 0.40, 0.50]),
        accuracy: ([0.70, 0.88, 0.97], [0.80, 0.85, 0.86]),
    }
    for axes, (training, validation) in expected.items():
        drawn = list_lines(axes)
        assert drawn["training"].get_linestyle() == ":"
        assert drawn["validation"].get_linestyle() == "-"
        for name, values in (("training", training), ("validation", validation)):
            assert drawn[name].get_xydata() == pytest.approx(np.c_[[1, 2, 3], values])


def test_best_epoch_is_marked() -> None:
    """In both axes a line stands at the epoch with the lowest validation loss, and says so."""
    for axes in plot_curves(REVIEWS).axes:
        mark = list_lines(axes)["best epoch, 2"]
        assert list(np.unique(mark.get_xdata())) == [2]
        legend = axes.get_legend()
        assert legend
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts == ["training", "validation", "best epoch, 2"]


def test_language_model_has_no_accuracy() -> None:
    """A run without accuracies gets one pair of axes; without validation, one curve."""
    (loss,) = plot_curves(LANGUAGE).axes
    assert set(list_lines(loss)) == {"training", "validation", "best epoch, 2"}
    (loss,) = plot_curves([EpochResult(1, 2.5, None, 1.0)]).axes
    assert set(list_lines(loss)) == {"training", "best epoch, 1"}


@pytest.mark.parametrize(
    "results",
    [
        REVIEWS,
        REVIEWS[:1],
        LANGUAGE,
        [EpochResult(1, math.nan, math.inf, 1.0, 0.5, 0.5)],
        [EpochResult(n, 1 / n, None, 1.0) for n in range(1, 200)],
    ],
    ids=["reviews", "one epoch", "language", "diverged", "many"],
)
def test_learning_curves_are_written(tmp_path: Path, results: list[EpochResult]) -> None:
    """Whatever the results, one PNG file is written, and there are no warnings."""
    path = tmp_path / "curves.png"
    write_curves(path, results, "tiny $_{")
    width, height = read_size(path)
    assert width > height > 500
    assert list(tmp_path.iterdir()) == [path]


def test_one_epoch_can_be_seen() -> None:
    """A single result is a point with a whole number under it."""
    loss, _ = plot_curves(REVIEWS[:1]).axes
    assert list_lines(loss)["validation"].get_marker() == "."
    shown = [tick for tick in loss.get_xticks() if 0.5 <= tick <= 1.5]
    assert shown == [1]
