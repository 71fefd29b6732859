"""Checkpoints that are edited from outside, and how each is rejected."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from charrnn.errors import CheckpointError
from charrnn.runs.checkpoint import Checkpoint, read_checkpoint
from tests.support.messages import catch_message

BLOCK = 512  # bytes before the HDF5 content


def run_python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def seal(path: Path, *, form: str = "format 1") -> None:
    """Give a file the header of a whole checkpoint, so that its inside is looked at."""
    content = path.read_bytes()
    digest = hashlib.sha256(content[BLOCK:]).hexdigest()
    header = f"charrnn checkpoint\n{form}\nsha256 {digest}\n".encode()
    path.write_bytes(header.ljust(BLOCK, b"\0") + content[BLOCK:])


@contextmanager
def edit(path: Path) -> Iterator[Any]:
    """The open HDF5 file, sealed again after the change, which needs intent."""
    with h5py.File(path, "r+") as file:
        yield file
    seal(path)


def reject(path: Path) -> str:
    """The one line with which the file is rejected; it names the file."""
    message = catch_message(CheckpointError, lambda: read_checkpoint(path))
    assert str(path) in message
    return message


def assert_equal(read: Checkpoint, made: Checkpoint) -> None:
    """Fail unless the two are the same bit by bit."""
    assert read.network == made.network
    assert read.vocabulary.characters == made.vocabulary.characters
    assert repr(read.provenance) == repr(made.provenance)  # NaN does not equal itself
    assert list(read.weights) == list(made.weights)
    for name, values in made.weights.items():
        assert read.weights[name].dtype == np.float32
        assert np.array_equal(read.weights[name], values), name
