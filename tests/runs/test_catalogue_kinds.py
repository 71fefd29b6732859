"""The kind of a run is what its files say, whatever the folders around it are called."""

from pathlib import Path

import pytest

from charrnn.runs import container
from charrnn.runs.catalogue import detect_kind, find_newest_run, find_run, list_runs
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from tests.support import kinds

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def list_names(checkpoints: Path, kind: Kind) -> list[str]:
    return [run.name for run in list_runs(checkpoints, kind)]


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
    assert find_newest_run(checkpoints, LANGUAGE).kind == LANGUAGE
    assert find_newest_run(checkpoints, LANGUAGE).checkpoints == checkpoints
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
    container.write(run.resume_file, "charrnn resume file", 2, 7, {})
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
