"""The state that a network carries from batch to batch."""

from typing import Any, Self

import keras

from charrnn.config.language import TrainingConfig
from charrnn.networks.language import list_states, reset_states


class CarriedState(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the carried state true: reset when due, and untouched by validation.

    A stateful layer's variables are overwritten by every call, so validation would leave its last
    state to the next training step.

    Args:
        each_epoch: reset before each epoch, since the streams begin anew.
        each_batch: reset before each batch, since a window does not continue the last one.
    """

    def __init__(self, *, each_epoch: bool, each_batch: bool) -> None:
        super().__init__()
        self._each_epoch, self._each_batch = each_epoch, each_batch
        self._kept: list[Any] = []

    @classmethod
    def for_config(cls, config: TrainingConfig) -> Self:
        """What suits the order of a run's windows."""
        return cls(each_epoch=config.order == "streams", each_batch=config.state == "reset")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Reset, if due."""
        if self._each_epoch:
            reset_states(self.model)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Reset, if due."""
        if self._each_batch:
            reset_states(self.model)

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Set the training's state aside and begin at zero."""
        self._kept = [state.numpy() for state in self._states()]
        reset_states(self.model)

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Put the training's state back."""
        for state, kept in zip(self._states(), self._kept, strict=True):
            state.assign(kept)

    def _states(self) -> list[Any]:
        return [part for parts in list_states(self.model) for part in parts]
