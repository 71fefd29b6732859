"""Files appear whole or not at all, whatever happens meanwhile."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from charrnn.runs.atomic import find_files, remove_leftovers, write_atomically

OLD, NEW = b"old" * 10_000, b"new!" * 20_000

WRITE_WITH_LIMIT = """
import resource, sys
from pathlib import Path
from charrnn.runs.atomic import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 100_000)
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def existing(tmp_path: Path) -> Path:
    """A file with old content."""
    file = tmp_path / "file.bin"
    file.write_bytes(OLD)
    return file


def list_others(path: Path) -> list[str]:
    return [other.name for other in path.parent.iterdir() if other != path]


@pytest.mark.parametrize("content", [b"", b"\x00\xff", NEW, memoryview(NEW)])
def test_content_is_written_as_it_is(tmp_path: Path, content: bytes | memoryview) -> None:
    """A new file holds the content, and nothing lies beside it."""
    write_atomically(tmp_path / "new.bin", content)
    assert (tmp_path / "new.bin").read_bytes() == content
    assert list_others(tmp_path / "new.bin") == []


def test_reader_keeps_what_it_opened(existing: Path) -> None:
    """A reader in the middle of the old content reads on in the old content to its end."""
    with existing.open("rb") as reader:
        begun = reader.read(1000)
        write_atomically(existing, NEW)
        assert begun + reader.read() == OLD
    assert existing.read_bytes() == NEW


def test_readers_never_see_a_mixture(existing: Path) -> None:
    """While a file is written again and again, each reading is of one whole content."""
    done = threading.Event()

    def write_in_turn() -> None:
        for _ in range(50):
            write_atomically(existing, NEW)
            write_atomically(existing, OLD)
        done.set()

    writer = threading.Thread(target=write_in_turn)
    writer.start()
    seen = {existing.read_bytes()}
    while not done.is_set():
        seen.add(existing.read_bytes())
    writer.join()
    assert seen <= {OLD, NEW}


def test_writers_at_once_leave_one_whole_content(existing: Path) -> None:
    """Several writers don't share a temporary file: one whole content stays."""
    contents = [bytes([number]) * 50_000 for number in range(8)]
    writers = [threading.Thread(target=write_atomically, args=(existing, c)) for c in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert existing.read_bytes() in contents
    assert list_others(existing) == []


@pytest.mark.parametrize("failure", [OSError("no space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failure_leaves_the_old_content(
    existing: Path, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    """Whatever ends the writing, even Ctrl-C, the old content stays and no half file is left."""

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(type(failure)):
        write_atomically(existing, NEW)
    assert existing.read_bytes() == OLD
    assert list_others(existing) == []


@pytest.mark.parametrize("content", [b"small", NEW])
def test_content_is_on_disk_before_it_has_the_name(
    existing: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """The whole content is synced under another name first, so a power cut can't halve it."""
    synced: list[tuple[int, int, bytes]] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        status = os.fstat(handle)
        synced.append((status.st_ino, status.st_size, existing.read_bytes()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    write_atomically(existing, content)
    first, then = synced
    assert first == (existing.stat().st_ino, len(content), OLD)
    assert (then[0], then[2]) == (existing.parent.stat().st_ino, content)  # the name, too


def test_a_folder_that_cannot_be_synced(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that syncs no folders, the file is written all the same."""
    fsync = os.fsync

    def sync_only_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", sync_only_files)
    write_atomically(existing, NEW)
    assert existing.read_bytes() == NEW


def test_a_disk_without_locks(existing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can be locked, files are written, and nothing is taken for a leftover."""

    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    write_atomically(existing, NEW)
    assert existing.read_bytes() == NEW
    begun = existing.with_name(".file.bin.x.part")
    begun.touch()
    remove_leftovers(existing.parent)
    assert begun.exists()


KILL_BEFORE_RENAMING = """
import os, signal, sys
from pathlib import Path
from charrnn.runs.atomic import write_atomically

Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(Path(sys.argv[1]), b"half")
"""


def test_what_a_killed_writer_left_is_removed(existing: Path) -> None:
    """A temporary file goes once its writer is dead; the file itself is untouched."""
    killed = [sys.executable, "-c", KILL_BEFORE_RENAMING, str(existing)]
    assert subprocess.run(killed, check=False, timeout=60).returncode == -signal.SIGKILL
    (left,) = list_others(existing)
    assert left.startswith(".file.bin.")
    remove_leftovers(existing.parent)
    assert existing.read_bytes() == OLD
    assert list_others(existing) == []


def test_what_is_being_written_is_no_leftover(
    existing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a writer lives, its temporary file stays, and becomes the file."""
    sync = os.fsync

    def remove_meanwhile(handle: int) -> None:
        remove_leftovers(existing.parent)
        sync(handle)

    monkeypatch.setattr(os, "fsync", remove_meanwhile)
    write_atomically(existing, NEW)
    assert existing.read_bytes() == NEW


def test_files_of_a_folder_that_goes_away(existing: Path) -> None:
    """A folder that isn't there any more, or is none, has no files."""
    assert find_files(existing.parent, ".bin") == [existing]
    assert find_files(existing.parent, ".h5") == []
    assert find_files(existing) == []
    assert find_files(existing.parent / "gone") == []


def test_full_disk_leaves_the_old_content(existing: Path) -> None:
    """A disk with room for a part of the content makes writing fail and keeps the old content."""
    command = [sys.executable, "-c", WRITE_WITH_LIMIT, str(existing)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert child.stdout == "File too large\n"
    assert existing.read_bytes() == OLD
    assert list_others(existing) == []


def test_folder_in_the_way_is_kept(tmp_path: Path) -> None:
    """A folder of the file's name makes writing fail, without a half file beside it."""
    (tmp_path / "name" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "name", NEW)
    assert (tmp_path / "name" / "inside").is_dir()
    assert list_others(tmp_path / "name") == []


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    """A folder that does not exist is not created along the way."""
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "file", NEW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nowhere/x.png", "file.bin/x.png", "x" * 250, "folder"])
def test_error_names_what_was_asked_for(existing: Path, name: str) -> None:
    """Whether the temporary file can't be made or not be renamed, its name is not shown."""
    (existing.parent / "folder" / "inside").mkdir(parents=True)
    asked = existing.parent / name
    with pytest.raises(OSError, match=r"\[Errno") as failure:
        write_atomically(asked, NEW)
    assert failure.value.filename == str(asked)
    assert ".part" not in str(failure.value)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_file_can_be_shared_as_any_other(tmp_path: Path, mask: int, mode: int) -> None:
    """The file's permissions follow the user's mask, which does not change."""
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", NEW)
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_only_leftovers_of_our_own_are_removed(tmp_path: Path) -> None:
    """A browser's unfinished download stays, and so does a pipe that looks like ours."""
    for name in ("film.mp4.part", ".film.part", ".resume.h5.abc.part"):
        (tmp_path / name).touch()
    (tmp_path / ".resume.h5.ab_d9x1z.part").touch()
    os.mkfifo(tmp_path / ".resume.h5.pipepipe.part")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".film.part",
        ".resume.h5.abc.part",
        ".resume.h5.pipepipe.part",
        "film.mp4.part",
    ]
