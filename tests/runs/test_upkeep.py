"""Runs removed, renamed and thinned: nothing of anyone else's goes, and none while it trains."""

from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.errors import RunError, UsageError
from charrnn.runs.catalogue import find_any_run, find_checkpoint, list_all_runs
from charrnn.runs.claim import hold_lock
from charrnn.runs.gradient_rms import find_rms_file
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, Kind
from charrnn.runs.recipe import RECIPES
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.upkeep import remove_run, rename_run, thin_run
from tests.support import kinds

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
RESULTS = [EpochResult(epoch, 0.0, loss, 1.0) for epoch, loss in enumerate([2.0, 1.0, 1.5], 1)]


def write_run(checkpoints: Path, kind: Kind = LANGUAGE, name: str = "mine") -> Run:
    """A run with every file that a run can have."""
    run = kinds.make_run(checkpoints, kind, name)
    for result in RESULTS:
        find_rms_file(kinds.write_epoch(run, result.epoch)).touch()
    run.write_history(RESULTS)
    kinds.write_resume_file(run, *RESULTS)
    own = ("words.png", "result.json") if kind is CLASSIFIER else ()
    for file in ("curves.png", "interrupted.weights.h5", ".lock", *own):
        (run.folder / file).touch()
    (run.folder / ".history.csv.abcdefgh.part").touch()
    for folder in run.event_folders:
        folder.mkdir(parents=True)
        (folder / "events.out.tfevents.123.host").touch()
    return run


@every_kind
def test_a_run_is_removed_with_all_its_files(checkpoints: Path, kind: Kind) -> None:
    """Nothing of it is left, and other runs are as they were."""
    run, other = write_run(checkpoints, kind), write_run(checkpoints, kind, "other")
    before = sorted(other.folder.rglob("*"))
    assert remove_run(run) == []
    assert not run.folder.exists()
    assert sorted(other.folder.rglob("*")) == before
    assert list_all_runs(checkpoints) == [other]


def test_what_others_wrote_stays(checkpoints: Path) -> None:
    """Notes, a sample and another program's network in the folder stay, and are named."""
    run = write_run(checkpoints)
    own = ["best.weights.h5", "epoch-1.weights.h5", "notes.txt", "result.json", "words.png"]
    own.insert(4, "tensorboard")
    for name in own[:4] + own[5:]:
        (run.folder / name).touch()
    (run.events_folder / "plugin").mkdir()
    assert remove_run(run) == [run.folder / name for name in own]
    assert [path.name for path in run.events_folder.iterdir()] == ["plugin"]


@pytest.mark.parametrize("name", ["tensorboard", "tensorboard/train"])
def test_what_a_link_in_the_folder_leads_to_stays(checkpoints: Path, name: str) -> None:
    """A link in the place of the events is no reason to look for files elsewhere."""
    run, other = write_run(checkpoints), write_run(checkpoints, name="other")
    before = sorted(other.folder.rglob("*"))
    place = run.folder / name
    place.rename(run.folder / "moved")
    place.symlink_to(other.folder / name)
    assert place in {*remove_run(run), run.event_folders[0]}
    assert place.is_symlink()
    assert sorted(other.folder.rglob("*")) == before


def test_a_folder_that_is_called_like_a_file_stays(checkpoints: Path) -> None:
    """Only files and links go; what is in the folder can't be a run's."""
    run = write_run(checkpoints)
    run.history_file.unlink()
    run.history_file.mkdir()
    run.curves_file.unlink()
    run.curves_file.symlink_to(run.history_file)
    assert remove_run(run) == [run.history_file]


def test_a_strangers_folder_is_not_removed(checkpoints: Path) -> None:
    """Without a file that says it is ours nothing is touched, whatever the files are called."""
    folder = checkpoints / "keras"
    folder.mkdir(parents=True)
    path = folder / "epoch-0001.weights.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(RunError, match=r"nothing in .* says that it is a run: remove it yourself"):
        remove_run(Run(folder, LANGUAGE))
    assert [*folder.iterdir()] == [path]


@pytest.mark.parametrize(
    ("name", "change"),
    [("remove", remove_run), ("rename", lambda run: rename_run(run, "other")), ("thin", thin_run)],
)
def test_a_folder_with_a_network_that_was_given_away_is_no_run(
    checkpoints: Path, name: str, change: Callable[[Run], object]
) -> None:
    """A project's own files are called like a run's, and an exported network lies among them."""
    run = write_run(checkpoints, CLASSIFIER)
    run.epoch_file(1).rename(run.folder / "shakespeare-int8.weights.h5")
    for path in (run.epoch_file(2), run.epoch_file(3), run.resume_file, run.interrupted_file):
        path.unlink()
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(RunError, match=f"nothing in .* says that it is a run: {name} it yourself"):
        change(run)
    assert sorted(run.folder.rglob("*")) == before


def test_a_damaged_run_can_be_removed(checkpoints: Path) -> None:
    """One file that begins as ours do is enough."""
    run = write_run(checkpoints)
    for path in run.folder.glob("*.h5"):
        path.write_bytes(b"")
    run.epoch_file(2).write_bytes(b"charrnn checkpoint\nformat")
    assert remove_run(run) == []


def test_a_link_to_another_disk_is_removed_with_what_it_leads_to(
    tmp_path: Path, checkpoints: Path
) -> None:
    """A run whose folder was moved and linked leaves neither folder nor link."""
    run, place = write_run(checkpoints), tmp_path / "disk" / "mine"
    place.parent.mkdir()
    run.folder.rename(place)
    run.folder.symlink_to(place)
    assert remove_run(run) == []
    assert not place.exists()
    assert not run.folder.is_symlink()


@every_kind
def test_a_renamed_run_is_the_same_run(checkpoints: Path, kind: Kind) -> None:
    """It is found by its new name, resumed and used as before."""
    run = write_run(checkpoints, kind)
    renamed = rename_run(run, "yours")
    assert (renamed.name, renamed.kind) == ("yours", kind)
    assert find_any_run(checkpoints, "yours") == renamed
    assert list_all_runs(checkpoints) == [renamed]
    assert list(read_progress(renamed, RECIPES[kind]).results) == RESULTS


@pytest.mark.parametrize("name", ["", "../mine", ".hidden", "a/b", "classify", "a b"])
def test_a_name_that_no_run_can_have(checkpoints: Path, name: str) -> None:
    """The rules are those of a new run's name."""
    run = write_run(checkpoints)
    with pytest.raises(UsageError, match="`new`"):
        rename_run(run, name)
    assert run.folder.is_dir()


@every_kind
@pytest.mark.parametrize("place", KINDS, ids=lambda place: f"among {place.name}s")
def test_a_run_is_renamed_where_it_lies(checkpoints: Path, kind: Kind, place: Kind) -> None:
    """Whichever kind is kept there: by a name or a path beside it, and never out of sight."""
    folder = checkpoints / place.subfolder
    (checkpoints / "classify").mkdir(parents=True)
    run = Run(write_run(checkpoints / "own", kind).folder, kind)
    folder.mkdir(exist_ok=True, parents=True)
    run = Run(run.folder.rename(folder / "judge"), kind)
    for name in ("classify", "pretrained", str(folder / "classify")):
        with pytest.raises(UsageError, match="the folder of other kinds of run"):
            rename_run(run, name)
    with pytest.raises(UsageError, match=r"is not in .*, where judge lies: give a name alone"):
        rename_run(run, str(checkpoints / "elsewhere" / "jury"))
    renamed = rename_run(run, str(folder / "jury"))
    assert renamed == Run(folder / "jury", kind)
    assert list_all_runs(checkpoints) == [renamed]
    assert renamed.checkpoints == (checkpoints if place in {LANGUAGE, kind} else folder)


def test_the_run_in_the_working_folder_is_renamed(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path has no name, but the folder has one."""
    run = write_run(checkpoints)
    (run.folder / "tensorboard").mkdir(exist_ok=True)
    for folder, given in ((run.folder, "."), (run.folder / "tensorboard", "..")):
        monkeypatch.chdir(folder)
        assert find_any_run(Path("checkpoints"), given).name == "mine"
    assert rename_run(find_any_run(Path("checkpoints"), ".."), "yours").name == "yours"
    assert find_checkpoint(Path("checkpoints"), LANGUAGE, "..").parent.name == "yours"
    assert [path.name for path in checkpoints.iterdir()] == ["yours"]


def test_a_name_that_is_taken(checkpoints: Path) -> None:
    """Neither a run nor a folder of something else is written over."""
    run = write_run(checkpoints)
    write_run(checkpoints, name="taken")
    with pytest.raises(RunError, match=r"run 'taken' exists in .*: choose another name as `new`"):
        rename_run(run, "taken")
    for name, make in (("empty", Path.mkdir), ("file", Path.touch)):
        make(checkpoints / name)
        with pytest.raises(RunError, match="choose another name as `new`"):
            rename_run(run, name)
    assert {path.name for path in checkpoints.iterdir()} == {"mine", "taken", "empty", "file"}


@every_kind
def test_a_thinned_run_has_its_best_and_its_last_checkpoint(checkpoints: Path, kind: Kind) -> None:
    """The others go; a resume needs none of them."""
    run = write_run(checkpoints, kind)
    assert thin_run(run) == [1]
    assert run.list_epochs() == [2, 3]
    assert run.choose_checkpoint() == run.epoch_file(2)
    assert list(read_progress(run, RECIPES[kind]).results) == RESULTS


CHANGES: dict[str, Callable[[Run], object]] = {
    "remove": remove_run,
    "rename": lambda run: rename_run(run, "other"),
    "thin": thin_run,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_that_is_being_trained_stays_as_it_is(checkpoints: Path, change: str) -> None:
    """The error says to wait or to stop it, and no file is touched."""
    run = write_run(checkpoints)
    before = sorted(run.folder.rglob("*"))
    with hold_lock(run), pytest.raises(RunError) as failure:
        CHANGES[change](run)
    assert str(failure.value) == (
        "run 'mine' is being trained by another process: wait for it, or stop it"
    )
    assert sorted(run.folder.rglob("*")) == before
