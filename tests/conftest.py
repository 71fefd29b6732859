"""Shared by all tests: folders of their own, text that is on every machine, and a small run."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import charrnn
from charrnn.runs.claim import release_claims
from tests.support import networks
from tests.support.networks import MakeCheckpoint, MakeRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NATIVE = Path(charrnn.__file__).parent / "networks" / "native"


def _name_native_cache() -> str:
    """A folder for this very code: numba does not see that an inner function has changed."""
    code = b"".join(module.read_bytes() for module in sorted(_NATIVE.glob("*.py")))
    name = f"charrnn-native-{hashlib.sha256(code).hexdigest()[:16]}"
    return str(Path(tempfile.gettempdir(), name))


os.environ.setdefault("NUMBA_CACHE_DIR", _name_native_cache())


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test has its own working folder, no settings from outside, and leaves no lock."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHARRNN_DATA_DIR", raising=False)
    monkeypatch.delenv("CHARRNN_CHECKPOINTS", raising=False)
    yield
    release_claims()


@pytest.fixture(scope="session")
def real_text() -> str:
    """The first 100,000 characters of Python's own help topics."""
    from pydoc_data.topics import topics

    return "\n".join(topics.values())[:100_000]


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A headless Chromium, or a skip that says that there is none; one for all tests of pages."""
    from tests.support.browser import start_browser

    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def make_checkpoint() -> MakeCheckpoint:
    """Builds an untrained network of any configuration, with weights from a seed."""
    return networks.make_checkpoint


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes runs with one finished epoch into ./checkpoints."""
    return partial(networks.write_run, tmp_path / "checkpoints")
