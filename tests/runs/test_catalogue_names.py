"""The folders that are claimed for new runs."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.runs.catalogue import claim_folder
from charrnn.runs.kinds import KINDS, LANGUAGE, Kind
from charrnn.runs.names import choose_name
from charrnn.runs.run import Run

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
    choose_name(checkpoints, LANGUAGE, claim_folder(checkpoints, LANGUAGE, corpus, "lstm").name)


@pytest.mark.parametrize("letter", ["x", "é", "夢"])
def test_the_longest_file_name_gives_a_possible_folder(checkpoints: Path, letter: str) -> None:
    """A text with the longest name that a file can have still gets a folder."""
    stem = letter * (251 // len(letter.encode()))  # with .txt the most that file systems take
    for end in ("-lstm", "-lstm-2"):
        run = claim_folder(checkpoints, LANGUAGE, stem, "lstm")
        assert run.folder.is_dir()
        assert run.name.startswith(letter * 20)
        assert run.name.endswith(end)
