"""Learning curves: what their lines say, read off the figures themselves."""

import math
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from charrnn.runs.history import EpochResult
from charrnn.views.curves import plot_curves, plot_losses, write_curves, write_losses
from tests.support.pictures import LANGUAGE, REVIEWS, read_size

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D


def list_lines(axes: "Axes") -> "dict[str, Line2D]":
    return {str(line.get_label()): line for line in axes.get_lines()}


def read_points(line: "Line2D") -> "npt.NDArray[np.float64]":
    """A line's points, (N, 2)."""
    return np.asarray(line.get_xydata(), np.float64)


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


RUNS = {
    "short": [EpochResult(1, 2.5, 2.0, 30.0, read=900), EpochResult(2, 2.0, 1.5, 90.0, read=900)],
    "long": [EpochResult(n, 1.0, 1 / n, 60.0, read=1000) for n in range(1, 41)],
    "training": [EpochResult(1, 3.0, None, 60.0)],
}
"""One run has two epochs, one forty, and one held nothing back and noted nothing."""


def test_losses_by_epoch_by_what_was_read_and_by_minute() -> None:
    """Each run's losses stand over the same losses in all three, at what had passed by then."""
    by_epoch, by_read, by_minute = plot_losses(RUNS).axes
    assert by_epoch.get_ylabel() == "loss, nats per character"
    assert [axes.get_xlabel() for axes in (by_epoch, by_read, by_minute)] == [
        *("epoch", "characters read", "minutes"),
    ]
    for axes, xs in ((by_epoch, [1, 2]), (by_read, [900, 1800]), (by_minute, [0.5, 2.0])):
        short, long, training = map(read_points, axes.get_lines())
        assert short == pytest.approx(np.c_[xs, [2.0, 1.5]])
        assert long[:, 1] == pytest.approx([1 / n for n in range(1, 41)])
        assert training[:, 1] == [3.0]
    _, long, training = map(read_points, by_read.get_lines())
    assert long[-1, 0] == 40_000
    assert math.isnan(training[0, 0])


def test_runs_are_told_apart_without_colour() -> None:
    """No two of as many as 35 runs have both the same line and the same markers."""
    figure = plot_losses(
        {f"run {n}": [EpochResult(1, 1.0, 1.0, 1.0)] for n in range(35)}, ["epoch"]
    )
    (axes,) = figure.axes
    styles = {(line._unscaled_dash_pattern, line.get_marker()) for line in axes.get_lines()}  # type: ignore[attr-defined]
    assert len(styles) == 35


def test_each_run_is_named_with_its_lowest_loss() -> None:
    """One legend says for all axes which line is whose; a training loss is called that."""
    (legend,) = plot_losses(RUNS).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *("short, 1.5000", "long, 0.0250", "training, training, 3.0000"),
    ]


def test_of_one_run_training_and_validation_are_drawn() -> None:
    """One run alone is drawn as in its folder: training dotted, validation solid."""
    (axes,) = plot_losses({"short": RUNS["short"]}, ["minutes"], "word").axes
    training, validation = axes.get_lines()
    assert (training.get_linestyle(), validation.get_linestyle()) == (":", "-")
    assert read_points(training)[:, 1] == pytest.approx([2.5, 2.0])
    assert read_points(validation)[:, 1] == pytest.approx([2.0, 1.5])
    assert axes.get_ylabel() == "loss, nats per word"
    (axes,) = plot_losses({"training": RUNS["training"]}, ["epoch"]).axes
    assert len(axes.get_lines()) == 1


@pytest.mark.parametrize("name", ["a.svg", "a.SVG"])
def test_a_picture_of_lines(tmp_path: Path, name: str) -> None:
    """An ending of SVG gives XML whose root is an svg, the same each time, labels included."""
    path = tmp_path / name
    write_losses(path, RUNS | {"$x_{": RUNS["short"]})
    content = path.read_bytes()
    assert ET.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    assert b"characters read" in content
    write_losses(path, RUNS | {"$x_{": RUNS["short"]})
    assert path.read_bytes() == content


def test_a_picture_of_dots(tmp_path: Path) -> None:
    """Any other ending that is allowed gives a PNG, wider for three axes than for one."""
    write_losses(tmp_path / "three.png", RUNS)
    write_losses(tmp_path / "one.png", RUNS, ["minutes"])
    assert read_size(tmp_path / "three.png")[0] > 2 * read_size(tmp_path / "one.png")[0]


def test_one_epoch_can_be_seen() -> None:
    """A single result is a point with a whole number under it."""
    loss, _ = plot_curves(REVIEWS[:1]).axes
    assert list_lines(loss)["validation"].get_marker() == "."
    shown = [tick for tick in loss.get_xticks() if 0.5 <= tick <= 1.5]
    assert shown == [1]
