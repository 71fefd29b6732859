"""How long a training will take, measured on its own first steps."""

import tempfile
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import keras

from charrnn.data.corpus import split
from charrnn.data.vocabulary import Ids
from charrnn.runs import Run
from charrnn.settings import Finished, LanguageSettings
from charrnn.training import resume
from charrnn.training.batches import steps_per_epoch, training_batches, validation_batches
from charrnn.training.schedule import Schedule
from charrnn.training.session import enough_memory
from charrnn.training.train import carried_state, compiled

_STEPS = 12  # that are taken; the first of them compile
_COMPILING = 3
_MARGIN = 1.05  # for a machine that slows down


class Cost(NamedTuple):
    """What a training costs on this machine, in seconds.

    Attributes:
        start: its first steps and validation's, which are compiled in this time.
        epoch: of an epoch with its validation and what it writes.
    """

    start: float
    epoch: float

    def epochs_within(self, seconds: float) -> int:
        """How many epochs fit into a time; 0 where none does."""
        return max(0, int((seconds - self.start) / self.epoch))


def measure(finished: Finished[LanguageSettings], ids: Ids, checkpoints: Path) -> Cost:
    """Take a few steps of a training with a network that is then thrown away.

    Args:
        finished: the settings; its epochs are not looked at.
        ids: the whole text, shape (N,).
        checkpoints: the folder of runs, on whose disk it would write.

    Raises:
        CorpusTooShortError: the text does not give one batch.
        TrainingError: the network is larger than the memory.
    """
    config = finished.settings.training
    training_ids, validation_ids = split(ids, config.validation)
    steps = steps_per_epoch(ids, config)
    validation = validation_batches(validation_ids, config) if len(validation_ids) else None
    clock = _Clock()
    with enough_memory():
        model = compiled(finished)
        model.fit(
            training_batches(training_ids, config, 0),
            steps_per_epoch=_STEPS,
            validation_data=None if validation is None else validation.repeat(),
            validation_steps=_STEPS,
            callbacks=[carried_state(config), Schedule(config, steps), clock],
            shuffle=False,
            verbose=0,
        )
    epoch = steps * median(clock.steps[_COMPILING:]) + _writing(finished, model, checkpoints)
    if validation is not None:
        epoch += len(validation) * median(clock.tests[_COMPILING:])
    return Cost(sum(clock.steps[:_COMPILING] + clock.tests[:_COMPILING]), epoch * _MARGIN)


def _writing(finished: Finished[LanguageSettings], model: Any, checkpoints: Path) -> float:
    """Seconds for a resume file; a checkpoint is a third of one, so twice that is enough."""
    path = checkpoints.absolute()
    there = next(one for one in (path, *path.parents) if one.is_dir())
    with tempfile.TemporaryDirectory(dir=there) as folder:
        began = monotonic()
        resume.save(Run(Path(folder)), finished, model)
        return 2 * (monotonic() - began)


class _Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Times each step, by its loss: until that is read it may still be under way."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[float] = []
        self.tests: list[float] = []
        self._began = 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._began = monotonic()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        float(logs["loss"])
        self.steps.append(monotonic() - self._began)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self._began = monotonic()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        float(logs["loss"])
        self.tests.append(monotonic() - self._began)
