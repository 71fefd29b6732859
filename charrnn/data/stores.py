"""Where bytes are kept while they become more: in memory, or in a file."""

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.errors import NoRoomError


class Store(Protocol):
    """Bytes that can be read and replaced anywhere, and grow at their end."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, first: int, last: int) -> bytes | bytearray:
        """Those of the range [first, last)."""

    def write(self, first: int, content: bytes) -> None:
        """Replace those from `first` on; bytes that are skipped beyond the end become zeros."""

    def truncate(self, length: int) -> None:
        """Forget those from `length` on."""

    def view(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """All of them as numbers; the store must not change any more."""


class MemoryStore:
    """A store in memory."""

    def __init__(self) -> None:
        self._content = bytearray()  # grows without a copy, in most allocators

    def __len__(self) -> int:
        return len(self._content)

    def read(self, first: int, last: int) -> bytearray:
        """Those of the range [first, last)."""
        return self._content[first:last]

    def write(self, first: int, content: bytes) -> None:
        """Replace those from `first` on."""
        self._content.extend(bytes(max(0, first - len(self._content))))
        self._content[first : first + len(content)] = content

    def truncate(self, length: int) -> None:
        """Forget those from `length` on."""
        del self._content[length:]

    def view(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """All of them as numbers."""
        return np.frombuffer(self._content, dtype)


class FileStore:
    """A store in a file, from a place in it on.

    Args:
        file: opened for reading and writing.
        offset: the place.
        shown: what to call it in an error.

    Raises:
        NoRoomError: by any method; the file can't be written or read.
    """

    def __init__(self, file: BinaryIO, offset: int, shown: str) -> None:
        self._file, self._offset, self._length = file, offset, 0
        self._shown = shown

    def __len__(self) -> int:
        return self._length

    def read(self, first: int, last: int) -> bytes:
        """Those of the range [first, last)."""
        with self._explain_errors():
            self._file.seek(self._offset + first)
            return self._file.read(min(last, self._length) - first)

    def write(self, first: int, content: bytes) -> None:
        """Replace those from `first` on."""
        with self._explain_errors():
            self._file.seek(self._offset + first)
            self._file.write(content)
        self._length = max(self._length, first + len(content))

    def truncate(self, length: int) -> None:
        """Forget those from `length` on."""
        with self._explain_errors():
            self._file.truncate(self._offset + length)
        self._length = length

    def view(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """All of them as numbers, which are mapped."""
        with self._explain_errors():
            self._file.flush()
            shape = (self._length // dtype.itemsize,)
            return np.memmap(self._file, dtype, "r", self._offset, shape)

    @contextlib.contextmanager
    def _explain_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NoRoomError(f"can't write {self._shown}: {error.strerror}") from error
