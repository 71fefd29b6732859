"""The folders that are claimed for new runs."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import RunError, RunExistsError
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.names import choose_name, claim_folder, make_run
from charrnn.runs.run import Run
from tests.support import kinds

RESULT = EpochResult(1, 2.5, 2.25, 1.0)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


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
    name = claim_folder(checkpoints, LANGUAGE, corpus, "lstm").name
    assert choose_name(checkpoints, LANGUAGE, name) == name


@pytest.mark.parametrize("letter", ["x", "é", "夢"])
def test_the_longest_file_name_gives_a_possible_folder(checkpoints: Path, letter: str) -> None:
    """A text with the longest name that a file can have still gets a folder."""
    stem = letter * (251 // len(letter.encode()))  # with .txt the most that file systems take
    for end in ("-lstm", "-lstm-2"):
        run = claim_folder(checkpoints, LANGUAGE, stem, "lstm")
        assert run.folder.is_dir()
        assert run.name.startswith(letter * 20)
        assert run.name.endswith(end)
