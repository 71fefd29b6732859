"""Commands that a child of a warm process carries out, with a fault if there is to be one."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        fault: "kill", "full" or "read-only", at a moment of `tests.faults.events`; or empty.
        at: the moment's number, from 0.
        kill_after: seconds until the process is killed wherever it is.
        clock: seconds that the clock is wrong by.
        ctrl_c: the step of the second epoch in which the user presses Ctrl-C; 0 for none.
    """

    fault: str = ""
    at: int = 0
    kill_after: float = 1e9
    clock: float = 0.0
    ctrl_c: int = 0


NO_FAULT = Fault()
KILLED = -9
KILLS: Counter[str] = Counter()
"""How many processes were killed in all, by the moment."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    seconds: float
    stderr: str


class Commands:
    """Runs commands in a server's children."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, folder: Path, words: Sequence[object], fault: Fault = NO_FAULT) -> Ended:
        """Run `charrnn` with these words in a folder."""
        assert self._process.stdin
        assert self._process.stdout
        order = {"folder": str(folder), "words": [*map(str, words)]} | asdict(fault)
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        ended = Ended(**json.loads(self._process.stdout.readline()))
        if ended.code == KILLED:
            moment = folder.joinpath("events").read_text().splitlines()[-1]
            KILLS[moment if fault.fault else "a random time"] += 1
        return ended


@contextmanager
def serve() -> Iterator[Commands]:
    """A server, as long as the block runs."""
    command = [sys.executable, "-m", "tests.faults.server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT
    ) as process:
        yield Commands(process)
        process.communicate()
