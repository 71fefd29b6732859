"""What a program does to its disk, as a row of numbered moments at which something can go wrong.

A moment lies before and after each step of a write: making the temporary file, writing, in the
middle of it, syncing, renaming, removing. Installed in a child process only, never undone there.
"""

import errno
import io
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ERRORS = {"full": errno.ENOSPC, "read-only": errno.EROFS}


@dataclass
class Events:
    """Counts moments, and at one of them kills the process or begins to raise errors.

    Attributes:
        log: a file that gets each moment's name.
        fault: "kill", "full", "read-only", or empty for none.
        at: the moment's number, from 0.
    """

    log: Path
    fault: str = ""
    at: int = 0
    seen: int = field(default=0, init=False)

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

    def pass_by(self, name: str, *, may_fail: bool = False) -> None:
        """Let a moment pass, or let happen what is to happen then."""
        with self.log.open("a") as log:
            log.write(f"{name}\n")
        number, self.seen = self.seen, self.seen + 1
        if self.fault == "kill" and number == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault in ERRORS and number >= self.at and may_fail:
            code = ERRORS[self.fault]
            raise OSError(code, os.strerror(code))

    def _surround(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        needs_room = name in {"mkstemp", "fsync", "replace", "mkdir"}  # a full disk lets files go

        def step(*words: Any, **named: Any) -> Any:
            self.pass_by(f"before {name}", may_fail=needs_room or self.fault == "read-only")
            result = do(*words, **named)
            self.pass_by(f"after {name}")
            return result

        return step

    def _open(self, file: Any) -> Any:
        if isinstance(file, io.BufferedWriter):
            return _open_halving(file, self)
        return file


@contextmanager
def _open_halving(file: io.BufferedWriter, events: Events) -> Iterator["_Halving"]:
    with file:
        yield _Halving(file, events)


@dataclass
class _Halving:
    """A file that is written in two halves, each of which reaches the disk at once."""

    file: io.BufferedWriter
    events: Events

    def write(self, content: Any) -> None:
        half = len(content) // 2
        self.events.pass_by("before write", may_fail=True)
        for name, part in (("half write", content[:half]), ("after write", content[half:])):
            self.file.write(part)
            self.file.flush()
            self.events.pass_by(name, may_fail=name == "half write")

    def flush(self) -> None:
        self.file.flush()

    def fileno(self) -> int:
        return self.file.fileno()
