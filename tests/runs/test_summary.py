"""Runs at a glance: what is known of each, and what is said of those that can't be read."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs.checkpoint import Provenance, read_header, write_checkpoint
from charrnn.runs.claim import hold_lock
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, Kind
from charrnn.runs.resume import read_outline
from charrnn.runs.run import Run
from charrnn.runs.summary import RunSummary, summarize_run, summarize_runs
from tests.support import kinds

RESULTS = [
    EpochResult(1, 2.5, 2.25, 10.5),
    EpochResult(2, 1.75, 1.5, 9.0),
    EpochResult(3, 1.5, 2.0, 9.0),
]
NETWORKS = {
    "language model": "gru 3",
    "classifier": "lstm 3 and 2",
    "word model": "lstm 3 in each direction",
}


def write_run(checkpoints: Path, kind: Kind, name: str = "mine") -> Run:
    """A run of three epochs, of which the second is the best and its checkpoint is kept."""
    run = kinds.make_run(checkpoints, kind, name)
    for epoch in (1, 2, 3):
        kinds.write_epoch(run, epoch)
    run.write_history(RESULTS)
    kinds.write_resume_file(run, *RESULTS)
    return run


def summarize(checkpoints: Path) -> RunSummary:
    """The only run there is."""
    (summary,) = summarize_runs(checkpoints)
    return summary


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_run_at_a_glance(checkpoints: Path, kind: Kind) -> None:
    """A run of each kind says what it is, how far it came and how much room it takes."""
    run, recipe = write_run(checkpoints, kind), kinds.RECIPES[kind]
    os.utime(run.epoch_file(1), (10**9, 10**9))
    for path in run.folder.glob("*.h5"):
        os.utime(path, (10**9, 10**9))
    assert summarize(checkpoints) == RunSummary(
        name="mine",
        kind=kind.name,
        folder=run.folder,
        corpus=recipe.corpus,
        network=NETWORKS[kind.name],
        parameters=recipe.network.parameters,
        epochs=3,
        planned_epochs=recipe.training.epochs,
        checkpoints=(1, 2, 3),
        best_epoch=2,
        best_loss=1.5,
        history=tuple(RESULTS),
        written=datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC),
        size=sum(path.stat().st_size for path in run.folder.iterdir()),
        in_training=False,
        problem="",
    )


def test_the_one_written_to_last_comes_first(checkpoints: Path) -> None:
    """Runs of all kinds stand in one list, by age."""
    for age, (kind, name) in enumerate(zip(KINDS, "abc", strict=True)):
        for path in write_run(checkpoints, kind, name).folder.iterdir():
            os.utime(path, (age, age))
    assert [run.name for run in summarize_runs(checkpoints)] == ["c", "b", "a"]


def test_no_runs_at_all(checkpoints: Path) -> None:
    """A folder without runs, or none, gives none."""
    assert summarize_runs(checkpoints) == []
    (checkpoints / "notes").mkdir(parents=True)
    (checkpoints / "README.md").touch()
    assert summarize_runs(checkpoints) == []


def test_a_checkpoint_alone_says_enough(checkpoints: Path) -> None:
    """A file that came by mail says its network, its epoch and its loss."""
    run = kinds.make_run(checkpoints, LANGUAGE, "mailed")
    kinds.write_epoch(run, 7)
    found = summarize(checkpoints)
    assert (found.network, found.corpus, found.best_loss) == ("gru 3", "test", 2.25)
    assert (found.epochs, found.planned_epochs, found.best_epoch) == (7, None, 7)
    assert (found.history, found.problem) == ((), "")


def test_an_imported_network_has_no_loss(checkpoints: Path) -> None:
    """Of a network that another program trained on a text that is not known nothing is made up."""
    run, recipe = kinds.make_run(checkpoints, LANGUAGE, "taken-in"), kinds.LANGUAGE_RECIPE
    weights = {
        name: np.zeros(shape, np.float32) for name, shape in recipe.network.weight_shapes().items()
    }
    source = Provenance("", "", 1, None, None, imported="model.h5")
    write_checkpoint(run.epoch_file(1), recipe.make_checkpoint(source, weights))
    found = summarize(checkpoints)
    assert (found.network, found.epochs, found.best_epoch) == ("gru 3", 1, 1)
    assert (found.best_loss, found.problem) == (None, "")


def test_a_run_before_the_end_of_its_first_epoch(checkpoints: Path) -> None:
    """Its resume file says what it will be; the weights of half an epoch are of no epoch."""
    run = kinds.make_run(checkpoints, LANGUAGE, "young")
    kinds.write_resume_file(run)
    found = summarize(checkpoints)
    assert (found.network, found.corpus, found.planned_epochs) == ("gru 3", "test", 10)
    assert (found.epochs, found.best_epoch, found.best_loss) == (0, None, None)
    kinds.write_epoch(run).rename(run.interrupted_file)
    assert summarize(checkpoints).best_loss is None


def test_a_run_that_is_being_trained(checkpoints: Path) -> None:
    """It is known by its lock, and asking leaves no file and keeps nobody from training."""
    run = write_run(checkpoints, LANGUAGE)
    before = sorted(run.folder.iterdir())
    assert not summarize(checkpoints).in_training
    assert sorted(run.folder.iterdir()) == before
    with hold_lock(run):
        assert summarize(checkpoints).in_training
    assert not summarize(checkpoints).in_training


def test_a_thinned_run_keeps_its_history(checkpoints: Path) -> None:
    """The best epoch is the best of those that can be used."""
    run = write_run(checkpoints, LANGUAGE)
    run.epoch_file(2).unlink()
    found = summarize(checkpoints)
    assert (found.epochs, found.checkpoints) == (3, (1, 3))
    assert (found.best_epoch, found.best_loss) == (3, 2.0)


def test_weights_are_not_read(checkpoints: Path) -> None:
    """A table of runs is quick: of each file only the start is looked at."""
    run = write_run(checkpoints, LANGUAGE)
    path = run.epoch_file(2)
    content = path.read_bytes()
    path.write_bytes(content[:-100] + bytes(100))
    assert summarize(checkpoints).problem == ""
    path.write_bytes(content[:-100])
    assert "damaged inside" in summarize(checkpoints).problem


def test_a_run_in_another_kinds_place(checkpoints: Path) -> None:
    """What a folder holds is said by its files, wherever it was moved."""
    run = write_run(checkpoints, CLASSIFIER)
    run.folder.rename(checkpoints / "moved")
    assert (summarize(checkpoints).name, summarize(checkpoints).kind) == ("moved", "classifier")


def cut_off(run: Run) -> None:
    for path in run.folder.glob("*.h5"):
        os.truncate(path, 10)


def replace_by_junk(run: Run) -> None:
    for path in run.folder.iterdir():
        path.write_bytes(b"junk" * 100)


def replace_by_folder(run: Run) -> None:
    run.epoch_file(2).unlink()
    run.epoch_file(2).mkdir()


def replace_all(run: Run, make: Callable[[Path], object]) -> None:
    for path in [*run.folder.iterdir()]:
        path.unlink()
        make(path)


DAMAGE: dict[str, tuple[Callable[[Run], object], str, str]] = {
    "history": (
        lambda run: run.history_file.write_text("x,y\n1,2\n"),
        "language model",
        "history.csv is damaged",
    ),
    "resume file": (
        lambda run: run.resume_file.write_bytes(b"junk"),
        "language model",
        "resume.h5 is not a charrnn resume file",
    ),
    "newer resume file": (
        lambda run: run.resume_file.write_bytes(b"charrnn resume file\nformat 9\nsha256 0\n{}\n"),
        "language model",
        "newer, format",
    ),
    "best epoch": (
        lambda run: os.truncate(run.epoch_file(2), 100),
        "language model",
        "epoch-0002.weights.h5",
    ),
    "all cut off": (cut_off, "", "is not a charrnn checkpoint"),
    "all junk": (replace_by_junk, "", "is not a charrnn checkpoint"),
    "empty": (lambda run: run.epoch_file(2).write_bytes(b""), "language model", "it is empty"),
    "all pipes": (lambda run: replace_all(run, os.mkfifo), "", "it is no regular file"),
    "all loops of links": (
        lambda run: replace_all(run, lambda path: path.symlink_to(path)),
        "",
        "can't read",
    ),
    "a folder": (
        replace_by_folder,
        "language model",
        "it is a folder",
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_damaged_is_named(checkpoints: Path, what: str) -> None:
    """A run with a damaged file has its row, with the kind if any file says it, and the reason."""
    run = write_run(checkpoints, LANGUAGE)
    damage, kind, problem = DAMAGE[what]
    damage(run)
    found = summarize(checkpoints)
    assert (found.name, found.kind) == ("mine", kind)
    assert problem in found.problem
    assert "\n" not in found.problem


@pytest.mark.parametrize("what", ["read_header", "resume.read_outline"])
def test_a_file_that_goes_meanwhile_is_no_problem(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A process that thins its run, or removes it, while the table is made does no harm."""
    run = write_run(checkpoints, LANGUAGE)
    read: Any = read_header if what == "read_header" else read_outline

    def remove_first(given: Path | Run, kind: Kind) -> object:
        (run.resume_file if given == run else run.epoch_file(2)).unlink()
        return read(given, kind)

    monkeypatch.setattr(f"charrnn.runs.summary.{what}", remove_first)
    assert summarize_run(run).problem == ""


def test_a_run_that_goes_meanwhile_is_left_out(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two listed runs one is removed before it is looked at: the other has its row."""
    going, staying = (write_run(checkpoints, LANGUAGE, name) for name in ("going", "staying"))

    def list_all_runs(_: Path) -> list[Run]:
        shutil.rmtree(going.folder)
        return [going, staying]

    monkeypatch.setattr("charrnn.runs.summary.list_all_runs", list_all_runs)
    assert summarize(checkpoints).name == "staying"


def test_a_strangers_folder_is_named(checkpoints: Path) -> None:
    """HDF5 of another program is no run of ours, and its row says so."""
    folder = checkpoints / "keras"
    folder.mkdir(parents=True)
    (folder / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
    found = summarize(checkpoints)
    assert (found.kind, found.network, found.parameters, found.epochs) == ("", "", None, 0)
    assert "another program's HDF5 file" in found.problem


def test_a_date_beyond_all_dates(checkpoints: Path) -> None:
    """A clock that was far off is no reason to fail."""
    run = write_run(checkpoints, LANGUAGE)
    for seconds in (-(2**31), 2**33):
        for path in run.folder.glob("*.h5"):
            os.utime(path, (seconds, seconds))
        assert summarize_run(run).written.year in {1901, 1970, 2242}
