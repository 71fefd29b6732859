"""Planning without a terminal and a network: folders, files of reviews, a recording reporter."""

from pathlib import Path

import pytest

from charrnn.planning.folders import Folders
from tests.support.reporting import RecordingReporter
from tests.support.reviews import write_folder, write_npz


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("a download")

    monkeypatch.setattr("charrnn.planning.review_sources.fetch", refuse)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Where a plan reads and writes; neither folder exists yet."""
    return Folders(tmp_path / "checkpoints", tmp_path / "data")


@pytest.fixture
def reporter() -> RecordingReporter:
    """Records what is reported."""
    return RecordingReporter()


@pytest.fixture
def npz() -> Path:
    """Reviews in Keras's format, ./mine/reviews.npz."""
    return write_npz(Path("mine/reviews.npz"))


@pytest.fixture
def folder() -> Path:
    """Reviews in the layout of aclImdb, ./aclImdb."""
    return write_folder(Path("aclImdb"))
