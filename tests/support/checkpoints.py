"""Checkpoints that are edited from outside, and how each is rejected."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.errors import CheckpointError
from charrnn.runs.checkpoint import Checkpoint, read_checkpoint
from tests.support.messages import catch_message


def run_python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def seal(path: Path, *, form: str = "format 2") -> None:
    """Give a file the header of a whole file of ours, so that its inside is looked at."""
    title, _, _, rest = path.read_bytes().split(b"\n", 3)
    digest = hashlib.sha256(rest).hexdigest()
    path.write_bytes(title + f"\n{form}\nsha256 {digest}\n".encode() + rest)


def read_block(path: Path) -> bytes:
    """The line of JSON that a reader goes by."""
    return path.read_bytes().split(b"\n", 4)[3]


def replace_block(path: Path, text: bytes) -> None:
    """Put another line in its place, and seal the file again; what is too long hides arrays."""
    content = path.read_bytes()
    old = read_block(path)
    start = content.index(old)
    room = text.ljust(len(old), b" ") + b"\n"
    path.write_bytes(content[:start] + room + content[start + len(room) :])
    seal(path)


@contextmanager
def edit(path: Path) -> Iterator[dict[str, Any]]:
    """The block's values, which can be changed; a file that is changed so needs intent."""
    values = json.loads(read_block(path))
    yield values
    replace_block(path, json.dumps(values).encode())


def reject(path: Path) -> str:
    """The one line with which the file is rejected; it names the file."""
    message = catch_message(CheckpointError, lambda: read_checkpoint(path))
    assert str(path) in message
    return message


def assert_equal(read: Checkpoint, made: Checkpoint) -> None:
    """Fail unless the two are the same bit by bit."""
    assert read.network == made.network
    assert read.vocabulary.to_values() == made.vocabulary.to_values()
    assert repr(read.provenance) == repr(made.provenance)  # NaN does not equal itself
    assert list(read.weights) == list(made.weights)
    for name, values in made.weights.items():
        assert read.weights[name].dtype == np.float32
        assert np.array_equal(read.weights[name], values), name
