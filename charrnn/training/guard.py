"""Ending a run whose network has diverged, before any of it is written."""

import math
from typing import Any

import keras
import numpy as np

from charrnn.config.language import TrainingConfig
from charrnn.config.reviews import ReviewTraining
from charrnn.errors import DivergedError

_SAFE_RATE = 0.01  # presets learn at this rate and above


class Guard(keras.callbacks.Callback):  # type: ignore[misc]
    """Raises `DivergedError` once a loss or, at an epoch's end, a weight is NaN or infinite.

    Args:
        config: the run's; what a resume should change depends on it.
    """

    def __init__(self, config: TrainingConfig | ReviewTraining) -> None:
        super().__init__()
        self._config = config
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Note the epoch, counted from 1."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Check the loss."""
        self._check(logs["loss"])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Check the losses and what the last step made of the weights."""
        self._check(*logs.values())
        self.check_weights()

    def check_weights(self) -> None:
        """Check the weights: a step's own loss is from before its update."""
        if not all(np.isfinite(one).all() for one in self.model.get_weights()):
            raise self._diverged()

    def _check(self, *losses: Any) -> None:
        if not all(math.isfinite(float(loss)) for loss in losses):
            raise self._diverged()

    def _diverged(self) -> DivergedError:
        config = self._config
        changes = {"learning_rate": min(config.learning_rate / 2, _SAFE_RATE)}
        if isinstance(config, TrainingConfig) and not config.clip_norm:
            changes["clip_norm"] = 1.0
        return DivergedError(self._epoch, changes)
