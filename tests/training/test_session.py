"""Around a run: its folder is held by one process, and errors of memory are explained."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import tensorflow as tf

from charrnn.errors import RunError, TrainingError
from charrnn.runs import container
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.training.session import explain_memory_errors, hold_run
from charrnn.training.stop import Interrupted
from tests.support.slow import slow_except
from tests.support.training import MakeTraining, SmallRun


class HoldLock(Protocol):
    """Starts a process that holds a lock file until its input ends."""

    def __call__(self, lock: Path) -> "subprocess.Popen[str]": ...


@pytest.fixture
def hold_lock(tmp_path: Path) -> Iterator[HoldLock]:
    """Starts a process that holds the lock of a run's folder until its input ends."""
    program = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    started: list[subprocess.Popen[str]] = []

    def hold(lock: Path) -> "subprocess.Popen[str]":
        lock.parent.mkdir(parents=True)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.communicate(timeout=60)


@pytest.mark.slow
def test_a_folder_is_trained_in_by_one_process(
    make_training: MakeTraining, hold_lock: HoldLock
) -> None:
    """While a process trains in a folder another is rejected; once it has ended, none is."""
    small = make_training(epochs=1)
    process = hold_lock(small.run.lock_file)
    with pytest.raises(RunError) as error:
        small.start()
    assert str(error.value) == (
        "run 'run' is being trained by another process: wait for it, or choose another name as "
        "`run`"
    )
    assert not list(small.run.folder.glob("*.h5"))
    process.communicate(timeout=60)
    small.start()
    assert small.run.list_epochs() == [1]


@pytest.mark.slow
def test_a_folder_is_held_from_the_first_step_to_the_last(make_training: MakeTraining) -> None:
    """A second run in the folder is rejected meanwhile, and not after the first has failed."""
    first = make_training(epochs=1)
    second = replace(first)
    rejected: list[str] = []

    def interrupted() -> bool:
        with pytest.raises(RunError) as caught:
            second.start()
        rejected.append(str(caught.value))
        raise LookupError

    with pytest.raises(LookupError):
        first.start(interrupted)
    assert len(rejected) == 1
    assert "is being trained by another process" in rejected[0]
    second.start()
    assert second.run.list_epochs() == [1]


@pytest.mark.slow
def test_a_run_that_was_trained_meanwhile_is_rejected(make_training: MakeTraining) -> None:
    """If another process has trained in the folder, nothing of it is overwritten."""
    first = make_training(epochs=1)
    first.start()
    before = first.run.resume_file.read_bytes()
    second = replace(make_training(epochs=1), run=first.run)
    with pytest.raises(RunError) as error:
        second.start()
    assert str(error.value) == "run 'run' was trained by another process in the meantime: try again"
    assert first.run.resume_file.read_bytes() == before


@pytest.fixture
def stopped(make_training: MakeTraining) -> tuple[SmallRun, Progress[LanguageRecipe]]:
    """A run that has done one of two epochs, and how far it had come when that was read."""
    small = make_training(epochs=2)
    with pytest.raises(Interrupted):
        small.start(lambda: small.recording.is_at(2, "step", 1))
    return small, read_progress(small.run, LanguageRecipe)


def test_a_resume_file_is_read_once(
    stopped: tuple[SmallRun, Progress[LanguageRecipe]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read to plan a resume is what it restores, and is then forgotten."""
    small, progress = stopped
    expected = [*Saved(small.run).take_variables()]
    monkeypatch.setattr(container, "read", lambda *_: pytest.fail("it was read again"))
    with hold_run(small.run, progress) as held:
        assert held.saved is not None
        assert held.saved is progress.saved
        found = held.saved.take_variables()
        assert not held.saved.is_current()
        with pytest.raises(LookupError):
            held.saved.take_variables()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_resume_file_that_was_replaced_is_read_again(
    stopped: tuple[SmallRun, Progress[LanguageRecipe]],
) -> None:
    """A run that was trained meanwhile is rejected; the same file at its place is as good."""
    small, progress = stopped
    copy = small.run.folder / "copy"
    shutil.copyfile(small.run.resume_file, copy)
    copy.replace(small.run.resume_file)
    with hold_run(small.run, progress) as held:
        assert held.saved is not progress.saved
    small.resume()
    with pytest.raises(RunError, match="was trained by another process in the meantime"):
        hold_run(small.run, progress).__enter__()


def test_damage_after_the_plan_is_noticed(
    stopped: tuple[SmallRun, Progress[LanguageRecipe]],
) -> None:
    """A bit that turns between the plan of a resume and its beginning is an error."""
    small, progress = stopped
    with small.run.resume_file.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        (last,) = file.read()
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    with pytest.raises(RunError, match="its checksum is wrong"):
        hold_run(small.run, progress).__enter__()


def test_a_folder_left_without_a_file_is_removed(make_training: MakeTraining) -> None:
    """What fails before anything is written leaves no folder; a file to use or resume keeps it."""
    small = make_training()
    progress = Progress(small.recipe, [])

    def fail_inside() -> None:
        with hold_run(small.run, progress):
            assert small.run.folder.is_dir()
            raise LookupError

    with pytest.raises(LookupError):
        fail_inside()
    assert not small.run.folder.exists()
    with hold_run(small.run, progress):
        small.run.interrupted_file.touch()
    assert small.run.interrupted_file.exists()


def test_what_a_killed_process_left_is_removed(make_training: MakeTraining) -> None:
    """It goes when the run is next trained, and not while another process may be writing it."""
    small = make_training()
    small.run.folder.mkdir(parents=True)
    left = small.run.folder / ".epoch-0001.weights.h5.abcd_123.part"
    left.touch()
    with hold_run(small.run, Progress(small.recipe, [])):
        assert not left.exists()


@pytest.mark.parametrize(
    ("renamed", "replaced", "stops"),
    slow_except(
        [
            (False, None, False),
            (True, None, False),
            (False, ["notes.txt"], True),
            (True, ["resume.h5"], False),
            (False, [], False),
        ],
        (False, None, False),
    ),
)
def test_a_folder_that_goes_away_is_named(
    make_training: MakeTraining, *, renamed: bool, replaced: list[str] | None, stops: bool
) -> None:
    """A run whose folder is removed or renamed says so; under its new name it can be resumed.

    Another folder that has taken its place is noticed, and left as it is.
    """
    small = make_training(epochs=2)
    elsewhere = small.run.folder.with_name("elsewhere")

    def move_folder() -> bool:
        if not small.recording.is_at(2, "step", 1):
            return False
        small.run.folder.rename(elsewhere)
        if replaced is not None:
            small.run.folder.mkdir()
            for name in replaced:
                (small.run.folder / name).touch()
        if not renamed:
            shutil.rmtree(elsewhere)
        return stops

    with pytest.raises(RunError) as error:
        small.start(move_folder)
    assert str(error.value) == (
        f"the run's folder {small.run.folder} is gone: if it was renamed, resume the run under its "
        "new name; if it was removed, start again"
    )
    assert isinstance(error.value.__cause__, FileNotFoundError)
    assert small.run.folder.is_dir() == (replaced is not None)
    assert [path.name for path in small.run.folder.glob("*")] == (replaced or [])
    if renamed:
        moved = replace(small, run=Run(elsewhere, LANGUAGE))
        moved.resume()
        assert moved.run.list_epochs() == [1, 2]


@pytest.mark.parametrize(
    "error", [MemoryError(), tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")]
)
def test_too_large_a_network_is_explained(make_training: MakeTraining, error: Exception) -> None:
    """Python's and TensorFlow's errors of memory become one line that keeps their cause."""
    message = (
        r"^the network needs more memory than there is: choose fewer `units` or `layers`, or a "
        r"smaller `batch_size`$"
    )
    with pytest.raises(TrainingError, match=message) as explained, explain_memory_errors():
        raise error
    assert explained.value.__cause__ is error
    small = make_training()
    with (
        pytest.raises(TrainingError, match=message),
        hold_run(small.run, Progress(small.recipe, [])),
    ):
        raise error
    assert not small.run.folder.exists()
