"""Which checkpoints of a run stay."""

from pathlib import Path

import pytest

from charrnn.errors import RunError, UsageError
from charrnn.runs.gradient_rms import find_rms_file
from charrnn.runs.history import EpochResult
from charrnn.runs.keep import check_keep, choose_kept, thin
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run
from tests.support import kinds

LOSSES = [2.5, 1.75, 1.5, 1.625, 1.75]
"""Epoch 3 of 5 is the best."""


@pytest.fixture
def trained(run: Run) -> Run:
    """A run of five epochs."""
    add_epochs(run)
    return run


def add_epochs(run: Run) -> None:
    results = [EpochResult(epoch, 0.0, loss, 1.0) for epoch, loss in enumerate(LOSSES, 1)]
    for result in results:
        run.epoch_file(result.epoch).touch()
    run.write_history(results)


KEPT = {
    "all": [1, 2, 3, 4, 5],
    "best": [3, 5],
    "last": [5],
    "1": [3, 5],
    "2": [3, 4, 5],
    "4": [2, 3, 4, 5],
    "99": [1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("keep", KEPT)
def test_what_stays(trained: Run, keep: str) -> None:
    """The best and the last, only the last, so many of the last and the best, or all."""
    assert choose_kept(trained, keep) == {*KEPT[keep]}
    gone = thin(trained, keep)
    assert trained.list_epochs() == KEPT[keep]
    assert sorted(gone + KEPT[keep]) == [1, 2, 3, 4, 5]
    assert thin(trained, keep) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_can_be_thinned(checkpoints: Path, kind: Kind) -> None:
    """What stays can be used as before: the best epoch is still the best."""
    run = kinds.make_run(checkpoints, kind, "mine")
    add_epochs(run)
    assert thin(run, "best") == [1, 2, 4]
    assert run.choose_checkpoint() == run.epoch_file(3)


def test_nothing_else_goes(trained: Run) -> None:
    """Only checkpoints go, with what was measured of them; all other files stay."""
    for epoch in (1, 3):
        find_rms_file(trained.epoch_file(epoch)).touch()
    for name in ("resume.h5", "interrupted.weights.h5", "curves.png", "notes.txt", "epoch.h5"):
        (trained.folder / name).touch()
    before = {path.name for path in trained.folder.iterdir()}
    thin(trained, "best")
    after = {path.name for path in trained.folder.iterdir()}
    checkpoints = {f"epoch-000{epoch}.weights.h5" for epoch in (1, 2, 4)}
    assert before - after == checkpoints | {"epoch-0001.rms"}


def test_an_epoch_of_unknown_worth_stays(trained: Run) -> None:
    """Without its line in the history an epoch may be the best one, so only `last` removes it."""
    trained.write_history([EpochResult(1, 0.0, 2.5, 1.0), EpochResult(5, 0.0, 1.0, 1.0)])
    assert choose_kept(trained, "best") == {2, 3, 4, 5}
    trained.history_file.unlink()
    assert thin(trained, "best") == []
    assert thin(trained, "last") == [1, 2, 3, 4]


def test_a_damaged_history_keeps_all(trained: Run) -> None:
    """If nothing says which epoch is the best, nothing goes."""
    trained.history_file.write_text("epoch,train_loss\nx,y\n")
    with pytest.raises(RunError, match="damaged"):
        thin(trained, "best")
    assert trained.list_epochs() == [1, 2, 3, 4, 5]


def test_the_best_of_those_that_are_left(trained: Run) -> None:
    """If the best epoch has gone before, the best of the others stays."""
    trained.epoch_file(3).unlink()
    assert choose_kept(trained, "best") == {4, 5}


@pytest.mark.parametrize("keep", KEPT)
def test_a_run_without_checkpoints(checkpoints: Path, keep: str) -> None:
    """Where nothing is, nothing goes."""
    assert thin(Run(checkpoints / "nowhere", LANGUAGE), keep) == []


@pytest.mark.parametrize("keep", ["", "none", "0", "-1", "1.5", "٣", "9" * 20, "Best"])
def test_other_words_are_rejected(keep: str) -> None:
    """The message says what can be kept."""
    with pytest.raises(UsageError, match="`keep` must be best, last, all or a number of epochs"):
        check_keep(keep)
