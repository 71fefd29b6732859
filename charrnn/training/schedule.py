"""What changes while a run trains: the learning rate, and which layers learn."""

import math
from typing import Any

import keras

from charrnn.config.language import TrainingConfig
from charrnn.config.reviews import ReviewTraining

_WARM_UP = 0.1  # of all steps
_LAST = 0.02  # of the largest rate


class Schedule(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets the learning rate before each step by the step's number alone, so a resume finds it.

    Args:
        config: its `schedule`, largest rate and epochs.
        steps: in an epoch.
    """

    def __init__(self, config: ReviewTraining | TrainingConfig, steps: int) -> None:
        super().__init__()
        self._config, self._steps = config, steps
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the rate, if it changes."""
        if self._config.schedule == "cosine":
            done = (self._epoch * self._steps + batch + 1) / (self._config.epochs * self._steps)
            rate = self._config.learning_rate * follow_cosine(done)
            self.model.optimizer.learning_rate.assign(rate)


def follow_cosine(done: float) -> float:
    """The fraction of the largest rate that is due once a fraction `done` of all steps is done.

    Linear up to 1 over the first tenth, then half a cosine down to 0.02.
    """
    if done < _WARM_UP:
        return done / _WARM_UP
    rest = (done - _WARM_UP) / (1 - _WARM_UP)
    return _LAST + (1 - _LAST) * (1 + math.cos(math.pi * min(rest, 1))) / 2


class Thaw(keras.callbacks.Callback):  # type: ignore[misc]
    """Freezes the embedding for the first epochs.

    The optimizer is built for all variables before, so a resume finds the same ones.

    Args:
        epochs: how many.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self._epochs = epochs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Freeze or thaw, if due."""
        learns = epoch >= self._epochs
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Embedding) and layer.trainable != learns:
                layer.trainable = learns
                self.model.make_train_function(force=True)
