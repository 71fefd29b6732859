"""The runs in a folder: which there are, and which one is meant."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.errors import NoRunError, RunError
from charrnn.runs.catalogue import (
    find_any_run,
    find_newest_run,
    find_resumable,
    find_run,
    list_all_runs,
    list_newer,
    list_other_folders,
    list_runs,
)
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.networks import MakeRun

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def list_names(checkpoints: Path, kind: Kind) -> list[str]:
    return [run.name for run in list_runs(checkpoints, kind)]


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["first"], "the only run is first"),
        (["first", "second"], "the runs are second, first; did you mean first?"),
    ],
)
def test_an_unknown_run_is_answered_with_the_existing_ones(
    checkpoints: Path, make_run: MakeRun, names: list[str], listed: str
) -> None:
    """The error for a misspelt run names all runs, the newest first."""
    for age, name in enumerate(names):
        os.utime(make_run(name), (age, age))
    with pytest.raises(NoRunError) as failure:
        find_run(checkpoints, LANGUAGE, "frist")
    assert str(failure.value) == f"no run 'frist' in {checkpoints}: {listed}"
    assert not failure.value.empty
    assert find_run(checkpoints, LANGUAGE, names[-1]).folder == checkpoints / names[-1]


def test_a_misspelt_run_is_answered_with_the_closest(checkpoints: Path, make_run: MakeRun) -> None:
    """Also if so many are newer that it is not in the list; what resembles none is not guessed."""
    for age, name in enumerate(["shakespeare-lstm", "shakespeare-gru", *map(str, range(100, 120))]):
        os.utime(make_run(name), (age, age))

    def ask(name: str) -> str:
        return catch_message(NoRunError, lambda: find_run(checkpoints, LANGUAGE, name))

    assert ask("shakespear-lstm").endswith(
        " and 12 more; did you mean shakespeare-lstm or shakespeare-gru?"
    )
    assert ask("novel").endswith(" and 12 more")


@every_kind
def test_runs_newer_than_another(checkpoints: Path, kind: Kind) -> None:
    """They are those of the same kind that were written to after it, the newest first."""
    for other in {*KINDS} - {kind}:
        kinds.write_epoch(kinds.make_run(checkpoints, other, "other"))
    runs = [kinds.make_run(checkpoints, kind, name) for name in ("new", "newest", "old")]
    for run, age in zip(runs, (2, 3, 1), strict=True):
        os.utime(kinds.write_epoch(run), (age, age))
    newer = [[other.name for other in list_newer(run)] for run in runs]
    assert newer == [["newest"], [], ["newest", "new"]]


def test_a_run_is_found_by_its_folder_too(make_run: MakeRun, checkpoints: Path) -> None:
    """A path that a shell has completed is as good as the name."""
    make_run("novel")
    run = Run(checkpoints / "novel", LANGUAGE)
    assert find_run(checkpoints, LANGUAGE, str(run.folder)) == run


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_run_elsewhere_is_told_how_to_be_used(tmp_path: Path, kind: Kind) -> None:
    """A path to a run outside the folder of runs gives that run's own folder of runs."""
    run = kinds.make_run(tmp_path / "elsewhere", kind, "novel")
    kinds.write_epoch(run)
    message = catch_message(RunError, lambda: find_run(Path("here"), kind, str(run.folder)))
    assert message == (
        f"{run.folder} is not in {Path('here') / kind.subfolder}: to use that run, give "
        f"{tmp_path / 'elsewhere'} as `checkpoints`"
    )


def test_many_runs_are_counted(make_run: MakeRun, checkpoints: Path) -> None:
    """Of a long list the newest are named, and the others counted."""
    for number in range(25):
        os.utime(make_run(f"run{number}"), (number, number))
    message = catch_message(RunError, lambda: find_run(checkpoints, LANGUAGE, "novel"))
    assert "run24, run23," in message
    assert message.endswith("run15 and 15 more")


@every_kind
@pytest.mark.parametrize("other", KINDS, ids=lambda kind: f"is {kind.name}")
def test_a_run_of_another_kind_is_recognized(checkpoints: Path, kind: Kind, other: Kind) -> None:
    """The error about another kind's run says what it is and where, and carries its kind."""
    kinds.write_epoch(kinds.make_run(checkpoints, other, "mine"))
    if kind == other:
        assert find_run(checkpoints, kind, "mine").kind == kind
        return
    with pytest.raises(NoRunError) as failure:
        find_run(checkpoints, kind, "mine")
    place = checkpoints / other.subfolder
    assert str(failure.value) == f"mine is a {other.name}, not a {kind.name}; it is in {place}"
    assert (failure.value.kind, failure.value.other) == (other.name, "mine")


@every_kind
def test_before_the_first_run_the_error_says_to_train_one(checkpoints: Path, kind: Kind) -> None:
    """With no run yet, or no folder for them, the error says so and carries the kind."""
    folder = checkpoints / kind.subfolder

    def reject(message: str, action: Callable[[], Run]) -> None:
        with pytest.raises(NoRunError) as failure:
            action()
        assert str(failure.value) == message
        assert (failure.value.kind, failure.value.empty) == (kind.name, True)

    def check() -> None:
        reject(
            f"no run 'any' in {folder}: there are none yet; train one",
            lambda: find_run(checkpoints, kind, "any"),
        )
        reject(
            f"no trained {kind.name} in {folder}: train one",
            lambda: find_newest_run(checkpoints, kind),
        )
        reject(
            f"no {kind.name} in {folder} can be resumed: train one",
            lambda: find_resumable(checkpoints, kind, ""),
        )

    check()
    folder.mkdir(parents=True)
    (folder / "README.md").touch()
    (folder / "empty").mkdir()
    check()
    assert list_runs(checkpoints, kind) == []


def test_the_newest_run_is_the_one_written_to_last(make_run: MakeRun, checkpoints: Path) -> None:
    """The newest run is the one with the newest file, whenever its folder was made."""
    for name, epoch, seconds in [
        ("newest", 1, 10),
        ("middle", 1, 20),
        ("newest", 2, 30),
        ("oldest", 1, 5),
        ("oldest", 2, 6),
    ]:
        os.utime(make_run(name, epoch), (seconds, seconds))
    assert list_names(checkpoints, LANGUAGE) == ["newest", "middle", "oldest"]
    assert find_newest_run(checkpoints, LANGUAGE).name == "newest"


def test_the_newest_run_has_a_network(make_run: MakeRun, checkpoints: Path) -> None:
    """A run that has no network yet does not hide an older one that has."""
    make_run("trained")
    begun = kinds.make_run(checkpoints, LANGUAGE, "just-begun").resume_file
    begun.touch()
    os.utime(begun, (2**32, 2**32))
    assert list_names(checkpoints, LANGUAGE)[0] == "just-begun"
    assert find_newest_run(checkpoints, LANGUAGE).name == "trained"


def test_an_interrupted_run_is_used_if_there_is_no_other(
    make_run: MakeRun, checkpoints: Path
) -> None:
    """The weights of an interrupted first epoch count as a network, after all finished epochs."""
    stopped = kinds.make_run(checkpoints, LANGUAGE, "stopped")
    stopped.interrupted_file.touch()
    os.utime(stopped.interrupted_file, (2**32, 2**32))
    assert find_newest_run(checkpoints, LANGUAGE) == stopped
    make_run("trained")
    assert find_newest_run(checkpoints, LANGUAGE).name == "trained"


def test_the_newest_run_that_can_be_resumed(checkpoints: Path) -> None:
    """Without a name the newest run with a resume file is meant; with one, that run."""
    for age, name in enumerate(("older", "newer")):
        path = kinds.write_resume_file(kinds.make_run(checkpoints, LANGUAGE, name))
        os.utime(path, (age, age))
    kinds.write_epoch(kinds.make_run(checkpoints, LANGUAGE, "copied"))
    assert find_resumable(checkpoints, LANGUAGE, "").name == "newer"
    assert find_resumable(checkpoints, LANGUAGE, "older").name == "older"
    with pytest.raises(NoRunError, match="no run 'oldest'"):
        find_resumable(checkpoints, LANGUAGE, "oldest")


@every_kind
def test_runs_that_other_processes_remove_meanwhile(
    checkpoints: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, or a whole run, that vanishes between two looks at it is no error."""
    for name in ("first", "second"):
        kinds.write_epoch(kinds.make_run(checkpoints, kind, name))
    stat = Path.stat

    def remove_first(path: Path, **words: bool) -> os.stat_result:
        if path.suffix == ".h5" and path.parent.name == "first":
            shutil.rmtree(path.parent, ignore_errors=True)
        return stat(path, **words)

    monkeypatch.setattr(Path, "stat", remove_first)
    assert list_names(checkpoints, kind) == ["second", "first"]
    gone = Run(checkpoints / kind.subfolder / "first", kind)
    assert gone.list_epochs() == []
    assert list_names(checkpoints, kind) == ["second"]


def test_runs_of_every_kind_are_found_by_name_or_folder(checkpoints: Path) -> None:
    """Whichever kind a run is of, its name is enough; a folder elsewhere is a run too."""
    for kind, name in zip(KINDS, "abc", strict=True):
        run = kinds.make_run(checkpoints, kind, name)
        kinds.write_epoch(run)
        assert find_any_run(checkpoints, name) == run
        assert find_any_run(Path("elsewhere"), str(run.folder)) == run
    assert {run.name for run in list_all_runs(checkpoints)} == {*"abc"}
    with pytest.raises(NoRunError, match=r"no run 'd' in .*: the runs are "):
        find_any_run(checkpoints, "d")
    with pytest.raises(NoRunError, match="there are none yet; train one"):
        find_any_run(Path("elsewhere"), "a")


def test_a_name_that_several_runs_have(checkpoints: Path) -> None:
    """Runs of three kinds may share a name: the error says by which paths they are told apart."""
    runs = [kinds.make_run(checkpoints, kind, "mine") for kind in KINDS]
    for run in runs:
        kinds.write_epoch(run)
    message = catch_message(RunError, lambda: find_any_run(checkpoints, "mine"))
    assert message.startswith("three runs are called mine: give ")
    for run in runs:
        assert str(run.folder) in message
        assert find_any_run(checkpoints, str(run.folder)) == run


@pytest.mark.parametrize("links", [["latest"], ["a", "zz", "classify/foo", "latest"]], ids=len)
def test_a_link_to_a_run(checkpoints: Path, links: list[str]) -> None:
    """A path means the run that lies there, not the links that lead to it; a link's, the link."""
    run = kinds.make_run(checkpoints, LANGUAGE, "foo")
    kinds.write_epoch(run)
    (checkpoints / "classify").mkdir()
    for link in links:
        (checkpoints / link).symlink_to(run.folder)
    Path("elsewhere").symlink_to(run.folder)
    paths = [run.folder, f"{run.folder}/", checkpoints / "classify" / ".." / "foo", "elsewhere"]
    for given in ("foo", *map(str, paths)):
        assert find_any_run(checkpoints, given) == run
        assert find_run(checkpoints, LANGUAGE, given) == run
    for link in links:
        assert find_any_run(checkpoints, str(checkpoints / link)).folder == checkpoints / link
    assert find_any_run(checkpoints, links[-1]).folder == checkpoints / links[-1]


def test_folders_that_are_no_runs(checkpoints: Path) -> None:
    """They are told from runs; files, hidden folders and the places of runs are none of them."""
    for kind in KINDS:
        kinds.write_epoch(kinds.make_run(checkpoints, kind, "run"))
    for name in ("notes", "classify/old", ".git"):
        (checkpoints / name).mkdir()
    (checkpoints / "README.md").touch()
    assert list_other_folders(checkpoints) == [checkpoints / "classify/old", checkpoints / "notes"]
    assert list_other_folders(Path("nowhere")) == []


@pytest.mark.parametrize("given", ["loop", "a\0b", "x" * 5000])
def test_a_name_that_leads_nowhere_is_no_run(checkpoints: Path, given: str) -> None:
    """A loop of links, or what can't be a path, is one line like any other wrong name."""
    kinds.write_epoch(kinds.make_run(checkpoints, LANGUAGE, "mine"))
    Path("loop").symlink_to("loop")
    with pytest.raises(NoRunError, match="the only run is mine"):
        find_run(checkpoints, LANGUAGE, given)
