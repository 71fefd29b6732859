"""Shared by all tests: text that is on every machine, and small networks without TensorFlow."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint, Provenance
from charrnn.config.language import NetworkConfig
from charrnn.data.vocabulary import Vocabulary

MakeCheckpoint = Callable[..., Checkpoint]


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

    def make(
        characters: str = "\n !abcdefgh",
        *,
        seed: int = 0,
        finished: bool = True,
        **sizes: str | float,
    ) -> Checkpoint:
        sizes = {"embedding": 5, "units": 7} | sizes
        config = NetworkConfig(vocabulary_size=len(characters), **sizes)  # type: ignore[arg-type]
        random = np.random.default_rng(seed)
        weights = {
            name: random.normal(0, 0.4, shape).astype(np.float32)
            for name, shape in config.weight_shapes().items()
        }
        provenance = Provenance("test", "0" * 64, 1, 2.5, 2.25, finished)
        return Checkpoint(config, Vocabulary(characters), provenance, weights)

    return make


@pytest.fixture
def make_run(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> Callable[..., Path]:
    """Writes a run folder with one finished epoch into ./checkpoints; returns the file's path."""

    def make(name: str = "tiny", epoch: int = 1, **sizes: str | float) -> Path:
        folder = tmp_path / "checkpoints" / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"epoch-{epoch:04d}{checkpoint.SUFFIX}"
        checkpoint.write(path, make_checkpoint(**sizes))
        return path

    return make
