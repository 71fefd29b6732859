"""The picture of one unit's gates and states, read off the figure."""

import logging
from pathlib import Path

import numpy as np
import pytest

from charrnn.views.gates import plot_gates, write_gates
from tests.support.pictures import read_size

TEXT = "a b\ncd"
GATES = {name: np.linspace(0, 1, 6) ** power for power, name in enumerate(("in", "out", "keep"), 1)}
STATES = {"cell state": np.linspace(-2, 1, 6), "output": np.linspace(-1, 1, 6)}


def test_gates_lie_above_states() -> None:
    """Each curve has its name and its numbers, and the text runs below, a character a place."""
    figure = plot_gates(TEXT, GATES, STATES, "tiny, epoch 1\nunit 3")
    above, below = figure.axes
    for axes, curves in ((above, GATES), (below, STATES)):
        lines = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
        assert [line.get_label() for line in lines] == [*curves]
        for line, values in zip(lines, curves.values(), strict=True):
            assert np.asarray(line.get_xdata()).tolist() == [*range(6)]
            assert np.asarray(line.get_ydata()).tolist() == values.tolist()
        looks = {(line.get_linestyle(), line.get_marker()) for line in lines}
        assert len(looks) == len(curves)  # black and white is enough
    assert [label.get_text() for label in below.get_xticklabels()] == [*"a b↵cd"]
    assert figure.get_suptitle() == "tiny, epoch 1\nunit 3"


def test_a_cell_without_gates_has_states_alone() -> None:
    """A SimpleRNN's picture has one part."""
    (axes,) = plot_gates(TEXT, {}, {"output": np.zeros(6)}).axes
    assert axes.get_ylabel() == "states"


def test_a_long_text_has_no_letters() -> None:
    """They would lie on each other; the picture does not grow without end."""
    (axes,) = plot_gates("a" * 5000, {}, {"output": np.zeros(5000)}).axes
    assert axes.get_xlabel() == "characters"
    assert axes.get_figure().get_size_inches()[0] <= 40  # type: ignore[union-attr]


def test_every_script_can_be_drawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Characters that the font lacks, that look like formulas or can't be seen: no warning."""
    text, path = "水$न\u200d\x00\ud800ש🎬$\t\n", tmp_path / "gates.png"
    with caplog.at_level(logging.WARNING):
        write_gates(path, text, {}, {"output": np.zeros(len(text))}, "run 水 $x$")
    assert min(read_size(path)) > 300
    assert caplog.records == []
