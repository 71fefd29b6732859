"""Whose a run's folder is: free until an epoch has ended, and one process's at a time."""

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from charrnn.errors import RunError
from charrnn.runs.claim import claim, claim_resume, hold_lock, is_free, is_held
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.point import Point
from charrnn.runs.run import Run
from tests.support import kinds

RESULT = EpochResult(1, 2.5, 2.25, 1.0)


@pytest.fixture
def young(checkpoints: Path) -> Run:
    """A run whose folder is empty."""
    return kinds.make_run(checkpoints, LANGUAGE, "mine")


def is_refused(run: Run) -> bool:
    """Whether another lock on the same file is refused."""
    try:
        FileLock(run.lock_file, timeout=0).acquire().lock.release()
    except Timeout:
        return True
    return False


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_run_without_an_epoch_is_free(checkpoints: Path, kind: Kind) -> None:
    """From no folder at all to almost ten minutes of its first epoch, there is little to lose."""
    run = Run(checkpoints / kind.subfolder / "mine", kind)
    assert is_free(run)
    assert not run.folder.exists()
    run.folder.mkdir(parents=True)
    run.lock_file.touch()
    (run.folder / "notes.txt").touch()
    assert is_free(run)
    kinds.write_resume_file(run)
    assert is_free(run)
    kinds.write_epoch(run).rename(run.interrupted_file)
    kinds.write_resume_file(run, point=Point(40, 2.5, 599.0))
    assert is_free(run)


TAKEN: dict[str, Callable[[Run], object]] = {
    "an epoch": kinds.write_epoch,
    "an epoch that was removed": lambda run: kinds.write_resume_file(run, RESULT),
    "ten minutes": lambda run: kinds.write_resume_file(run, point=Point(40, 2.5, 600.0)),
    "an epoch in its history": lambda run: run.write_history([RESULT]),
    "a damaged history": lambda run: run.history_file.write_bytes(b"what,ever\n1,2\n"),
    "a damaged resume file": lambda run: run.resume_file.write_bytes(b"junk"),
    "weights alone": lambda run: kinds.write_epoch(run).rename(run.interrupted_file),
    "a file of Keras": lambda run: (run.folder / "model.h5").touch(),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_may_be_missed_is_not_free(young: Run, what: str) -> None:
    """With an epoch's traces, or with what can't be read, a folder is left alone."""
    TAKEN[what](young)
    before = {path.name: path.read_bytes() for path in young.folder.iterdir()}
    assert not is_free(young)
    assert not claim(young)
    assert {path.name: path.read_bytes() for path in young.folder.iterdir()} == before


def test_a_file_is_no_folder(checkpoints: Path) -> None:
    """A file of a run's name is left alone."""
    run = Run(checkpoints / "mine", LANGUAGE)
    checkpoints.mkdir(parents=True, exist_ok=True)
    run.folder.write_text("mine", encoding="utf-8")
    assert not claim(run)
    assert run.folder.read_text(encoding="utf-8") == "mine"


def test_a_claim_removes_what_a_run_began_with(young: Run) -> None:
    """The start and half an epoch go; a file of the user's stays."""
    kinds.write_resume_file(young)
    kinds.write_epoch(young).rename(young.interrupted_file)
    (young.folder / "notes.txt").touch()
    assert claim(young)
    assert {path.name for path in young.folder.iterdir()} == {".lock", "notes.txt"}


def test_a_claim_lasts_until_the_run_ends(young: Run) -> None:
    """From its claim to the end of its training a folder is one process's alone."""
    assert claim(young)
    assert is_refused(young)
    assert not claim(young)
    with hold_lock(young):
        assert is_refused(young)
        with pytest.raises(RunError, match="another process"), hold_lock(young):
            raise AssertionError
    assert not is_refused(young)
    with contextlib.suppress(LookupError), hold_lock(young):
        raise LookupError
    assert claim(young)


def test_a_run_in_its_first_epoch_is_not_taken_over(young: Run) -> None:
    """What is being trained keeps its files, though no epoch of it has ended."""
    kinds.write_resume_file(young)
    with hold_lock(young):
        assert is_free(young)
        assert not claim(young)
        assert young.resume_file.exists()


def test_looking_whether_a_run_is_held(young: Run) -> None:
    """It is while its lock is held, and only then; looking leaves no trace."""
    assert not is_held(young)
    assert not young.lock_file.exists()
    with hold_lock(young):
        assert is_held(young)
        assert is_held(young)
    before = sorted(young.folder.iterdir())
    assert not is_held(young)
    assert sorted(young.folder.iterdir()) == before
    with hold_lock(young):
        assert is_held(young)


def test_a_look_at_the_lock_is_waited_for(young: Run) -> None:
    """A lock that is shared for a moment, as a look at it does, makes no run fail."""
    young.lock_file.touch()
    with young.lock_file.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        later = threading.Timer(0.05, fcntl.flock, (file, fcntl.LOCK_UN))
        later.start()
        with hold_lock(young):
            assert is_held(young)
        later.join()


def test_a_lock_that_is_held_is_not_waited_for(young: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that another process trains is refused at once, however patient we are with looks."""
    monkeypatch.setattr("charrnn.runs.claim._PATIENCE", 1e9)
    with hold_lock(young), pytest.raises(RunError, match="another process"), hold_lock(young):
        raise AssertionError


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir], ids=["pipe", "folder"])
def test_a_lock_that_is_no_file_is_not_held(young: Run, make: Callable[[Path], object]) -> None:
    """Nobody holds it, and looking at a pipe doesn't wait for a writer."""
    make(young.lock_file)
    assert not is_held(young)


def ask(process: "subprocess.Popen[str]") -> str:
    """The next line that a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    """Have a process go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_of_many_processes_one_takes_over(young: Run, checkpoints: Path) -> None:
    """Processes that want one name at the same moment get one folder each, the first the old."""
    kinds.write_resume_file(young)
    code = (
        "import sys; from pathlib import Path\n"
        "from charrnn.runs.names import claim_folder; from charrnn.runs.kinds import LANGUAGE\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(claim_folder(Path(sys.argv[1]), LANGUAGE, 'mine', 'x').name, flush=True)\n"
        "sys.stdin.readline()"
    )
    young.folder.rename(young.folder.with_name("mine-x"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(checkpoints)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    names = [ask(process) for process in processes]
    assert names == ["ready"] * 4
    for process in processes:
        tell(process)
    names = [ask(process) for process in processes]
    for process in processes:
        process.communicate(timeout=60)
    assert sorted(names) == ["mine-x", "mine-x-2", "mine-x-3", "mine-x-4"]


def test_a_resume_claims_its_folder(young: Run) -> None:
    """A plan to resume holds the lock until the run begins; another process is rejected."""
    claim_resume(young)
    claim_resume(young)
    assert is_refused(young)
    with hold_lock(young):
        with pytest.raises(RunError, match="stop it first"):
            claim_resume(young)
        assert is_refused(young)
    assert not is_refused(young)
