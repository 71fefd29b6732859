"""Language models side by side."""

import math
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from charrnn.errors import CheckpointError, NoRunError, UsageError, VocabularyError
from charrnn.inference.language_model import load_model
from charrnn.inference.score import OnProgress
from charrnn.planning.comparison import Comparison, Trial, compare_runs
from charrnn.planning.folders import Folders
from charrnn.runs.history import EpochResult
from tests.support.language_runs import HELD_BACK, find_run, write_epoch, write_trained
from tests.support.reporting import RecordingReporter

HISTORY = [EpochResult(1, 2.5, 2.0, 30.0), EpochResult(2, 2.0, 1.5, 90.0)]


@pytest.fixture
def runs() -> list[Path]:
    """An LSTM with a history, and a GRU of two layers without."""
    first = write_trained("first", epoch=2)
    write_epoch("first", 1)
    find_run("first").write_history(HISTORY)
    return [first, write_trained("second", cell="gru", layers=2)]


def compare(reporter: RecordingReporter, *names: str, **asked: Any) -> list[Comparison]:
    trial = Trial(**{"length": 20} | asked)
    return [*compare_runs(names or ("first", "second"), trial, Folders(), reporter)]


@pytest.mark.usefixtures("runs")
def test_what_is_compared(runs: list[Path], reporter: RecordingReporter) -> None:
    """Sizes and times are the runs'; losses and texts those that the networks themselves give."""
    first, second = compare(reporter, prompt="a b", temperature=0.5, seed=7)
    assert (first.run, first.epoch, first.corpus, first.cell) == ("first", 2, "test", "lstm")
    assert (first.network, second.network) == ("lstm 7", "2 × gru 7")
    assert (first.minutes, second.minutes) == (2.0, None)
    assert (first.history, second.history) == (tuple(HISTORY), ())
    for found, path in zip((first, second), runs, strict=True):
        model = load_model(path)
        assert found.checkpoint == path
        assert found.parameters == model.checkpoint.network.parameters
        assert found.stream == model.score(HELD_BACK)
        assert found.crops == model.score(HELD_BACK, 256)
        assert found.text == model.generate("a b", 20, 0.5, seed=7)
    assert reporter.notes == []


@pytest.mark.usefixtures("runs")
def test_part_of_the_text_is_measured(reporter: RecordingReporter) -> None:
    """A limit leaves the text's beginning, as in `charrnn evaluate`."""
    (first, _) = compare(reporter, limit=50)
    assert first.stream == load_model(find_run("first").epoch_file(2)).score(HELD_BACK[:50])


@pytest.mark.usefixtures("runs")
def test_progress_is_shown() -> None:
    """Each measurement is shown with its size, and its progress adds up to that."""
    shown: list[tuple[str, int]] = []
    read: list[int] = []

    def show(name: str, characters: int) -> AbstractContextManager[OnProgress]:
        shown.append((name, characters))
        return nullcontext(read.append)

    found = compare_runs(["first", "second"], Trial(), Folders(), RecordingReporter(), show)
    assert len([*found]) == 2
    size = len(HELD_BACK) - 1
    names = [f"{run}, {mode}" for run in ("first", "second") for mode in ("stream", "crops")]
    assert shown == [(name, size) for name in names]
    assert sum(read) == 4 * size


@pytest.mark.usefixtures("runs")
def test_a_text_that_is_gone(reporter: RecordingReporter) -> None:
    """Without its text a network still writes: its losses are unknown, and a note says why."""
    Path("novel.txt").unlink()
    first, second = compare(reporter)
    assert (first.stream, first.crops, second.stream) == (None, None, None)
    assert len(first.text) == 20
    assert reporter.notes[0].startswith("note: first is not measured: first was trained on ")
    assert len(reporter.notes) == 2


def test_runs_of_different_texts(reporter: RecordingReporter) -> None:
    """A note says that their losses can't be compared."""
    write_trained("first")
    write_epoch("other", 1)
    compare(reporter, "first", "other")
    assert reporter.notes[0] == (
        "note: these learnt from different texts: their losses can't be compared"
    )
    assert "other is not measured: nothing beside it says what it " in reporter.notes[1]


@pytest.mark.usefixtures("runs")
def test_a_run_is_compared_once(reporter: RecordingReporter) -> None:
    """A run that is named twice has one row."""
    assert len(compare(reporter, "first", "checkpoints/first", "second")) == 2


@pytest.mark.parametrize(
    ("error", "names", "asked"),
    [
        (NoRunError, ["first", "nobody"], {}),
        (CheckpointError, ["first", "broken.weights.h5"], {}),
        (VocabularyError, ["first", "second"], {"prompt": "水"}),
        (UsageError, ["first", "second"], {"temperature": -1.0}),
        (UsageError, ["first", "second"], {"length": -1}),
        (UsageError, ["first", "second"], {"limit": 1}),
        (UsageError, ["first", "second"], {"seed": -1}),
    ],
)
@pytest.mark.usefixtures("runs")
def test_what_can_not_be_compared(
    error: type[Exception], names: list[str], asked: dict[str, Any]
) -> None:
    """It is rejected by the call itself, before anything is measured."""
    Path("broken.weights.h5").write_bytes(b"junk")
    with pytest.raises(error):
        compare_runs(names, Trial(**asked), Folders(), RecordingReporter())


def test_losses_are_finite_numbers(runs: list[Path], reporter: RecordingReporter) -> None:
    """Both losses of each are numbers, near each other."""
    for found in compare(reporter):
        assert found.stream is not None
        assert found.crops is not None
        assert math.isclose(found.stream, found.crops, rel_tol=0.2)
    assert len(runs) == 2
