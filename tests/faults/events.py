"""What a program does to its disk, as named moments at which something can go wrong.

A moment lies before and after each step of a write: making the temporary file, writing, in the
middle of it, syncing, renaming, removing. Its name says which file the write is for, whatever the
epoch: "half write resume.h5", and "half write resume.h5, 2" when the process does so again.
Installed in a child process only, never undone there.
"""

import errno
import io
import os
import re
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BALLAST = "ballast"
"""The file in the working folder that takes the room on a disk."""

_ERRORS = {"full": errno.ENOSPC, "read-only": errno.EROFS}
_TEMPORARY = re.compile(r"\.(.+)\.\w{8}\.part")


@dataclass
class Events:
    """Passes moments by, and at one of them kills the process or lets the disk fail.

    Attributes:
        log: a file that gets each moment's name.
        kind: "kill", "full", "read-only", or empty for no fault.
        moment: the name of the moment at which it happens.
        own_disk: whether the working folder's disk may be filled; else errors are raised instead.
    """

    log: Path
    kind: str = ""
    moment: str = ""
    own_disk: bool = False
    _passed: Counter[str] = field(default_factory=Counter, init=False)
    _file: str = field(default="", init=False)
    _error: int = field(default=0, init=False)

    def install(self) -> None:
        """Put the moments into the functions that `charrnn.runs` writes with."""
        for owner, names in (
            (tempfile, ["mkstemp"]),
            (os, ["fsync"]),
            (Path, ["chmod", "replace", "unlink", "mkdir", "rmdir"]),
        ):
            for name in names:
                setattr(owner, name, self._surround(name, getattr(owner, name)))
        fdopen = os.fdopen
        os.fdopen = lambda *words: self._open(fdopen(*words))

    def pass_by(self, step: str, *, may_fail: bool = False, room: int = 0) -> None:
        """Let a moment pass, or let happen what is to happen then.

        Args:
            step: what the moment is called, but for its file.
            may_fail: whether a disk that has failed raises an error here.
            room: bytes to leave on a disk that is filled.
        """
        name = f"{step} {self._file}"
        self._passed[name] += 1
        if self._passed[name] > 1:
            name += f", {self._passed[name]}"
        with self.log.open("a") as log:
            log.write(f"{name}\n")
        if name == self.moment:
            self._fail(room)
        if self._error and may_fail:
            raise OSError(self._error, os.strerror(self._error))

    def _fail(self, room: int) -> None:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind == "full" and self.own_disk:
            _fill_disk(room)
        else:
            self._error = _ERRORS[self.kind]

    def _surround(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        # A full disk lets files go.
        may_fail = name in {"mkstemp", "fsync", "replace", "mkdir"} or self.kind == "read-only"

        def step(*words: Any, **named: Any) -> Any:
            if name == "mkstemp":
                self._file = _name_file(named["prefix"].strip("."))
            elif name != "fsync":  # of the file that is being written, or its folder
                self._file = _name_file(words[0].name)
            self.pass_by(f"before {name}", may_fail=may_fail)
            result = do(*words, **named)
            self.pass_by(f"after {name}")
            return result

        return step

    def _open(self, file: Any) -> Any:
        if isinstance(file, io.BufferedWriter | io.BufferedRandom):
            return _open_halving(file, self)
        return file


def _name_file(name: str) -> str:
    """A file's name, without its epoch and what a temporary file adds."""
    temporary = _TEMPORARY.fullmatch(name)
    return re.sub(r"-\d+", "", temporary[1] if temporary else name)


def _fill_disk(room: int) -> None:
    """Take all of the disk but so many bytes, rounded down to whole blocks."""
    disk = os.statvfs(".")
    blocks = disk.f_bavail - room // disk.f_frsize
    with Path(BALLAST).open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, blocks * disk.f_frsize)


@contextmanager
def _open_halving(
    file: io.BufferedWriter | io.BufferedRandom, events: Events
) -> Iterator["_Halving"]:
    with file:
        yield _Halving(file, events)


@dataclass
class _Halving:
    """A file that is written in two halves, each of which reaches the disk at once."""

    file: io.BufferedWriter | io.BufferedRandom
    events: Events

    def write(self, content: Any) -> None:
        half = len(content) // 2
        self.events.pass_by("before write", may_fail=True, room=half)
        for name, part in (("half write", content[:half]), ("after write", content[half:])):
            self.file.write(part)
            self.file.flush()
            self.events.pass_by(name, may_fail=name == "half write")

    def flush(self) -> None:
        self.file.flush()

    def fileno(self) -> int:
        return self.file.fileno()
