"""Continuing in the middle of an epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import keras


class Continuation(keras.callbacks.Callback):  # type: ignore[misc]
    """Has callbacks see the rest of an epoch as the later steps of the whole one.

    Args:
        callbacks: what is called, in this order.
        taken: steps of the epoch that were taken before.
        restore: called once they have begun the epoch: puts back what that and Keras have reset.
    """

    def __init__(self, callbacks: Sequence[Any], taken: int, restore: Callable[[], None]) -> None:
        super().__init__()
        self._callbacks, self._taken, self._restore = callbacks, taken, restore

    def set_model(self, model: Any) -> None:
        """Pass it on."""
        self._pass_on("set_model", model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Pass them on, with the whole epoch's steps."""
        self._pass_on("set_params", params | {"steps": params["steps"] + self._taken})

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Pass it on, and restore."""
        self._pass_on("on_epoch_begin", epoch, logs)
        self._restore()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Pass it on."""
        self._pass_on("on_train_batch_begin", self._taken + batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Pass it on."""
        self._pass_on("on_train_batch_end", self._taken + batch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Pass it on."""
        self._pass_on("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Pass it on."""
        self._pass_on("on_test_end", logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Pass it on."""
        self._pass_on("on_epoch_end", epoch, logs)

    def _pass_on(self, name: str, *arguments: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, name)(*arguments)
