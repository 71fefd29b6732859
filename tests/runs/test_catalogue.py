"""The runs in a folder: which there are, which is meant, and what a new one may be called."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import CharrnnError, NoRunError, RunError, RunExistsError, UsageError
from charrnn.runs import container
from charrnn.runs.catalogue import (
    check_name,
    claim_folder,
    detect_kind,
    find_checkpoint,
    find_resumable,
    find_run,
    list_runs,
    newest_run,
)
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.networks import MakeRun

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def reject_name(checkpoints: Path, name: str, kind: type[CharrnnError] = RunError) -> str:
    """The message with which a new language model's name is rejected."""
    return catch_message(kind, lambda: check_name(checkpoints, LANGUAGE, name))


def list_names(checkpoints: Path, kind: Kind) -> list[str]:
    return [run.name for run in list_runs(checkpoints, kind)]


# New runs.


def test_a_run_is_called_after_corpus_and_cell(checkpoints: Path) -> None:
    """A run's own name is corpus and cell, with the next number if that is taken."""
    names = []
    for _ in range(3):
        run = claim_folder(checkpoints, LANGUAGE, "shakespeare", "lstm")
        assert run.folder.is_dir()  # so that no other process takes the name
        names.append(run.name)
    assert names == ["shakespeare-lstm", "shakespeare-lstm-2", "shakespeare-lstm-3"]
    assert claim_folder(checkpoints, LANGUAGE, "shakespeare", "gru").name == "shakespeare-gru"


@every_kind
def test_a_folder_is_made_among_those_of_its_kind(checkpoints: Path, kind: Kind) -> None:
    """Each kind's runs have a subfolder of their own; names of other kinds are free."""
    assert claim_folder(checkpoints, LANGUAGE, "imdb", "x").name == "imdb-x"
    run = claim_folder(checkpoints, kind, "imdb", "lstm-32")
    assert run == Run(checkpoints / kind.subfolder / "imdb-lstm-32", kind)
    assert run.folder.is_dir()


def test_a_name_taken_in_the_last_moment_is_left_to_its_taker(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes that begin at once the later one takes the next name."""
    mkdir = Path.mkdir

    def mkdir_too_late(path: Path, *args: Any, **kwargs: Any) -> None:
        if path.name == "shakespeare-lstm":
            mkdir(path, exist_ok=True)  # the other process
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir_too_late)
    run = claim_folder(checkpoints, LANGUAGE, "shakespeare", "lstm")
    assert run.name == "shakespeare-lstm-2"


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("my novel", "my-novel-gru"),
        ("Чехов, том 1", "Чехов-том-1-gru"),
        ("紅樓夢", "紅樓夢-gru"),
        (".hidden", "hidden-gru"),
        ("a/b", "a-b-gru"),
        ("--force", "force-gru"),
        ("v1.2+x", "v1.2+x-gru"),
        ("😀", "text-gru"),
        ("..", "text-gru"),
        ("", "text-gru"),
    ],
)
def test_odd_corpus_names_become_plain_ones(checkpoints: Path, corpus: str, name: str) -> None:
    """A run's own name keeps letters of any script and drops what a shell would stumble over."""
    assert claim_folder(checkpoints, LANGUAGE, corpus, "gru").name == name


@settings(deadline=None)
@given(corpus=st.text(max_size=20) | st.text("(._- a", max_size=6))
def test_any_corpus_gives_a_valid_name(corpus: str) -> None:
    """Whatever a text is called, its run's name is one that a user could have chosen too."""
    checkpoints = Path("checkpoints")
    check_name(checkpoints, LANGUAGE, claim_folder(checkpoints, LANGUAGE, corpus, "lstm").name)


@pytest.mark.parametrize("letter", ["x", "é", "夢"])
def test_the_longest_file_name_gives_a_possible_folder(checkpoints: Path, letter: str) -> None:
    """A text with the longest name that a file can have still gets a folder."""
    stem = letter * (251 // len(letter.encode()))  # with .txt the most that file systems take
    for end in ("-lstm", "-lstm-2"):
        run = claim_folder(checkpoints, LANGUAGE, stem, "lstm")
        assert run.folder.is_dir()
        assert run.name.startswith(letter * 20)
        assert run.name.endswith(end)


@pytest.mark.parametrize("name", ["novel", "a", "2", "v1.0", "A_b+c-d", "夢", "x" * 100])
def test_plain_names_are_accepted(checkpoints: Path, name: str) -> None:
    """A name of letters and digits of any script, and of . _ + - after the first, is valid."""
    check_name(checkpoints, LANGUAGE, name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../x", "/x", "-x", ".x", "_x", "a b", "a\n"]
)
def test_names_that_lead_elsewhere_are_rejected(checkpoints: Path, name: str) -> None:
    """A name with a path, a blank or a leading sign is rejected with what may be used."""
    message = reject_name(checkpoints, name, UsageError)
    assert message == (
        f"`run` {name!r} can't be a folder's name: use letters, digits, and . _ + - after the first"
    )


@pytest.mark.parametrize("name", ["novel", "a b"])
def test_checking_a_name_claims_nothing(checkpoints: Path, name: str) -> None:
    """A name is judged without a folder being made for it; only claiming makes one."""
    for _ in range(2):
        try:
            check_name(checkpoints, LANGUAGE, name)
        except UsageError:
            assert name == "a b"
        assert not checkpoints.exists()
    claim_folder(checkpoints, LANGUAGE, "novel", "lstm")
    assert [path.name for path in checkpoints.iterdir()] == ["novel-lstm"]


@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5", "interrupted.weights.h5"])
def test_an_existing_run_is_not_overwritten(run: Run, checkpoints: Path, file: str) -> None:
    """Whatever a run has left under a name, a new one of that name is rejected."""
    (run.folder / file).touch()
    with pytest.raises(RunExistsError) as failure:
        check_name(checkpoints, LANGUAGE, "tiny")
    assert str(failure.value) == (
        f"run 'tiny' exists in {checkpoints}: choose another name as `run`, or resume it"
    )
    assert (failure.value.kind, failure.value.name) == (LANGUAGE.name, "tiny")


@every_kind
def test_a_name_is_taken_among_its_own_kind_only(checkpoints: Path, kind: Kind) -> None:
    """A classifier may be called like a language model: they lie in different folders."""
    kinds.write_resume_file(kinds.make_run(checkpoints, kind, "mine"))
    for other in KINDS:
        if other == kind:
            with pytest.raises(RunExistsError) as failure:
                check_name(checkpoints, other, "mine")
            assert failure.value.kind == kind.name
        else:
            check_name(checkpoints, other, "mine")


def test_the_kind_of_a_run_in_the_way_is_what_its_files_say(tmp_path: Path) -> None:
    """The error about a taken name says which kind of run took it, so the advice can fit."""
    language = tmp_path / "classify"
    kinds.write_resume_file(kinds.make_run(language, LANGUAGE, "mine"))
    with pytest.raises(RunExistsError) as failure:
        check_name(tmp_path, CLASSIFIER, "mine")
    assert failure.value.kind == LANGUAGE.name


def test_a_folder_without_a_run_can_be_used(checkpoints: Path) -> None:
    """An empty folder, left by a run that failed at once, does not take the name."""
    kinds.make_run(checkpoints, LANGUAGE, "tiny")
    check_name(checkpoints, LANGUAGE, "tiny")


# The kind of a run.


@every_kind
@pytest.mark.parametrize("folder", ["classify", "pretrained", "mine"])
def test_a_checkpoint_says_its_kind(tmp_path: Path, kind: Kind, folder: str) -> None:
    """A run's kind is what its checkpoint says, whatever the folders around it are called."""
    run = kinds.make_run(tmp_path / folder / "x", kind, "mine")
    kinds.write_epoch(run)
    assert detect_kind(run.folder) == kind


@every_kind
def test_a_resume_file_alone_says_its_kind(checkpoints: Path, kind: Kind) -> None:
    """Before the first epoch has ended there is only resume.h5, which says what it is of."""
    run = kinds.make_run(checkpoints, kind, "mine")
    kinds.write_resume_file(run)
    assert detect_kind(run.folder) == kind
    assert list_names(checkpoints, kind) == ["mine"]


@pytest.mark.parametrize("folder", ["classify", "pretrained"])
def test_a_folder_called_like_a_subfolder_holds_language_models(
    tmp_path: Path, folder: str
) -> None:
    """Language models kept in /tmp/x/classify are language models, and nothing else."""
    checkpoints = tmp_path / folder
    kinds.write_epoch(kinds.make_run(checkpoints, LANGUAGE, "novel"))
    assert list_names(checkpoints, LANGUAGE) == ["novel"]
    assert newest_run(checkpoints, LANGUAGE).kind == LANGUAGE
    assert newest_run(checkpoints, LANGUAGE).checkpoints == checkpoints
    for kind in (CLASSIFIER, WORD_MODEL):
        assert list_runs(checkpoints, kind) == []
        assert list_runs(tmp_path, kind) == []


def test_a_run_of_another_kind_is_not_listed(tmp_path: Path) -> None:
    """A classifier's folder among language models is no language model."""
    kinds.write_epoch(kinds.make_run(tmp_path, CLASSIFIER, "judge"))
    assert list_names(tmp_path / "classify", LANGUAGE) == []
    kinds.write_epoch(kinds.make_run(tmp_path / "classify", LANGUAGE, "novel"))
    assert list_names(tmp_path / "classify", LANGUAGE) == ["novel"]
    assert list_names(tmp_path, CLASSIFIER) == ["judge"]


UNREADABLE = {
    "empty": b"",
    "junk": b"junk" * 1000,
    "of Keras": b"\x89HDF\r\n\x1a\n" + bytes(2000),
    "of another charrnn": b"charrnn poem\nformat 1\n",
}


@every_kind
@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5"])
def test_a_run_that_says_nothing_counts_for_whoever_asks(
    checkpoints: Path, kind: Kind, content: bytes, file: str
) -> None:
    """A run whose files can't be read is found, so that using it can say what is wrong."""
    run = kinds.make_run(checkpoints, kind, "mine")
    (run.folder / file).write_bytes(content)
    assert detect_kind(run.folder) is None
    assert list_runs(checkpoints, kind) == [run]
    assert find_run(checkpoints, kind, "mine") == run


@every_kind
def test_a_resume_file_of_anything_else_says_no_kind(checkpoints: Path, kind: Kind) -> None:
    """A whole file without a run's settings in it is no reason to fail while runs are listed."""
    run = kinds.make_run(checkpoints, kind, "mine")
    number = np.frombuffer(b"7", np.uint8)
    container.write(run.resume_file, "charrnn resume file", 1, lambda f: f.update(settings=number))
    assert detect_kind(run.folder) is None
    assert list_runs(checkpoints, kind) == [run]


@every_kind
def test_files_that_can_not_be_opened_hide_no_run(checkpoints: Path, kind: Kind) -> None:
    """A folder or a dangling link in a file's place neither ends the search nor hides the kind."""
    broken = kinds.make_run(checkpoints, kind, "broken")
    (broken.folder / "epoch-0009.weights.h5").mkdir()
    assert list_runs(checkpoints, kind) == [broken]
    mixed = kinds.make_run(checkpoints, kind, "mixed")
    kinds.write_epoch(mixed)
    (mixed.folder / "epoch-0009.weights.h5").mkdir()
    assert detect_kind(mixed.folder) == kind


# Finding runs.


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["first"], "the only run there is first"),
        (["first", "second"], "the runs there are second, first"),
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


def test_a_run_is_found_by_its_folder_too(make_run: MakeRun, checkpoints: Path) -> None:
    """A path that a shell has completed is as good as the name."""
    make_run("novel")
    run = Run(checkpoints / "novel", LANGUAGE)
    assert find_run(checkpoints, LANGUAGE, str(run.folder)) == run


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
    assert str(failure.value) == f"mine is a {other.name}, in {checkpoints / other.subfolder}"
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
            f"no trained {kind.name} in {folder}: train one", lambda: newest_run(checkpoints, kind)
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
    assert newest_run(checkpoints, LANGUAGE).name == "newest"


def test_the_newest_run_has_a_network(make_run: MakeRun, checkpoints: Path) -> None:
    """A run that has no network yet does not hide an older one that has."""
    make_run("trained")
    begun = kinds.make_run(checkpoints, LANGUAGE, "just-begun").resume_file
    begun.touch()
    os.utime(begun, (2**32, 2**32))
    assert list_names(checkpoints, LANGUAGE)[0] == "just-begun"
    assert newest_run(checkpoints, LANGUAGE).name == "trained"


def test_an_interrupted_run_is_used_if_there_is_no_other(
    make_run: MakeRun, checkpoints: Path
) -> None:
    """The weights of an interrupted first epoch count as a network, after all finished epochs."""
    stopped = kinds.make_run(checkpoints, LANGUAGE, "stopped")
    stopped.interrupted_file.touch()
    os.utime(stopped.interrupted_file, (2**32, 2**32))
    assert newest_run(checkpoints, LANGUAGE) == stopped
    make_run("trained")
    assert newest_run(checkpoints, LANGUAGE).name == "trained"


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


# Finding checkpoints.


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
        f"{checkpoints} is a folder of runs, not a run: the only run there is {trained.name}"
    )


def test_an_unknown_name_is_an_error(checkpoints: Path, trained: Run) -> None:
    """What is neither run nor folder nor file is answered with the runs that there are."""
    assert catch_message(RunError, lambda: find(checkpoints, "navel")) == (
        f"no run 'navel' in {checkpoints}: the only run there is {trained.name}"
    )


def test_an_empty_name_is_no_folder(checkpoints: Path) -> None:
    """An empty name does not mean the working folder, even if there are checkpoints in it."""
    Path("epoch-0001.weights.h5").touch()
    message = catch_message(RunError, lambda: find(checkpoints, ""))
    assert message.startswith(f"no run '' in {checkpoints}: ")
