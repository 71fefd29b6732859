"""Runs `charrnn` again and again, each time in a child of a process that has TensorFlow imported.

A line of JSON on stdin asks for a command; a line on stdout answers how it ended. Nothing of
TensorFlow has been used before a child is forked, so its threads begin in the child.
"""

import importlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from charrnn.cli import main
from charrnn.cli.display import TrainingDisplay
from tests.faults.events import Events

_ROOT = str(Path(__file__).parents[2])
_LONGEST = 600.0  # seconds, for a busy machine
_CHECK_CLOCK_AND_RUN = """
import sys, time
assert time.time() < float(sys.argv.pop(1))
from charrnn.cli import main
main()
"""
_WARM = (
    "charrnn.training.language",
    "charrnn.training.reviews",
    "charrnn.training.words",
    "charrnn.planning.language",
    "charrnn.planning.reviews",
    "charrnn.planning.words",
    "charrnn.networks.native.scan",
    "charrnn.views.curves",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "h5py",
)


def answer(order: dict[str, Any], notes: Path) -> dict[str, Any]:
    """Run a command as ordered by `tests.faults.commands.Commands`.

    Args:
        order: what to run.
        notes: a folder for what the command writes beside its own files.
    """
    notes.joinpath("moments").write_text("")
    began = time.monotonic()
    living, alive = os.pipe()
    child = os.fork()
    if not child:
        _run(order, notes, alive)
    os.close(alive)  # so that only the child holds it, until its end
    ended, _, _ = select.select([living], [], [], min(order["kill_after"], _LONGEST))
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(living)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        "stderr": notes.joinpath("stderr").read_text(encoding="utf-8"),
        "moments": notes.joinpath("moments").read_text().splitlines(),
    }


def _run(order: dict[str, Any], notes: Path, alive: int) -> None:
    """In the child: the command, and never back."""
    code = 99
    try:
        os.chdir(order["folder"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(notes / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if order["clock"] and order["libfaketime"]:
            _run_with_clock(order, alive)
        if order["clock"]:
            _set_clock(order["clock"])
        if order["ctrl_c"]:
            _press_ctrl_c(order["ctrl_c"])
        Events(notes / "moments", order["kind"], order["moment"], order["own_disk"]).install()
        sys.argv = ["charrnn", *order["words"]]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - a forked child must not go back to where it began
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run_with_clock(order: dict[str, Any], alive: int) -> None:
    """Become a new process whose C library has another clock, and never come back."""
    os.set_inheritable(alive, True)
    clock = {"LD_PRELOAD": order["libfaketime"], "FAKETIME": f"{order['clock']:+.0f}"}
    between = time.time() + order["clock"] / 2
    words = [sys.executable, "-c", _CHECK_CLOCK_AND_RUN, str(between), *order["words"]]
    environment = os.environ | clock | {"NO_FAKE_STAT": "1", "PYTHONPATH": _ROOT}
    os.execve(words[0], words, environment)  # noqa: S606 - the program itself


def _set_clock(seconds: float) -> None:
    """Move Python's own clock."""
    clock = time.time
    time.time = lambda: clock() + seconds


def _press_ctrl_c(step: int) -> None:
    """Let the user press Ctrl-C in a step of the second epoch."""
    on_step = TrainingDisplay.on_step

    def on_step_with_ctrl_c(self: TrainingDisplay, now: int, loss: float) -> None:
        on_step(self, now, loss)
        if (self._epoch, now) == (2, step):
            signal.raise_signal(signal.SIGINT)

    TrainingDisplay.on_step = on_step_with_ctrl_c  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    for module in _WARM:
        importlib.import_module(module)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(json.loads(line), Path(folder))) + "\n")
            sys.stdout.flush()
