"""Compressed files, unpacked as they are read, within bounded memory."""

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Protocol

from charrnn.errors import CorpusError

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BLOCK = 2**16  # bytes
_HIGHEST_RATIO = 200  # of sizes; English text has 3, a log file 20 and rarely 100
_SMALL = 2**26  # bytes that may be unpacked at any ratio
_MOST_WINDOW = 27  # log2 of the bytes that zstd may look back at, its own command's limit


class Stream(Protocol):
    """Where bytes come from."""

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""


class _Counter(io.RawIOBase):
    """A stream that begins with bytes that were read from it, and counts all of them."""

    def __init__(self, start: bytes, rest: Stream) -> None:
        super().__init__()
        self.count = 0
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer)  # type: ignore[arg-type] # typeshed's Buffer
        content = self.read(len(room))
        room[: len(content)] = content
        return len(content)

    def read(self, size: int = -1) -> bytes:
        content, self._start = self._start[:size], self._start[size:]
        content = content or self._rest.read(size)
        self.count += len(content)
        return content


class Allowance:
    """How many bytes a file may unpack to.

    Args:
        shown: what to call it in an error.
        count_packed: says how many bytes were read of it.
    """

    def __init__(self, shown: str, count_packed: Callable[[], int]) -> None:
        self._shown, self._count_packed = shown, count_packed
        self._spent = 0

    def spend(self, count: int) -> None:
        """Unpack so many more bytes.

        Raises:
            CorpusError: they are more than any text unpacks to.
        """
        self._spent += count
        if self._spent > max(_SMALL, _HIGHEST_RATIO * self._count_packed()):
            raise CorpusError(
                f"{self._shown} unpacks to over {_HIGHEST_RATIO} times its size, which no text "
                "does: if it is one, unpack it"
            )


class _Unpacker:
    """What a packed stream holds."""

    def __init__(self, packed: _Counter, unpacked: Stream, shown: str) -> None:
        self._unpacked, self._shown = unpacked, shown
        self._allowance = Allowance(shown, lambda: packed.count)

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many.

        Raises:
            CorpusError: they are damaged, or unpack to more than any text does.
        """
        try:
            content = self._unpacked.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise self._explain_damage() from error
        except Exception as error:
            if type(error).__name__ == "ZstdError":  # of a library that may not be there
                raise self._explain_damage() from error
            raise
        self._allowance.spend(len(content))
        return content

    def _explain_damage(self) -> CorpusError:
        return CorpusError(f"{self._shown} is damaged, or was cut: get it again")


def unpack(stream: Stream, shown: str) -> Stream:
    """A stream, or what it holds if it is compressed by gzip or zstd, which its start tells.

    Args:
        stream: its first bytes are read.
        shown: what to call it in an error.

    Raises:
        CorpusError: it is compressed by zstd, and nothing here can unpack that; as it is read, that
            it is damaged, or a bomb.
    """
    start = more = stream.read(_BLOCK)
    while more and len(start) < len(_ZSTD):
        start += (more := stream.read(_BLOCK))
    counted = _Counter(start, stream)
    if start.startswith(_GZIP):
        packed = io.BufferedReader(counted)
        return _Unpacker(counted, gzip.GzipFile(fileobj=packed), shown)
    if start.startswith(_ZSTD):
        return _Unpacker(counted, _open_zstd(counted, shown), shown)
    return counted


def _open_zstd(counted: _Counter, shown: str) -> Stream:
    try:
        from backports import zstd
    except ImportError as error:
        raise CorpusError(
            f"{shown} is a zstd file, which needs the package backports.zstd: pip install "
            "backports.zstd, or unpack the file"
        ) from error
    limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _MOST_WINDOW}
    return zstd.ZstdFile(io.BufferedReader(counted), options=limit)
