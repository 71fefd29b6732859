"""A run's folder, and a checkpoint that is written and read."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from charrnn.runs.checkpoint import SUFFIX, Checkpoint, write_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.networks import MakeCheckpoint


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """The folder of all runs, which does not exist yet."""
    return tmp_path / "checkpoints"


@pytest.fixture
def run(checkpoints: Path) -> Run:
    """The folder of a language model's run, without any file in it."""
    return kinds.make_run(checkpoints, LANGUAGE, "tiny")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a checkpoint may be written."""
    return tmp_path / f"net{SUFFIX}"


@pytest.fixture
def written(path: Path, make_checkpoint: MakeCheckpoint) -> Checkpoint:
    """A small LSTM's checkpoint, written to `path`."""
    made = make_checkpoint()
    write_checkpoint(path, made)
    return made


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras itself, started quietly."""
    import_module("charrnn.networks")
    import keras

    return keras
