"""Opening files that a stranger may have made or named: regular ones, within bounds."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import IO


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file; a pipe or a device could keep a reader forever.

    Raises:
        OSError: it can't be opened, or is something else; `strerror` says why.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except ValueError as error:  # a NUL, or half a character
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
    raise OSError(errno.EINVAL, f"it is {kind}", str(path))


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of up to `most` bytes.

    Raises:
        OSError: it can't be read, is something else, or is larger.
    """
    with open_regular(path) as file:
        content = file.read(min(os.fstat(file.fileno()).st_size, most) + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has over {most:,} bytes", str(path))
    return content


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
