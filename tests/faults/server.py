"""Runs `charrnn` again and again, each time in a child of a process that has TensorFlow imported.

A line of JSON on stdin asks for a command; a line on stdout answers how it ended. Nothing of
TensorFlow has been used before a child is forked, so its threads begin in the child.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from charrnn.cli import main
from charrnn.cli.display import TrainingDisplay
from tests.faults.events import Events

_LONGEST = 600.0  # seconds, for a busy machine
_WARM = (
    "charrnn.training.language",
    "charrnn.training.reviews",
    "charrnn.training.words",
    "charrnn.planning.language",
    "charrnn.planning.reviews",
    "charrnn.planning.words",
    "charrnn.views.curves",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "h5py",
)


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Run a command as ordered by `tests.faults.commands.Commands`."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        _run(order)
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        passed = time.monotonic() - began
        if passed > min(order["kill_after"], _LONGEST):
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    return {
        "code": os.waitstatus_to_exitcode(ended[1]),
        "seconds": time.monotonic() - began,
        "stderr": Path(order["folder"], "stderr").read_text(encoding="utf-8"),
    }


def _run(order: dict[str, Any]) -> None:
    """In the child: the command, and never back."""
    code = 99
    try:
        os.chdir(order["folder"])
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if order["clock"]:
            clock = time.time
            time.time = lambda: clock() + order["clock"]
        if order["ctrl_c"]:
            _press_ctrl_c(order["ctrl_c"])
        Events(Path("events"), order["fault"], order["at"]).install()
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
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
