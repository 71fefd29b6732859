"""Compressed texts, against what Python's own compressors were given."""

import errno
import gzip
import io
import sys
import tracemalloc
from collections import deque
from collections.abc import Callable
from functools import partial

import pytest
from backports import zstd

from charrnn.data import unpack as module
from charrnn.data.unpack import Stream, unpack
from charrnn.errors import CorpusError

TEXT = b"".join(b"%d naive letters\r\n" % number for number in range(20_000))
WITH_CHECKSUM: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}  # as its command


def pack_zstd(content: bytes) -> bytes:
    return zstd.compress(content, options=WITH_CHECKSUM)


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": pack_zstd}

Pack = Callable[[bytes], bytes]
each_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


class Slow(io.BytesIO):
    """A pipe that gives a byte at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 1) if size else size)


def read_all(stream: Stream) -> bytes:
    return b"".join(iter(lambda: stream.read(1000), b""))


def unpack_all(content: bytes) -> bytes:
    return read_all(unpack(io.BytesIO(content), "a.txt"))


@pytest.mark.parametrize("content", [TEXT, b"", b"a", b"\x1f", b"\x28\xb5\x2f", b"abc"])
def test_what_is_not_packed_is_given_as_it_is(content: bytes) -> None:
    """Any other bytes come through, in pieces of at most the size asked for."""
    assert unpack_all(content) == content
    stream = unpack(io.BytesIO(content), "a.txt")
    pieces = list(iter(lambda: stream.read(7), b""))
    assert b"".join(pieces) == content
    assert all(len(piece) <= 7 for piece in pieces)


@each_packer
@pytest.mark.parametrize("content", [TEXT, b"", b"a"])
def test_what_is_packed_is_unpacked(pack: Pack, content: bytes) -> None:
    """The start of a file tells how it is packed, whatever it is called; a pipe's too."""
    packed = pack(content)
    assert unpack_all(packed) == content
    assert read_all(unpack(Slow(packed), "a.txt")) == content


@each_packer
def test_several_members_are_one_text(pack: Pack) -> None:
    """Compressed files that were joined by cat are unpacked to the end."""
    assert unpack_all(pack(b"one\n") + pack(TEXT)) == b"one\n" + TEXT


@each_packer
@pytest.mark.parametrize("damage", ["cut", "cut early", "changed", "more"])
def test_damage_is_found(pack: Pack, damage: str) -> None:
    """A file that was cut, changed or made longer is an error in one line."""
    packed = pack(TEXT)
    middle = len(packed) // 2
    damaged = {
        "cut": packed[:-3],
        "cut early": packed[:6],
        "changed": packed[:middle] + bytes(16) + packed[middle + 16 :],
        "more": packed + b"something else",
    }[damage]
    with pytest.raises(CorpusError) as failure:
        unpack_all(damaged)
    assert str(failure.value) == "a.txt is damaged, or was cut: get it again"


@each_packer
def test_a_bomb_ends_early(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that unpacks to far more than any text does is an error, in little memory."""
    monkeypatch.setattr(module, "_SMALL", 2**16)
    bomb = pack(bytes(2**24))
    tracemalloc.start()
    try:
        with pytest.raises(CorpusError, match="unpacks to over 200 times its size") as failure:
            deque(iter(partial(unpack(io.BytesIO(bomb), "a.txt").read, 2**16), b""), 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(failure.value)
    assert peak < 4_000_000


@each_packer
def test_a_small_text_may_repeat_itself(pack: Pack) -> None:
    """Up to 64 MiB no ratio is too high: the same line again and again is a text."""
    text = b"All work and no play makes Jack a dull boy.\n" * 40_000
    packed = pack(text)
    assert len(text) > 200 * len(packed)
    assert unpack_all(packed) == text


def test_a_window_is_bounded() -> None:
    """A zstd file that needs more memory than its own command grants is an error."""
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 28,
        zstd.CompressionParameter.content_size_flag: 0,
    }
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(TEXT) + packer.flush()
    with pytest.raises(CorpusError, match="is damaged"):
        unpack_all(packed)


def test_without_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package is not installed, the error names it."""
    packed = zstd.compress(TEXT)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.delattr("backports.zstd")
    with pytest.raises(CorpusError) as failure:
        unpack_all(packed)
    assert str(failure.value) == (
        "a.txt is a zstd file, which needs the package backports.zstd: pip install backports.zstd, "
        "or unpack the file"
    )


def test_other_errors_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system is not taken for damage."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    monkeypatch.setattr(module, "_BLOCK", 20)
    stream = unpack(Failing(gzip.compress(TEXT)), "a.txt")
    with pytest.raises(OSError, match="Input/output error"):
        read_all(stream)
