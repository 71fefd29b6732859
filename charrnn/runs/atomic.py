"""Writing files so that a reader sees the old content or the new, never half of one."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a temporary file beside `path`, sync it to disk and rename it into place.

    Args:
        path: the file to create or replace; its folder must exist.
        content: the whole new content.

    Raises:
        OSError: the disk is full or the folder can't be written; it names `path`, which is
            untouched then.
    """
    with _name_in_errors(path):
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part"
        )
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_read_umask())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


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
