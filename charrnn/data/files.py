"""Opening files that a stranger may have made or named: regular ones, within bounds."""

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import IO


def measure_regular(path: Path) -> int:
    """How many bytes a regular file has.

    Raises:
        OSError: it is missing, or something else; `strerror` says why.
    """
    try:
        found = path.stat()
    except ValueError as error:  # a NUL, or half a character
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
    raise OSError(errno.EINVAL, f"it is {kind}", str(path))


def take_fingerprint(found: os.stat_result) -> tuple[int, ...]:
    """Which file it is, and in which state: another one, or one written to since, differs."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file; a pipe or a device could keep a reader forever.

    Raises:
        OSError: it can't be opened, or is something else; `strerror` says why.
    """
    measure_regular(path)  # first, for some devices act on being opened
    return path.open("rb")


def hash_file(path: Path) -> str:
    """The SHA-256 of a regular file's bytes, in hexadecimal digits.

    Raises:
        OSError: it can't be read, or is something else.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of up to `most` bytes.

    Raises:
        OSError: it can't be read, is something else, or is larger.
    """
    size = measure_regular(path)
    if size > most:
        raise OSError(errno.EFBIG, f"it has over {most:,} bytes", str(path))
    with path.open("rb") as file:
        return file.read(size)


def spell_plainly(name: str) -> str:
    """A name as it can be shown and stored: bytes that are not UTF-8 are spelt out."""
    return name.encode("utf-8", "backslashreplace").decode()


class Bounded:
    """A file that can be read for no more than `left` bytes, a budget that its reader renews.

    Args:
        file: it.
        left: the budget.
        problem: what is wrong if that is not enough.
    """

    def __init__(self, file: IO[bytes], left: int, problem: str) -> None:
        self.left = left
        self.tell, self.seek, self.close = file.tell, file.seek, file.close
        self._read, self._problem = file.read, problem

    def seekable(self) -> bool:
        """Whether `seek` can be called: always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, all of them if `size` is negative.

        Raises:
            OSError: they are more than are left.
        """
        most = self.left + 1
        content = self._read(min(size, most) if size >= 0 else most)
        self.left -= len(content)
        if self.left < 0:
            raise OSError(errno.EFBIG, self._problem)
        return content
