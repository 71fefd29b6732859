"""One run in somebody else's process.

The caller's random generators are left as they were, Python's and NumPy's; TensorFlow's own is
seeded, and starting TensorFlow sets some of its environment variables.
"""

import atexit
import contextlib
import random
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from charrnn.errors import say_count
from charrnn.planning.folders import Folders
from charrnn.planning.language import LanguagePlan, LanguageShare
from charrnn.planning.report import Silence
from charrnn.planning.reviews import ReviewPlan
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.claim import release_claims
from charrnn.runs.history import EpochResult
from charrnn.runs.point import Point
from charrnn.runs.resume import read_place
from charrnn.runs.run import Run

OnEpoch = Callable[[EpochResult], object]
OnNote = Callable[[str], object]

_training = threading.RLock()
_temporary: set[Path] = set()  # folders that the process's end removes


@contextlib.contextmanager
def reserve_process() -> Iterator[None]:
    """Keep other threads from training, and put the caller's random generators back at the end.

    Keras seeds those of the whole process. A folder claimed for a run that did not begin is given
    up.
    """
    with _training:
        python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - Keras seeds it
        try:
            yield
        finally:
            release_claims()
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002 - the same


def choose_destination(folders: Folders, run: str | None) -> Folders:
    """The folders; for a run without a name, with a new one that the process's end removes."""
    if run is not None:
        return folders
    folder = Path(tempfile.mkdtemp(prefix="charrnn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _temporary.add(folder)
    return replace(folders, new_runs=folder)


def carry_out(
    plan: LanguagePlan | ReviewPlan, on_epoch: OnEpoch | None, *, tensorboard: bool = False
) -> None:
    """Train; Ctrl-C stops after the current step.

    Args:
        plan: the run.
        on_epoch: called at the end of each epoch.
        tensorboard: write events for TensorBoard too.

    Raises:
        KeyboardInterrupt: Ctrl-C; it says what is kept.
    """
    from charrnn.training.stop import Interrupted, catch_interrupts
    from charrnn.training.tensorboard import EventWriter

    epochs = _EpochListener(on_epoch)
    writer = EventWriter(plan.run, epochs, plan.steps) if tensorboard else nullcontext(epochs)
    try:
        with catch_interrupts(signal.SIGINT) as interrupted, writer as listener:
            plan.train(listener, interrupted)
    except (Interrupted, KeyboardInterrupt) as stop:
        raise KeyboardInterrupt(_describe_stop(plan.run)) from stop
    if interrupted():
        raise KeyboardInterrupt(f"training ended before it could stop; kept in {plan.run.folder}")


def take_part(share: LanguageShare) -> Checkpoint:
    """Train as a worker that is not the chief; Ctrl-C stops all workers.

    Returns:
        the network after the last epoch.

    Raises:
        KeyboardInterrupt: Ctrl-C, here or at another worker.
    """
    from charrnn.training.stop import Interrupted, catch_interrupts

    try:
        with catch_interrupts(signal.SIGINT) as interrupted:
            return share.train(interrupted)
    except Interrupted as stop:
        raise KeyboardInterrupt("training stopped; the chief has saved it") from stop


class Notes(Silence):
    """A reporter that hands notes to a function, if there is one, and says nothing else."""

    def __init__(self, on_note: OnNote | None) -> None:
        self._on_note = on_note

    def note(self, message: str) -> None:
        """Call the function."""
        if self._on_note is not None:
            self._on_note(message)


@dataclass
class _EpochListener:
    """Calls a function at the end of each epoch, if there is one."""

    on_epoch: OnEpoch | None

    def on_epoch_begin(self, epoch: int, point: Point | None = None) -> None:
        """Do nothing."""

    def on_step(self, step: int, loss: float) -> None:
        """Do nothing."""

    def on_validation(self) -> None:
        """Do nothing."""

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:  # noqa: ARG002
        """Call the function."""
        if self.on_epoch is not None:
            self.on_epoch(result)


def _describe_stop(run: Run) -> str:
    """What a run that was stopped has kept."""
    epochs, point = read_place(run) if run.resume_file.exists() else (0, None)
    kept = [say_count(epochs, "epoch")] if epochs else []
    if point:
        kept.append(f"{say_count(point.step, 'step')} of epoch {epochs + 1}")
    if not kept:
        return "training stopped before an epoch ended: nothing is kept"
    until = " until this process ends" if run.folder.parent in _temporary else ""
    return f"training stopped; kept in {run.folder}{until}: {' and '.join(kept)}"
