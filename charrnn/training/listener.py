"""What a display learns of a run while it trains."""

from typing import Protocol

from charrnn.runs.history import EpochResult
from charrnn.runs.point import Point


class Listener(Protocol):
    """Called as a run trains; epochs and steps count from 1, losses are in nats."""

    def on_epoch_begin(self, epoch: int, point: Point | None = None) -> None:
        """An epoch begins, or continues from a point."""

    def on_step(self, step: int, loss: float) -> None:
        """A step has ended; the loss is the epoch's mean so far."""

    def on_validation(self) -> None:
        """The epoch's steps are done, and its validation begins."""

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        """An epoch has ended and its checkpoint is written; `best` of all so far."""
