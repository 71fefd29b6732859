"""Uses mutated files in child processes, and finds what no file may do."""

import contextlib
import gc
import os
import random
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charrnn.errors import CharrnnError
from charrnn.inference.cores import use_one_core
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import Seed

MEMORY = 200 * 2**20  # bytes beyond the file's
LONGEST = 300  # characters of a refusal without the file's path

_FORBIDDEN = ("import", "exec", "compile", "pickle.", "ctypes.", "os.system", "os.exec", "os.fork")
_NETWORK = ("socket.", "subprocess.", "urllib.")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutated file.

    Attributes:
        case: its number.
        outcome: "read", "refused", or what is wrong.
    """

    case: int
    outcome: str

    @property
    def harmless(self) -> bool:
        """Whether all is well."""
        return self.outcome in {"read", "refused"}


def judge(seed: Seed, cases: range, seconds: float) -> Iterator[Verdict]:
    """Mutate a file in as many ways, and use each in a child that may neither crash nor hang.

    Args:
        seed: the file.
        cases: numbers of the mutations; each number always makes the same one.
        seconds: how long one may take.
    """
    while cases:
        done = 0
        for verdict in _run_child(seed, cases, seconds):
            yield verdict
            done += 1
        cases = cases[done:]  # the rest, if a case ended the child


def _run_child(seed: Seed, cases: range, seconds: float) -> Iterator[Verdict]:
    """What a child says of the cases, up to one that ends it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        gc.freeze()  # what the parent's threads still use is not the child's to free
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as report:
                _use_all(seed, cases, seconds, report)
            status = 0
        except Exception:  # noqa: BLE001 - or the parent's own code would go on here
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    done = 0
    with os.fdopen(reading) as report:
        for line in _read_lines(report, child, seconds):
            yield Verdict(cases[done], line)
            done += 1
    _, status = os.waitpid(child, 0)
    if done < len(cases):
        signal_number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        name = "hangs" if signal_number == signal.SIGKILL else f"crash, status {status}"
        yield Verdict(cases[done], name)


def _read_lines(report: IO[str], child: int, seconds: float) -> Iterator[str]:
    """The child's lines; a child that says nothing for long is killed."""
    while True:
        ready, _, _ = select.select([report], [], [], 5 * seconds + 1)
        if not ready:
            os.kill(child, signal.SIGKILL)
            return
        line = report.readline()
        if not line:
            return
        yield line.rstrip("\n")


def _use_all(seed: Seed, cases: range, seconds: float, report: IO[str]) -> None:
    watch = _Watch(seed.path)
    with use_one_core():  # opens libraries, once in a process
        pass
    for case in cases:
        seed.path.write_bytes(mutate(seed.content, random.Random(f"{seed.name} {case}")))
        began = time.monotonic()
        outcome = _use(seed, watch)
        if time.monotonic() - began > seconds:
            outcome = f"takes {time.monotonic() - began:.1f} s"
        report.write(" ".join(outcome.split()) + "\n")
        report.flush()


def _use(seed: Seed, watch: "_Watch") -> str:
    """Use one file as a user would, and say what came of it."""
    try:
        with _limit_memory(seed.path.stat().st_size), watch.on():
            seed.use()
        outcome = "read"
    except CharrnnError as error:
        outcome = _judge_message(str(error), seed.path)
    except Exception as error:  # noqa: BLE001 - each of them is a finding
        outcome = f"{type(error).__name__}: {error}"[:200]
    return watch.found or outcome


def _judge_message(message: str, path: Path) -> str:
    if "MemoryError" in message:
        return f"takes more than {MEMORY:,} bytes"
    if len(message.splitlines()) != 1 or len(message.replace(str(path), "")) > LONGEST:
        return f"is refused in {len(message)} characters: {message[:200]!r}"
    return "refused"


class _Watch:
    """Notices what Python's audit hooks tell of: other files, code, processes, the network."""

    def __init__(self, path: Path) -> None:
        self._path, self._watching = str(path), False
        self.found = ""
        sys.addaudithook(self._audit)

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch for a while."""
        self.found, self._watching = "", True
        try:
            yield
        finally:
            self._watching = False

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._watching:
            return
        named = event == "open" and not isinstance(arguments[0], int)  # else it was opened before
        foreign = named and str(arguments[0]) != self._path
        if foreign or event.startswith((*_FORBIDDEN, *_NETWORK)):
            self._watching = False  # the first is what counts
            self.found = f"{event} {arguments[0]}"[:200]


@contextlib.contextmanager
def _limit_memory(size: int) -> Iterator[None]:
    """Let the process take no more than `MEMORY` beyond what it has and a file of this size."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":  # others don't limit a process's memory in this way
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + size + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
