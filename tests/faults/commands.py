"""Commands that a child of a warm process carries out, with a fault if there is to be one."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.events import BALLAST

KILLED = -9
_ROOT = Path(__file__).parents[2]
_MOUNT = (
    *("unshare", "--map-root-user", "--mount", "sh", "-c"),
    'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"',
)
"""Runs a command that has a small disk of its own, in a folder that is the first argument."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        kind: "kill", "full" or "read-only", at a moment; or empty.
        moment: its name, as in `tests.faults.events`.
        kill_after: seconds until the process is killed wherever it is.
        clock: seconds that the clock is wrong by.
        ctrl_c: the step of the second epoch in which the user presses Ctrl-C; 0 for none.
    """

    kind: str = ""
    moment: str = ""
    kill_after: float = 1e9
    clock: float = 0.0
    ctrl_c: int = 0


NO_FAULT = Fault()


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code, or the negative number of the signal that killed it.
        seconds: that it took.
        stderr: what it said there.
        moments: that it passed, the last one included.
    """

    code: int
    seconds: float
    stderr: str
    moments: list[str]

    def met(self, fault: Fault) -> bool:
        """Whether the fault happened; the command may have ended before."""
        if fault.kind in {"full", "read-only"}:
            return fault.moment in self.moments
        return self.code == KILLED


@dataclass(frozen=True)
class Commands:
    """Runs commands in a server's children.

    Attributes:
        disk: a folder to work in.
        own_disk: whether it is a small disk of its own, which faults fill; else they raise what a
            full disk would.
        libfaketime: what sets the clock back; if empty, Python's `time.time` is replaced.
    """

    process: "subprocess.Popen[str]"
    disk: Path
    own_disk: bool
    libfaketime: str

    @contextmanager
    def make_folder(self) -> Iterator[Path]:
        """An empty folder on the disk, as long as the block runs."""
        with tempfile.TemporaryDirectory(dir=self.disk) as folder:
            yield Path(folder)

    def run(self, folder: Path, words: Sequence[object], fault: Fault = NO_FAULT) -> Ended:
        """Run `charrnn` with these words in a folder."""
        assert self.process.stdin
        assert self.process.stdout
        order = asdict(fault) | {
            "folder": str(folder),
            "words": [*map(str, words)],
            "own_disk": self.own_disk,
            "libfaketime": self.libfaketime,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ended = Ended(**json.loads(self.process.stdout.readline()))
        folder.joinpath(BALLAST).unlink(missing_ok=True)
        return ended

    def say_means(self) -> str:
        """How a disk is filled and a clock set back on this machine."""
        disk = "a tmpfs that is filled" if self.own_disk else "errors that Python's calls raise"
        clock = "libfaketime" if self.libfaketime else "another time.time"
        return f"full disk: {disk}; clock set back: {clock}"


@contextmanager
def serve() -> Iterator[Commands]:
    """A server, as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        mount = [*_MOUNT, folder] if _can_mount(folder) else []
        with subprocess.Popen(
            [*mount, sys.executable, "-m", "tests.faults.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            # Only the server and its children see what is mounted.
            disk = Path(f"/proc/{process.pid}/root{folder}" if mount else folder)
            yield Commands(process, disk, bool(mount), _find_libfaketime())
            process.communicate()


def _can_mount(folder: str) -> bool:
    if not shutil.which("unshare"):
        return False
    done = subprocess.run([*_MOUNT, folder, "true"], capture_output=True, check=False)
    return done.returncode == 0


def _find_libfaketime() -> str:
    """What the program `faketime` has the linker load; empty if it is not installed."""
    if not shutil.which("faketime"):
        return ""
    words = ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
