"""What happens around `model.fit`'s steps: states, checkpoints, early stopping, interruption."""

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np

from charrnn.checkpoint import Provenance
from charrnn.classifiers import ReviewTraining
from charrnn.config import TrainingConfig
from charrnn.errors import TrainingError
from charrnn.history import EpochResult, best_of
from charrnn.networks import language
from charrnn.networks.weights import get_weights
from charrnn.runs import Run
from charrnn.settings import Finished
from charrnn.training import resume

_SAFE_RATE = 0.01  # presets learn at this rate and above


class Listener(Protocol):
    """What a display wants to know; epochs and steps count from 1, losses in nats."""

    def on_epoch_begin(self, epoch: int) -> None:
        """An epoch begins."""

    def on_step(self, step: int, loss: float) -> None:
        """A step has ended; the loss is the epoch's mean so far."""

    def on_validation(self) -> None:
        """The epoch's steps are done and the validation text is read."""

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        """An epoch has ended and its checkpoint is written; `best` of all so far."""


class Interrupted(Exception):  # noqa: N818 - a wish, not an error
    """The user asked to stop.

    Attributes:
        step: steps taken in the epoch that was broken off; 0 between two epochs.
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step


class CarriedState(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the carried state true: reset when due, and untouched by validation.

    A stateful layer's variables are overwritten by every call, so that validation would leave
    its last state to the next training step.

    Args:
        each_epoch: reset before each epoch, where the streams begin anew.
        each_batch: reset before each batch, where a window does not go on from the last.
    """

    def __init__(self, *, each_epoch: bool, each_batch: bool) -> None:
        super().__init__()
        self._each_epoch, self._each_batch = each_epoch, each_batch
        self._kept: list[Any] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Reset, if due."""
        if self._each_epoch:
            language.reset_state(self.model)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Reset, if due."""
        if self._each_batch:
            language.reset_state(self.model)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Set the training's state aside and begin at zero."""
        self._kept = [state.numpy() for state in self._states()]
        language.reset_state(self.model)

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Put the training's state back."""
        for state, kept in zip(self._states(), self._kept, strict=True):
            state.assign(kept)

    def _states(self) -> list[Any]:
        layers = language.recurrent_layers(self.model)
        return [state for layer in layers for state in layer.states]


class Stop(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training that keeps nothing when the user wants to stop.

    Args:
        interrupted: asked after each step.
    """

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        super().__init__()
        self._interrupted = interrupted

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Ask."""
        if self._interrupted():
            raise Interrupted(0)


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes what each epoch leaves, tells the listener, and ends the training when it is time.

    Args:
        run: where to write.
        finished: the training so far.
        listener: the display.
        interrupted: asked after each step whether the user wants to stop.
    """

    def __init__(
        self,
        run: Run,
        finished: Finished[Any],
        listener: Listener,
        interrupted: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._run, self._listener, self._interrupted = run, listener, interrupted
        self._settings = finished.settings
        self._results = list(finished.results)
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Start the clock."""
        self._began = time.monotonic()
        self._listener.on_epoch_begin(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Check the loss and whether to go on."""
        loss = float(logs["loss"])
        epoch = len(self._results) + 1
        if not math.isfinite(loss):
            raise DivergedError(epoch, self._settings.training)
        self._listener.on_step(batch + 1, loss)
        if self._interrupted() and batch + 1 < self.params["steps"]:
            self._check_weights(epoch)
            self._write(self._run.interrupted_file, epoch, loss, None, finished=False)
            raise Interrupted(batch + 1)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Tell the listener."""
        self._listener.on_validation()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write checkpoint, history and resume file, in this order: a later one needs an earlier.

        Where the process dies between two of them, a resume repeats the epoch.

        Raises:
            TrainingError: the epoch left a network that predicts nothing.
        """
        told = {name: float(value) for name, value in logs.items()}
        result = EpochResult(
            epoch=epoch + 1,
            train_loss=told.get("cross_entropy", told["loss"]),
            validation_loss=told.get("val_cross_entropy", told.get("val_loss")),
            seconds=time.monotonic() - self._began,
            train_accuracy=told.get("accuracy"),
            validation_accuracy=told.get("val_accuracy"),
        )
        if not math.isfinite(result.loss):
            raise DivergedError(result.epoch, self._settings.training)
        self._check_weights(result.epoch)
        self._results.append(result)
        self._write(
            self._run.epoch_file(result.epoch),
            result.epoch,
            result.train_loss,
            result.validation_loss,
            finished=True,
        )
        self._run.write_history(self._results)
        resume.save(self._run, Finished(self._settings, self._results), self.model)
        self._run.interrupted_file.unlink(missing_ok=True)
        best = best_of(self._results)
        self._listener.on_epoch_end(result, best is result)
        patience = self._settings.training.patience
        if patience and result.epoch - best.epoch >= patience:
            self.model.stop_training = True
        elif self._interrupted() and result.epoch < self._settings.training.epochs:
            raise Interrupted(0)

    def _check_weights(self, epoch: int) -> None:
        """The step's own loss is from before its update."""
        if not all(np.isfinite(one).all() for one in self.model.get_weights()):
            raise DivergedError(epoch, self._settings.training)

    def _write(
        self, path: Any, epoch: int, train: float, validation: float | None, *, finished: bool
    ) -> None:
        settings = self._settings
        settings.write_checkpoint(
            path,
            Provenance(settings.corpus, settings.corpus_sha256, epoch, train, validation, finished),
            get_weights(self.model, settings.network),
        )


class DivergedError(TrainingError):
    """The loss is no longer a number.

    Attributes:
        flags: what a resume may do better with, as a command line has it.
    """

    def __init__(self, epoch: int, config: TrainingConfig | ReviewTraining) -> None:
        super().__init__(
            f"the loss is no longer a number in epoch {epoch}; what was finished before it is kept"
        )
        clipped = config.clip_norm or isinstance(config, ReviewTraining)
        rate = f"--learning-rate {min(config.learning_rate / 2, _SAFE_RATE):g}"
        self.flags = rate if clipped else f"{rate} --clip-norm 1"
