"""A run's folder: which of its epochs is used, and when the folder goes."""

import math
from pathlib import Path

import pytest

from charrnn.errors import NoCheckpointError, RunError
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message


def make_results(*losses: float, validation: bool = True) -> list[EpochResult]:
    """Epochs with these losses; with validation the training losses would rank them otherwise."""
    return [
        EpochResult(epoch, -loss if validation else loss, loss if validation else None, 1.0)
        for epoch, loss in enumerate(losses, 1)
    ]


def make_epochs(run: Run, *epochs: int) -> None:
    for epoch in epochs:
        run.epoch_file(epoch).touch()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_run_knows_the_folder_of_all_runs(checkpoints: Path, kind: Kind) -> None:
    """Whichever subfolder a kind has, the folder that holds the runs of every kind is known."""
    assert kinds.make_run(checkpoints, kind, "mine").checkpoints == checkpoints


def test_a_folder_with_nothing_to_keep_is_removed(run: Run) -> None:
    """A folder with nothing but the lock in it goes, and its name is free again."""
    run.lock_file.touch()
    run.remove_if_empty()
    assert not run.folder.exists()
    run.remove_if_empty()  # and nothing more happens


@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5", "notes.txt"])
def test_a_folder_with_something_in_it_is_kept(run: Run, file: str) -> None:
    """A folder that holds anything of a run, or of the user, is kept with it."""
    (run.folder / file).touch()
    run.remove_if_empty()
    assert (run.folder / file).exists()


def test_epochs_are_in_order_of_their_numbers(run: Run) -> None:
    """Epochs beyond 9,999 come after it, and other files are no epochs."""
    make_epochs(run, 10_000, 2, 9999, 1)
    for other in ("interrupted.weights.h5", "epoch-1.weights.h5", ".epoch-0003.weights.h5.x.part"):
        (run.folder / other).touch()
    assert run.list_epochs() == [1, 2, 9999, 10_000]


@pytest.mark.parametrize("validation", [True, False])
def test_the_best_epoch_has_the_lowest_loss(run: Run, validation: bool) -> None:
    """Epochs are ranked by validation loss, by training loss if there is no validation."""
    make_epochs(run, 1, 2, 3, 4)
    run.write_history(make_results(2.5, 1.5, 2.0, 1.75, validation=validation))
    assert run.find_best_epoch() == 2
    assert run.choose_checkpoint() == run.epoch_file(2)


def test_the_best_epoch_is_one_that_has_a_file(run: Run) -> None:
    """If the best epoch's file was deleted, the best of the others is used."""
    make_epochs(run, 1, 3)
    run.write_history(make_results(2.5, 1.0, 2.0, 1.5))
    assert run.find_best_epoch() == 3


def test_without_history_the_latest_epoch_is_best(run: Run) -> None:
    """Checkpoints alone, copied from elsewhere, can be used: the latest of them."""
    make_epochs(run, 3, 7, 5)
    assert run.find_best_epoch() == 7


@pytest.mark.parametrize("losses", [(math.nan, 2.0, 1.5), (2.0, math.nan, 1.5), (2, 1.5, math.nan)])
@pytest.mark.parametrize("validation", [True, False])
def test_an_epoch_with_a_nan_loss_is_never_best(
    run: Run, losses: tuple[float, ...], validation: bool
) -> None:
    """A NaN loss ranks behind every number."""
    make_epochs(run, 1, 2, 3)
    run.write_history(make_results(*losses, validation=validation))
    assert run.find_best_epoch() == losses.index(1.5) + 1


@pytest.mark.parametrize("kind", [LANGUAGE, CLASSIFIER], ids=lambda kind: kind.name)
def test_an_empty_run_has_no_best_epoch(checkpoints: Path, kind: Kind) -> None:
    """The error about a run without a checkpoint carries what a command line would advise from."""
    run = kinds.make_run(checkpoints, kind, "tiny")
    assert run.find_best_epoch() is None
    with pytest.raises(NoCheckpointError) as failure:
        run.choose_checkpoint()
    assert str(failure.value) == f"{run.folder} has no checkpoint yet: train its first epoch"
    assert (failure.value.kind, failure.value.name) == (kind.name, "tiny")


def test_an_interrupted_first_epoch_can_be_used(run: Run) -> None:
    """Until the first epoch has ended, what was kept at Ctrl-C is the network to use."""
    run.interrupted_file.touch()
    assert run.choose_checkpoint() == run.interrupted_file
    make_epochs(run, 1)
    assert run.choose_checkpoint() == run.epoch_file(1)


@pytest.mark.parametrize(
    ("epochs", "listed"),
    [((1, 2, 3), "1 to 3"), ((1, 3, 4), "1, 3, 4"), ((2,), "2"), ((), "none yet")],
)
def test_an_unknown_epoch_is_answered_with_the_existing_ones(
    run: Run, epochs: tuple[int, ...], listed: str
) -> None:
    """The error for an epoch that does not exist lists those that do."""
    make_epochs(run, *epochs)
    message = catch_message(RunError, lambda: run.choose_checkpoint(99))
    assert message == f"tiny has no epoch 99: it has {listed}"


def test_a_named_epoch_needs_no_history(run: Run) -> None:
    """With a damaged history an epoch can still be named, and the message says so."""
    make_epochs(run, 1, 2)
    run.history_file.write_text("gone\nwrong\n")
    message = catch_message(RunError, run.choose_checkpoint)
    assert message == f"{run.history_file} is damaged: delete it, or choose an `epoch`"
    assert run.choose_checkpoint(1) == run.epoch_file(1)
