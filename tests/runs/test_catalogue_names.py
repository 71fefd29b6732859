"""New runs: what they may be called, and the folders that are claimed for them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import CharrnnError, RunError, RunExistsError, UsageError
from charrnn.runs.catalogue import check_name, claim_folder, make_run
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, Kind
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message

RESULT = EpochResult(1, 2.5, 2.25, 1.0)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def reject_name(checkpoints: Path, name: str, kind: type[CharrnnError] = RunError) -> str:
    """The message with which a new language model's name is rejected."""
    return catch_message(kind, lambda: check_name(checkpoints, LANGUAGE, name))


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


def test_a_name_that_is_taken_is_named(checkpoints: Path) -> None:
    """A number in a run's name is noted, and so is a name that changes hands."""
    notes: list[str] = []

    def claim() -> str:
        return claim_folder(checkpoints, LANGUAGE, "shakespeare", "lstm", notes.append).name

    begun = kinds.make_run(checkpoints, LANGUAGE, "shakespeare-lstm")
    kinds.write_resume_file(begun)
    assert claim() == "shakespeare-lstm"
    assert notes.pop() == (
        "shakespeare-lstm was stopped before its first epoch ended: this run takes its place"
    )
    assert claim() == "shakespeare-lstm-2"
    assert notes == ["shakespeare-lstm exists: this run is shakespeare-lstm-2"]


def test_a_chosen_name_is_claimed(checkpoints: Path) -> None:
    """A chosen name is taken over too, unless an epoch has ended or another process trains it."""
    notes: list[str] = []
    begun = kinds.make_run(checkpoints, LANGUAGE, "mine")
    kinds.write_resume_file(begun)
    about = ("mine", "shakespeare", "lstm", notes.append)
    assert make_run(checkpoints, LANGUAGE, *about) == begun
    assert not begun.resume_file.exists()
    assert notes == ["mine was stopped before its first epoch ended: this run takes its place"]
    with pytest.raises(RunError, match="'mine' is being trained by another process"):
        make_run(checkpoints, LANGUAGE, *about)
    kinds.write_resume_file(begun, RESULT)
    with pytest.raises(RunExistsError, match="'mine' exists"):
        make_run(checkpoints, LANGUAGE, *about)


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
        f"`run` {name!r} can't be a folder's name: use letters and digits, and after the "
        "first of them also . _ + -"
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
    kinds.write_resume_file(kinds.make_run(checkpoints, kind, "mine"), RESULT)
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
    kinds.write_resume_file(kinds.make_run(language, LANGUAGE, "mine"), RESULT)
    with pytest.raises(RunExistsError) as failure:
        check_name(tmp_path, CLASSIFIER, "mine")
    assert failure.value.kind == LANGUAGE.name


def test_a_folder_without_a_run_can_be_used(checkpoints: Path) -> None:
    """An empty folder, left by a run that failed at once, does not take the name."""
    kinds.make_run(checkpoints, LANGUAGE, "tiny")
    check_name(checkpoints, LANGUAGE, "tiny")
