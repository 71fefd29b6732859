"""The files of other programs: which one a file is, and the arrays in it.

No file is believed: sizes are bounded, no code in it is run, and HDF5 is left to a child process.
"""

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from charrnn.data.files import Bounded, open_regular, read_bounded
from charrnn.errors import CheckpointError
from charrnn.export import keras_archive
from charrnn.export.folder import MOST_WEIGHTS, WEIGHTS, read_folder
from charrnn.export.hdf5 import Contents, read_hdf5
from charrnn.export.safetensors import parse_arrays
from charrnn.runs import container
from charrnn.runs.checkpoint import Checkpoint, is_checkpoint, read_checkpoint

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\3\4"
_SUFFIX = ".safetensors"
_MOST_LISTED = 2**20  # bytes of an archive's list of members, which is read at once
_MOST_CONFIG = 2**18  # bytes


def read_own(path: Path) -> Checkpoint | None:
    """The network in a file or folder of our own making, with its characters; None in another's.

    Raises:
        CheckpointError: it is damaged.
        OSError: it can't be read.
    """
    if path.is_dir():
        return read_folder(path)
    if is_checkpoint(path):
        return read_checkpoint(path)
    with open_regular(path) as file:
        if file.read(len(_ZIP)) != _ZIP:
            return None
        with _unpack(file, path) as (_, weights):
            return _read_unpacked(weights, path) if is_checkpoint(weights) else None


def read_contents(path: Path) -> Contents:
    """The arrays in a file of another program, and what it says of its layers.

    Raises:
        CheckpointError: it is damaged, or of a kind that isn't read.
        OSError: it can't be read.
    """
    with open_regular(path) as file:
        start = file.read(len(_HDF5))
        file.seek(0)
        if start == _HDF5:
            return read_hdf5(file, str(path))
        if start.startswith(_ZIP):
            with _unpack(file, path) as (config, weights), weights.open("rb") as unpacked:
                found = read_hdf5(unpacked, f"{keras_archive.WEIGHTS} in {path}")
                return Contents(found.arrays, config)
    if path.suffix == _SUFFIX:
        return _read_safetensors(path)
    raise CheckpointError(
        f"{path} is no file of Keras's (.weights.h5, .h5, .keras) and no safetensors"
    )


def _read_safetensors(path: Path) -> Contents:
    """A file alone; a dot in a name is a step in a path."""
    try:
        arrays = parse_arrays(read_bounded(path, MOST_WEIGHTS)).arrays
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: {container.explain(error)}") from error
    return Contents({name.replace(".", "/"): values for name, values in arrays.items()}, "")


@contextlib.contextmanager
def _unpack(file: BinaryIO, path: Path) -> Iterator[tuple[str, Path]]:
    """The description in a `.keras` file, and its weights as a file of their own for a while."""
    listed = f"its list of members has over {_MOST_LISTED:,} bytes"
    bounded = Bounded(file, _MOST_LISTED, listed)
    try:
        archive = zipfile.ZipFile(bounded)
        names = archive.namelist()
        if keras_archive.CONFIG not in names or keras_archive.WEIGHTS not in names:
            raise CheckpointError(
                f"{path} is no .keras file: {keras_archive.CONFIG} or {keras_archive.WEIGHTS} is "
                f"missing; of an exported folder give the folder, with {WEIGHTS}"
            )
        for name in (keras_archive.CONFIG, keras_archive.WEIGHTS):
            if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
                raise CheckpointError(f"{path} is compressed, which Keras doesn't do")
        bounded.left = 2 * MOST_WEIGHTS
        with archive.open(keras_archive.CONFIG) as member:
            config = member.read(_MOST_CONFIG + 1)
        if len(config) > _MOST_CONFIG:
            raise CheckpointError(f"{keras_archive.CONFIG} in {path} is too long")
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder, keras_archive.WEIGHTS)
            with archive.open(keras_archive.WEIGHTS) as member, weights.open("wb") as unpacked:
                shutil.copyfileobj(member, unpacked)
            yield config.decode(errors="replace"), weights
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _read_unpacked(weights: Path, path: Path) -> Checkpoint:
    try:
        return read_checkpoint(weights)
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(str(weights), str(path))) from error
