"""Files of another kind, and damaged ones, are rejected before HDF5 sees them."""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, read_checkpoint
from tests.support.checkpoints import BLOCK, assert_equal, reject, seal


def test_missing_file_is_said_to_be_missing(path: Path) -> None:
    """No file is not a damaged file, and the cause is kept for those who want to see it."""
    assert reject(path) == f"no file {path}"
    with pytest.raises(CheckpointError) as failure:
        read_checkpoint(path)
    assert isinstance(failure.value.__cause__, FileNotFoundError)


def test_folder_is_no_checkpoint(tmp_path: Path) -> None:
    """A folder given as a checkpoint is one line too."""
    assert f"can't read {tmp_path}: Is a directory" in reject(tmp_path)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that HDF5 has been asked to parse."""
    opened: list[Path] = []
    real = h5py.File

    def note(path: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(h5py, "File", note)
    return opened


def test_truncated_file_is_refused_at_every_length(
    path: Path, written: Checkpoint, parsed: list[Path]
) -> None:
    """A file that was cut off, anywhere, is never taken for a whole one, nor parsed at all."""
    content = path.read_bytes()
    lengths = {0, 1, 7, 8, 9, 100, len(content) - 1, *range(0, len(content), len(content) // 97)}
    for length in sorted(lengths):
        path.write_bytes(content[:length])
        reject(path)
    assert parsed == []
    path.write_bytes(content)
    assert_equal(read_checkpoint(path), written)
    assert parsed == [path]


@pytest.mark.usefixtures("written")
def test_truncated_file_is_said_to_be_damaged(path: Path) -> None:
    """What is left of a checkpoint is called damaged, unlike a file that never was one."""
    os.truncate(path, path.stat().st_size // 2)
    assert "damaged" in reject(path)


def test_longer_file_is_refused(path: Path, written: Checkpoint) -> None:
    """What was appended to a file is noticed too."""
    assert_equal(read_checkpoint(path), written)
    with path.open("ab") as file:
        file.write(b"\0")
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("written")
def test_flipped_bits_are_found_before_hdf5_sees_them(path: Path, parsed: list[Path]) -> None:
    """One changed bit, which can bring HDF5 down or hang it, is found without its help."""
    content = path.read_bytes()
    random = np.random.default_rng(0)
    header = range(content.index(b"\0"))
    for place in [*header, *random.integers(BLOCK, len(content), 400), len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        reject(path)
    assert parsed == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"All: Hello\n" * 1000,
        b"\x89HDF\r\n\x1a\n",
        b"\x89HDF\r\n\x1a\n" + bytes(5000),
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        bytes(100_000),
    ],
)
def test_other_files_are_no_checkpoints(path: Path, content: bytes) -> None:
    """A text, a picture, nothing at all: each is one line."""
    path.write_bytes(content)
    assert "not a charrnn checkpoint" in reject(path)


@settings(deadline=None)
@given(content=st.binary(max_size=3000))
def test_junk_is_no_checkpoint(content: bytes) -> None:
    """Random bytes are no checkpoint, whatever they are."""
    path = Path(f"junk{SUFFIX}")
    path.write_bytes(content)
    assert "is not a charrnn checkpoint" in reject(path)


def test_keras_archive_is_no_checkpoint(tmp_path: Path) -> None:
    """A `.keras` file, which is a zip, is said to be no checkpoint."""
    archive = tmp_path / "model.keras"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", "{}")
    assert "is not a charrnn checkpoint" in reject(archive)


def test_other_programs_hdf5_is_recognized(path: Path) -> None:
    """An HDF5 file with other things in it is said to be another program's."""
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(5)
    assert "another program's" in reject(path)


@pytest.mark.usefixtures("written")
def test_newer_format_asks_for_an_upgrade(path: Path) -> None:
    """A file of a later charrnn is not guessed at."""
    seal(path, form="format 2")
    assert reject(path) == f"{path} is of another, probably newer, format: upgrade charrnn"


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("form", ["", "format", "format one", "format 1.0", "format 1 or so"])
def test_unknown_formats_are_refused(path: Path, form: str) -> None:
    """A format that is not written the way ours is written is not ours."""
    seal(path, form=form)
    assert "format" in reject(path)


def test_header_says_what_the_file_is(path: Path, written: Checkpoint) -> None:
    """The first lines are text that a person, or `sha256sum`, can check without this program."""
    content = path.read_bytes()
    title, form, digest, _ = content[:BLOCK].split(b"\n")
    assert (title, form) == (b"charrnn checkpoint", b"format 1")
    assert digest == b"sha256 " + hashlib.sha256(content[BLOCK:]).hexdigest().encode()
    seal(path)
    assert path.read_bytes() == content
    assert_equal(read_checkpoint(path), written)


@pytest.mark.usefixtures("written")
def test_a_title_is_read_without_the_rest(path: Path) -> None:
    """What a file says that it is can be read although the rest of it is damaged."""
    os.truncate(path, BLOCK)
    assert container.read_title(path) == "charrnn checkpoint"
    path.write_bytes(b"\xff\xfe other\nlines")
    assert container.read_title(path).endswith(" other")


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_title_that_can_not_be_read(name: str) -> None:
    """A file that is missing or is a folder is an error of ours."""
    with pytest.raises(CheckpointError, match=r"^can't read "):
        container.read_title(Path(name))
