"""The pictures: what their lines, points and names say, read off the figures themselves."""

import logging
import math
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from charrnn.views import pictures
from charrnn.runs.history import EpochResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

REVIEWS = [
    EpochResult(1, 0.60, 0.45, 1.0, 0.70, 0.80),
    EpochResult(2, 0.30, 0.40, 1.0, 0.88, 0.85),
    EpochResult(3, 0.10, 0.50, 1.0, 0.97, 0.86),
]
LANGUAGE = [EpochResult(1, 2.5, 2.25, 1.0), EpochResult(2, 2.0, 2.125, 1.0)]


def lines(axes: "Axes") -> "dict[str, Line2D]":
    return {str(line.get_label()): line for line in axes.get_lines()}


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def test_training_is_dotted_and_validation_solid() -> None:
    """Loss and accuracy by epoch: training dotted, validation solid, each with its values."""
    loss, accuracy = pictures.learning_figure(REVIEWS).axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    expected = {
        loss: ([0.60, 0.30, 0.10], [0.45, 0.40, 0.50]),
        accuracy: ([0.70, 0.88, 0.97], [0.80, 0.85, 0.86]),
    }
    for axes, (training, validation) in expected.items():
        drawn = lines(axes)
        assert drawn["training"].get_linestyle() == ":"
        assert drawn["validation"].get_linestyle() == "-"
        for name, values in (("training", training), ("validation", validation)):
            assert drawn[name].get_xydata() == pytest.approx(np.c_[[1, 2, 3], values])


def test_best_epoch_is_marked() -> None:
    """In both axes a line stands at the epoch with the lowest validation loss, and says so."""
    for axes in pictures.learning_figure(REVIEWS).axes:
        mark = lines(axes)["best epoch, 2"]
        assert list(np.unique(mark.get_xdata())) == [2]
        legend = axes.get_legend()
        assert legend
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts == ["training", "validation", "best epoch, 2"]


def test_language_model_has_no_accuracy() -> None:
    """A run without accuracies gets one pair of axes; without validation, one curve."""
    (loss,) = pictures.learning_figure(LANGUAGE).axes
    assert set(lines(loss)) == {"training", "validation", "best epoch, 2"}
    (loss,) = pictures.learning_figure([EpochResult(1, 2.5, None, 1.0)]).axes
    assert set(lines(loss)) == {"training", "best epoch, 1"}


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
    """Whatever the results, a PNG lies at the path, alone, and nothing is warned of."""
    path = tmp_path / "curves.png"
    pictures.learning_curves(path, results, "tiny $_{")
    width, height = png_size(path)
    assert width > height > 500
    assert list(tmp_path.iterdir()) == [path]


def test_one_epoch_can_be_seen() -> None:
    """A single result is a point with a whole number under it."""
    loss, _ = pictures.learning_figure(REVIEWS[:1]).axes
    assert lines(loss)["validation"].get_marker() == "."
    shown = [tick for tick in loss.get_xticks() if 0.5 <= tick <= 1.5]
    assert shown == [1]


def test_words_lie_at_their_polarity_and_frequency() -> None:
    """A point for each word: across its polarity, and the more frequent the higher."""
    words = ["the", "good", "bad"]
    title = "tiny, epoch 1\nlstm of 32 units"
    (axes,) = pictures.word_figure(words, np.array([0.0, 2.0, -1.0]), title).axes
    (points,) = axes.collections
    assert np.asarray(points.get_offsets()).tolist() == [[0, 1], [2, 2], [-1, 3]]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert axes.get_title() == title


def test_colour_is_polarity() -> None:
    """The colours are even around 0, so that a neutral word is neither side's."""
    (axes,) = pictures.word_figure(["a", "b", "c"], np.array([0.0, 1.0, -4.0]), "").axes
    (points,) = axes.collections
    assert points.get_clim() == (-4.0, 4.0)
    values = points.get_array()
    assert values is not None
    assert values.tolist() == [0, 1, -4]


def test_only_the_furthest_words_are_named_and_do_not_meet() -> None:
    """The most positive are named on the right, the most negative on the left, a line each."""
    polarities = np.random.default_rng(0).normal(size=500)
    words = [f"w{number}" for number in range(500)]
    (axes,) = pictures.word_figure(words, polarities, "", labelled=12).axes
    order = np.argsort(polarities)
    for side, places in ((1, order[-12:]), (-1, order[:12])):
        names = [text for text in axes.texts if (text.get_position()[0] > 0.5) == (side > 0)]
        assert {text.get_text() for text in names} == {words[place] for place in places}
        heights = sorted(float(text.get_position()[1]) for text in names)
        assert min(np.diff(heights)) > 0.03
        assert 0 < heights[0] < heights[-1] < 1


@pytest.mark.parametrize("heap", [0, 470])
def test_names_of_neighbours_find_room(heap: int) -> None:
    """Where the words to name are all neighbours, at either end, their names still stand apart."""
    polarities = np.zeros(500)
    polarities[heap : heap + 30] = np.arange(30) + 1
    (axes,) = pictures.word_figure([str(n) for n in range(500)], polarities, "", 30).axes
    heights = [float(text.get_position()[1]) for text in axes.texts]
    right = sorted(heights[:30])
    assert min(np.diff(right)) > 0.03
    assert 0 < right[0] < right[-1] < 1


def test_furthest() -> None:
    """The highest come highest first, the lowest lowest first, and none is on both sides."""
    values = np.array([0.5, -2.0, 3.0, 1.0, -1.0])
    ups, downs = pictures.furthest(values, 2)
    assert (ups.tolist(), downs.tolist()) == ([2, 3], [1, 4])
    ups, downs = pictures.furthest(values, 99)
    assert (ups.tolist(), downs.tolist()) == ([2, 3, 0], [1, 4])
    ups, downs = pictures.furthest(np.array([1.0]), 3)
    assert (ups.tolist(), downs.tolist()) == ([0], [])


def test_every_script_can_be_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Words that the font lacks, that look like formulas or can't be seen, draw no complaint."""
    words = ["水电", "$a_{$", "न\u200dह", "a\x00b", "\ud800", "שלום", "x" * 5000, "🎬", "don't"]
    path = tmp_path / "words.png"
    with caplog.at_level(logging.WARNING):
        pictures.word_picture(path, words, np.linspace(-1, 1, len(words)), "run 水 $x$")
    assert min(png_size(path)) > 1000
    assert caplog.records == []


def test_all_words_may_be_alike(tmp_path: Path) -> None:
    """A network that holds all words neutral, or knows but one, gets its picture too."""
    pictures.word_picture(tmp_path / "same.png", ["a", "b"], np.zeros(2), "")
    pictures.word_picture(tmp_path / "one.png", ["a"], np.ones(1), "")
    assert png_size(tmp_path / "same.png") == png_size(tmp_path / "one.png")


def test_user_settings_are_left_alone(tmp_path: Path) -> None:
    """A user's own Matplotlib settings neither change the picture nor are changed by it."""
    import matplotlib as mpl

    plain, own = tmp_path / "plain.png", tmp_path / "own.png"
    pictures.learning_curves(plain, LANGUAGE)
    with mpl.rc_context({"lines.linewidth": 9, "savefig.bbox": "tight"}):
        pictures.learning_curves(own, LANGUAGE)
        assert mpl.rcParams["lines.linewidth"] == 9
    assert own.read_bytes() == plain.read_bytes()


def test_no_display_is_needed(tmp_path: Path) -> None:
    """Drawing never loads pyplot, which would look for a display."""
    code = (
        "import sys, pathlib\n"
        "from charrnn import pictures; from charrnn.history import EpochResult\n"
        "assert 'matplotlib' not in sys.modules\n"
        "pictures.learning_curves(pathlib.Path(sys.argv[1]), [EpochResult(1, 1.0, 1.0, 1.0)])\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    words = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.png")]
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    assert (tmp_path / "a.png").exists()
