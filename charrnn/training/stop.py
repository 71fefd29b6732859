"""Ending a run early: when the user asks, or when no epoch gets better."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from charrnn.config.language import TrainingConfig
from charrnn.config.reviews import ReviewTraining
from charrnn.training.guard import Guard
from charrnn.training.record import Follower
from charrnn.training.workers import ALONE, SAVE, STOP, Workers

AskStop = Callable[[], bool]
"""Called after each step; true ends the run."""


class Interrupted(Exception):  # noqa: N818 - a wish, not an error
    """The user asked to stop, and what was trained is saved."""


class PeriodicSaver(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves a run in the middle of its epochs.

    Args:
        recorder: saves it.
        guard: checks it before.
        minutes: of an epoch after which that is due; 0 for never.
        workers: who save it together.
    """

    def __init__(
        self, recorder: Follower, guard: Guard, minutes: float, workers: Workers = ALONE
    ) -> None:
        super().__init__()
        self._recorder, self._guard, self._seconds = recorder, guard, 60 * minutes
        self._workers = workers
        self._saved = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock."""
        self._saved = time.monotonic()
        self._workers.agree(SAVE, False)  # the epoch before has been saved

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save, if it is due and the epoch goes on."""
        passed = time.monotonic() - self._saved
        due = self._workers.is_chief and bool(self._seconds) and passed >= self._seconds
        if self._workers.agree(SAVE, due) and batch + 1 < self.params["steps"]:
            self._guard.check_weights()
            self._recorder.save_point(batch + 1, float(logs["loss"]))
            self._saved = time.monotonic()


class Stopper(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a run after a step or an epoch.

    Args:
        interrupted: called after each step; true ends the run, keeping the epoch under way.
        recorder: writes what is kept.
        guard: checks it before.
        config: how many epochs there are, and how many may pass without a better one.
        workers: who stop together.
    """

    def __init__(
        self,
        interrupted: AskStop,
        recorder: Follower,
        guard: Guard,
        config: TrainingConfig | ReviewTraining,
        workers: Workers = ALONE,
    ) -> None:
        super().__init__()
        self._interrupted, self._recorder, self._guard = interrupted, recorder, guard
        self._epochs, self._patience = config.epochs, config.patience
        self._workers = workers

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stop in the middle of an epoch, if asked to."""
        if self._must_stop() and batch + 1 < self.params["steps"]:
            self._guard.check_weights()
            self._recorder.save_point(batch + 1, float(logs["loss"]))
            raise Interrupted

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Stop between two epochs, if patience has run out or the user asked to."""
        if self._patience and self._recorder.epochs_since_best >= self._patience:
            self.model.stop_training = True
        elif self._must_stop() and epoch + 1 < self._epochs:
            raise Interrupted

    def _must_stop(self) -> bool:
        return self._workers.agree(STOP, self._interrupted())


class StopWithoutTrace(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends `fit` on a network that is not kept, once the user asks.

    Args:
        interrupted: called after each step.
    """

    def __init__(self, interrupted: AskStop) -> None:
        super().__init__()
        self._interrupted = interrupted

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Stop, if asked to."""
        if self._interrupted():
            raise Interrupted


@dataclass
class Signals:
    """What signals ask of a run; the run calls it after each step, and true ends it.

    Until the first such call nothing is lost by ending at once, and a signal does. From then on the
    first one is only noted, so that the step under way can end, and the next ends the run at once.

    Attributes:
        announce: called when a signal is noted.
        number: the first signal's; 0 for none.
    """

    announce: Callable[[], None]
    number: int = 0
    _has_stepped: bool = False

    def __call__(self) -> bool:
        """Whether there was a signal."""
        self._has_stepped = True
        return self.number != 0

    def note(self, number: int, _: object) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: it ends the run at once.
        """
        if number == self.number == signal.SIGHUP:  # a shell passes its own on, beside the kernel's
            return
        first, self.number = not self.number, self.number or number
        if not (first and self._has_stepped):
            raise KeyboardInterrupt
        self.announce()


@contextlib.contextmanager
def catch_interrupts(
    *signals: int, announce: Callable[[], None] = lambda: None
) -> Iterator[Signals]:
    """Handle signals as `Signals` says; one that is ignored, as SIGHUP is by nohup, stays ignored.

    Outside the main thread, which alone may handle signals, nothing is caught.

    Args:
        *signals: which.
        announce: called when one is noted.
    """
    caught = Signals(announce)
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    heeded = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, caught.note) for number in heeded}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
