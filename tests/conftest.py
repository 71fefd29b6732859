"""Shared by all tests: folders of their own, text that is on every machine, and a small run."""

from functools import partial
from pathlib import Path

import pytest

from tests.support import networks
from tests.support.networks import MakeCheckpoint, MakeRun


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has its own working folder, and no settings from the outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHARRNN_DATA_DIR", raising=False)
    monkeypatch.delenv("CHARRNN_CHECKPOINTS", raising=False)


@pytest.fixture(scope="session")
def real_text() -> str:
    """The first 100,000 characters of Python's own help topics."""
    from pydoc_data.topics import topics

    return "\n".join(topics.values())[:100_000]


@pytest.fixture(scope="session")
def make_checkpoint() -> MakeCheckpoint:
    """Builds an untrained network of any configuration, with weights from a seed."""
    return networks.make_checkpoint


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes runs with one finished epoch into ./checkpoints."""
    return partial(networks.write_run, tmp_path / "checkpoints")
