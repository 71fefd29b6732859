"""Files are opened only if they are regular, and read only within bounds."""

import io
import os
from pathlib import Path

import pytest

from charrnn.data.files import Bounded, hash_file, open_regular, read_bounded

FILE = Path("file")


def catch_reason(path: Path, most: int = 100) -> str | None:
    with pytest.raises(OSError) as failure:  # noqa: PT011 - its reason is looked at
        read_bounded(path, most)
    return failure.value.strerror


def test_a_file_is_read_whole() -> None:
    """A file of just as many bytes as may be read is read, through a link too."""
    FILE.write_bytes(b"x" * 100)
    Path("link").symlink_to(FILE)
    assert read_bounded(FILE, 100) == read_bounded(Path("link"), 100) == b"x" * 100
    FILE.write_bytes(b"")
    assert read_bounded(FILE, 100) == b""


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_or_device_is_not_waited_for() -> None:
    """What could keep a reader forever is refused at once; so is a folder."""
    os.mkfifo("pipe")
    Path("link").symlink_to("/dev/zero")
    for path in (Path("pipe"), Path("/dev/zero"), Path("/dev/tty"), Path("link")):
        assert catch_reason(path) == "it is no regular file"
    assert catch_reason(Path()) == "it is a folder"


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    """A name with a NUL or half a character is an error like a missing file."""
    assert catch_reason(Path(name)) == "no file can have this name"


def test_too_large_a_file_is_not_read() -> None:
    """A file of a terabyte, which takes no room on the disk, takes none in memory either."""
    FILE.write_bytes(b"x" * 101)
    assert catch_reason(FILE) == "it has over 100 bytes"
    with FILE.open("wb") as file:
        file.truncate(2**40)
    assert catch_reason(FILE) == "it has over 100 bytes"
    with open_regular(FILE) as opened:
        assert opened.read(3) == b"\0\0\0"


def test_a_hash_is_of_a_regular_file() -> None:
    """It is the published SHA-256 of "abc"; what never ends is refused."""
    FILE.write_bytes(b"abc")
    assert hash_file(FILE) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(OSError, match="no regular file"):
        hash_file(Path("/dev/zero"))


def test_a_budget_can_be_renewed() -> None:
    """A bounded file gives what is left of its budget, and never more."""
    file = Bounded(io.BytesIO(bytes(range(100))), 5, "too much")
    assert (file.read(3), file.read(2)) == (b"\0\1\2", b"\3\4")
    with pytest.raises(OSError, match="too much"):
        file.read(1)
    file.left = 200
    assert file.read(10**30) == bytes(range(6, 100))
    file.left = 5
    file.seek(0)
    with pytest.raises(OSError, match="too much"):
        file.read()
