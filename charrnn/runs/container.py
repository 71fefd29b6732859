"""HDF5 files behind a checksum, so that HDF5 never parses a damaged one.

HDF5 reads some damaged files for ever or brings the process down. Its format lets a program keep
a block of its own at the file's start, which other readers, Keras among them, pass over. Ours holds
what the file is, the number of its format, and the SHA-256 of all that follows.
"""

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py

from charrnn.errors import CharrnnError, CheckpointError
from charrnn.runs.atomic import write_atomically

_BLOCK = 512  # bytes, the smallest that HDF5 allows
_HDF5 = b"\x89HDF\r\n\x1a\n"


def write(path: Path, title: str, version: int, fill: Callable[[Any], None]) -> None:
    """Write an HDF5 file whole or not at all.

    Args:
        path: the file to create or replace.
        title: what the file is, in a word or two.
        version: the number of its format.
        fill: puts the content into the open `h5py.File`.

    Raises:
        OSError: the disk is full or the folder can't be written; `path` is untouched then.
    """
    content = io.BytesIO()
    with h5py.File(content, "w", userblock_size=_BLOCK) as file:
        fill(file)
    buffer = content.getbuffer()
    digest = hashlib.sha256(buffer[_BLOCK:]).hexdigest()
    header = f"{title}\nformat {version}\nsha256 {digest}\n".encode()
    buffer[: len(header)] = header
    write_atomically(path, buffer)


@contextlib.contextmanager
def open_verified(path: Path, title: str, version: int) -> Iterator[Any]:
    """The `h5py.File` at `path`, once it has proved to be whole; what goes wrong inside is damage.

    Args:
        path: the file.
        title: what it must be.
        version: the number of the format that the caller reads.

    Raises:
        CheckpointError: it is missing, damaged, something else, or of a newer format.
    """
    try:
        _verify(path, title, version)
        with h5py.File(path) as file:
            yield file
    except FileNotFoundError as error:
        raise CheckpointError(f"no file {path}") from error
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"can't read {path}: {error.strerror or 'damaged'}") from error
    except Exception as error:
        has_reason = isinstance(error, (CharrnnError, ValueError))
        reason = str(error) if has_reason else type(error).__name__
        raise CheckpointError(f"{path} is damaged inside: {reason}") from error


def read_title(path: Path) -> str:
    """What a file says that it is; nothing of what follows is verified.

    Raises:
        CheckpointError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_BLOCK).split(b"\n")[0].decode(errors="replace")
    except OSError as error:
        raise CheckpointError(f"can't read {path}: {error.strerror}") from error


def _verify(path: Path, title: str, version: int) -> None:
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        found, form, digest = [*block.rstrip(b"\0").split(b"\n"), b"", b"", b""][:3]
        if found != title.encode():
            raise CheckpointError(f"{path} is not a {title}{_guess(block, found)}")
        if form != f"format {version}".encode():
            raise CheckpointError(f"{path} is of another, probably newer, format: upgrade charrnn")
        if digest != b"sha256 " + hashlib.file_digest(file, "sha256").hexdigest().encode():
            raise CheckpointError(f"{path} is damaged: its checksum is wrong; use another one")


def _guess(block: bytes, found: bytes) -> str:
    """What else the file may be, by its beginning."""
    if block.startswith(_HDF5):
        return ": another program's HDF5 file has no vocabulary or settings"
    if found.startswith(b"charrnn "):
        return f" but a {found.decode(errors='replace')}"
    return "" if block else ": it is empty"
