"""Writing files so that a reader sees the old content or the new, never half of one."""

import contextlib
import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BEGUN = ".part"
_TEMPORARY = re.compile(r"\..+\.\w{8}\.part")  # what `mkstemp` makes of our names


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a temporary file beside `path`, sync it to disk and rename it into place.

    Args:
        path: the file to create or replace; its folder must exist.
        content: the whole new content.

    Raises:
        OSError: the disk is full or the folder can't be written; it names `path`, which is
            untouched then.
    """
    with replace_atomically(path) as file:
        file.write(content)


@contextlib.contextmanager
def replace_atomically(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside `path`, to write and read; at the end it takes its place.

    Args:
        path: the file to create or replace; its folder must exist.

    Raises:
        OSError: as in `write_atomically`; that, or any other error, leaves `path` untouched.
    """
    with _name_in_errors(path):
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=_BEGUN
        )
        try:
            with os.fdopen(handle, "w+b") as file:
                with contextlib.suppress(OSError):  # not every disk has locks
                    _lock(file)
                yield file
                file.flush()
                os.fsync(file.fileno())
                Path(temporary).chmod(0o666 & ~_read_umask())
                Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    _sync_folder(path.parent)


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove temporary files whose writers were killed; one that is being written stays.

    A file that only looks like ours, such as a browser's or a pipe, stays too.

    Args:
        folder: where they are.
        name: of the file that they were to become; empty for any.
    """
    for path in find_files(folder, _BEGUN):
        with contextlib.suppress(OSError):
            is_meant = path.name.startswith(f".{name}")
            if is_meant and _TEMPORARY.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
                with path.open("rb") as file:
                    _lock(file)
                    path.unlink()


def find_files(folder: Path, ending: str = "") -> list[Path]:
    """The files of a folder whose names end so; none of a folder that isn't there any more.

    Other processes write and remove what we look at: nothing is found in a folder that has gone
    since it was listed, or that we may not look into; nor if no folder can have such a name.
    """
    try:
        return [path for path in folder.iterdir() if path.name.endswith(ending)]
    except (OSError, ValueError):
        return []


def _lock(file: BinaryIO) -> None:
    """Hold a file as long as it is open, and this process lives.

    Raises:
        BlockingIOError: another process holds it.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Bring a new name to disk, which else may be lost in a power cut; not all disks can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _name_in_errors(path: Path) -> Iterator[None]:
    """Have errors name the file that was asked for, not the temporary one."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _read_umask() -> int:
    """The process's file mode mask; the only way to read it is to set it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
