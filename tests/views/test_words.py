"""The picture of a classifier's words: where points and names lie, read off the figure."""

import logging
from pathlib import Path

import numpy as np
import pytest

from charrnn.views.words import find_furthest, plot_words, write_words
from tests.support.pictures import read_size


def test_words_lie_at_their_polarity_and_frequency() -> None:
    """A point for each word: across its polarity, and the more frequent the higher."""
    words = ["the", "good", "bad"]
    title = "tiny, epoch 1\nlstm of 32 units"
    (axes,) = plot_words(words, np.array([0.0, 2.0, -1.0]), title).axes
    (points,) = axes.collections
    assert np.asarray(points.get_offsets()).tolist() == [[0, 1], [2, 2], [-1, 3]]
    bottom, top = axes.get_ylim()
    assert bottom > top
    assert axes.get_title() == title


def test_colour_is_polarity() -> None:
    """The colours are symmetrical around 0, so that a neutral word has neither side's colour."""
    (axes,) = plot_words(["a", "b", "c"], np.array([0.0, 1.0, -4.0]), "").axes
    (points,) = axes.collections
    assert points.get_clim() == (-4.0, 4.0)
    values = points.get_array()
    assert values is not None
    assert values.tolist() == [0, 1, -4]


def test_only_the_furthest_words_are_named_and_do_not_meet() -> None:
    """The most positive are named on the right, the most negative on the left, a line each."""
    polarities = np.random.default_rng(0).normal(size=500)
    words = [f"w{number}" for number in range(500)]
    (axes,) = plot_words(words, polarities, "", labelled=12).axes
    order = np.argsort(polarities)
    for side, places in ((1, order[-12:]), (-1, order[:12])):
        names = [text for text in axes.texts if (text.get_position()[0] > 0.5) == (side > 0)]
        assert {text.get_text() for text in names} == {words[place] for place in places}
        heights = sorted(float(text.get_position()[1]) for text in names)
        assert min(np.diff(heights)) > 0.03
        assert 0 < heights[0] < heights[-1] < 1


@pytest.mark.parametrize("heap", [0, 470])
def test_names_of_neighbours_find_room(heap: int) -> None:
    """If the words to name are all neighbours, at either end, their names still stand apart."""
    polarities = np.zeros(500)
    polarities[heap : heap + 30] = np.arange(30) + 1
    (axes,) = plot_words([str(n) for n in range(500)], polarities, "", 30).axes
    heights = [float(text.get_position()[1]) for text in axes.texts]
    right = sorted(heights[:30])
    assert min(np.diff(right)) > 0.03
    assert 0 < right[0] < right[-1] < 1


def test_furthest() -> None:
    """The highest come highest first, the lowest lowest first, and none is on both sides."""
    values = np.array([0.5, -2.0, 3.0, 1.0, -1.0])
    ups, downs = find_furthest(values, 2)
    assert (ups.tolist(), downs.tolist()) == ([2, 3], [1, 4])
    ups, downs = find_furthest(values, 99)
    assert (ups.tolist(), downs.tolist()) == ([2, 3, 0], [1, 4])
    ups, downs = find_furthest(np.array([1.0]), 3)
    assert (ups.tolist(), downs.tolist()) == ([0], [])


def test_every_script_can_be_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Words that the font lacks, that look like formulas or can't be seen, cause no warning."""
    words = ["水电", "$a_{$", "न\u200dह", "a\x00b", "\ud800", "שלום", "x" * 5000, "🎬", "don't"]
    path = tmp_path / "words.png"
    with caplog.at_level(logging.WARNING):
        write_words(path, words, np.linspace(-1, 1, len(words)), "run 水 $x$")
    assert min(read_size(path)) > 1000
    assert caplog.records == []


def test_all_words_may_be_alike(tmp_path: Path) -> None:
    """A network to which all words are neutral, or that knows one word, gets its picture too."""
    write_words(tmp_path / "same.png", ["a", "b"], np.zeros(2), "")
    write_words(tmp_path / "one.png", ["a"], np.ones(1), "")
    assert read_size(tmp_path / "same.png") == read_size(tmp_path / "one.png")
