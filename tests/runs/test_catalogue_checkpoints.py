"""Which checkpoint is meant by a name, a folder, a file, or nothing at all."""

import os
from pathlib import Path

import pytest

from charrnn.errors import RunError, UsageError
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message


@pytest.fixture
def trained(checkpoints: Path) -> Run:
    """A language model's run of three epochs, the second the best."""
    run = kinds.make_run(checkpoints, LANGUAGE, "novel")
    losses = [2.5, 1.5, 2.0]
    for epoch in (1, 2, 3):
        kinds.write_epoch(run, epoch)
    run.write_history([EpochResult(n, loss, loss, 1.0) for n, loss in enumerate(losses, 1)])
    return run


def find(checkpoints: Path, named: str | Path | None = None, epoch: int | None = None) -> Path:
    return find_checkpoint(checkpoints, LANGUAGE, named, epoch)


def test_a_name_is_a_runs_best_epoch(checkpoints: Path, trained: Run) -> None:
    """A run's name means its best epoch, or the one that is given."""
    assert find(checkpoints, "novel") == trained.epoch_file(2)
    assert find(checkpoints, "novel", 3) == trained.epoch_file(3)
    message = catch_message(RunError, lambda: find(checkpoints, "novel", 4))
    assert message == "novel has no epoch 4: it has 1 to 3"


def test_nothing_named_is_the_newest_run(checkpoints: Path, trained: Run) -> None:
    """Without a name the newest run's best epoch is meant, or of that run the given one."""
    older = kinds.make_run(checkpoints, LANGUAGE, "older")
    os.utime(kinds.write_epoch(older), (1, 1))
    assert find(checkpoints) == trained.epoch_file(2)
    assert find(checkpoints, epoch=1) == trained.epoch_file(1)


def test_a_folder_is_a_runs_best_epoch_too(tmp_path: Path, checkpoints: Path, trained: Run) -> None:
    """A run's folder can be named wherever it lies, as a text or as a path."""
    assert find(checkpoints, trained.folder) == trained.epoch_file(2)
    assert find(checkpoints, f"{trained.folder}/", 1) == trained.epoch_file(1)
    moved = trained.folder.rename(tmp_path / "elsewhere")
    assert find(checkpoints, str(moved)) == moved / trained.epoch_file(2).name
    assert find(tmp_path / "nowhere", moved, 3) == moved / trained.epoch_file(3).name


@pytest.mark.parametrize("name", ["epoch-0003.weights.h5", "friend.bin"])
def test_a_file_is_itself(tmp_path: Path, checkpoints: Path, trained: Run, name: str) -> None:
    """A checkpoint file can be named whatever it is called, but then no epoch beside it."""
    path = trained.epoch_file(3).rename(tmp_path / name)
    assert find(checkpoints, path) == find(checkpoints, str(path)) == path
    message = catch_message(UsageError, lambda: find(checkpoints, path, 3))
    assert message == f"{path} is one epoch's file: leave out `epoch`"


def test_a_missing_file_is_left_to_its_reader(checkpoints: Path) -> None:
    """What ends in .h5 is a file's name, so that reading it can say that it is missing."""
    assert find(checkpoints, "gone.weights.h5") == Path("gone.weights.h5")


@pytest.mark.usefixtures("trained")
def test_a_runs_name_comes_before_a_file_of_that_name(checkpoints: Path, trained: Run) -> None:
    """A file or folder in the working directory that is called like a run doesn't hide the run."""
    Path("novel").write_text("It was a dark and stormy night.")
    assert find(checkpoints, "novel") == trained.epoch_file(2)
    Path("novel").unlink()
    kinds.write_epoch(kinds.make_run(Path(), LANGUAGE, "novel"), 7)
    assert find(checkpoints, "novel") == trained.epoch_file(2)
    assert find(checkpoints, "./novel/") == Path("novel/epoch-0007.weights.h5")


def test_a_folder_that_is_no_run_is_described(checkpoints: Path, trained: Run) -> None:
    """The error says whether a folder has no checkpoints, or is the folder of all runs."""
    Path("texts").mkdir()
    assert catch_message(RunError, lambda: find(checkpoints, "texts")) == (
        "texts is a folder without checkpoints: name a run or a .weights.h5 file"
    )
    assert catch_message(RunError, lambda: find(checkpoints, checkpoints)) == (
        f"{checkpoints} is a folder of runs, not a run: name one, for example {trained.folder}"
    )


def test_an_unknown_name_is_an_error(checkpoints: Path, trained: Run) -> None:
    """What is neither run nor folder nor file is answered with the runs that there are."""
    assert catch_message(RunError, lambda: find(checkpoints, "navel")) == (
        f"no run 'navel' in {checkpoints}: the only run is {trained.name}"
    )


def test_an_empty_name_is_no_folder(checkpoints: Path) -> None:
    """An empty name does not mean the working folder, even if there are checkpoints in it."""
    Path("epoch-0001.weights.h5").touch()
    message = catch_message(RunError, lambda: find(checkpoints, ""))
    assert message.startswith(f"no run '' in {checkpoints}: ")
