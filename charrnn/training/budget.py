"""How long a run will take, measured on its own first steps."""

import tempfile
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, NamedTuple

import keras

from charrnn.data.vocabulary import Ids
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training.carried_state import CarriedState
from charrnn.training.language import compile_model
from charrnn.training.language_batches import (
    count_steps,
    make_training_batches,
    make_validation_batches,
)
from charrnn.training.restore import save_progress
from charrnn.training.schedule import Schedule
from charrnn.training.session import explain_memory_errors

_STEPS = 12  # that are taken; the first of them compile
_COMPILING = 3
_MARGIN = 1.05  # for a machine that slows down


class Cost(NamedTuple):
    """What a run costs on this machine, in seconds.

    Attributes:
        start: its first steps and those of its validation, in which they are compiled.
        epoch: an epoch with its validation and its files.
    """

    start: float
    epoch: float

    def epochs_within(self, seconds: float) -> int:
        """How many epochs fit into a time; 0 if none does."""
        return max(0, int((seconds - self.start) / self.epoch))


def measure_cost(progress: Progress[LanguageRecipe], ids: Ids, checkpoints: Path | None) -> Cost:
    """Take a few steps with a network that is then thrown away.

    Args:
        progress: the recipe; its number of epochs does not matter.
        ids: the whole text, shape (N,).
        checkpoints: the folder of runs, on whose disk the run would write; None to write nothing
            and leave that time out.

    Raises:
        CorpusTooShortError: the text does not give one batch.
        TrainingError: the network is larger than the memory.
    """
    config = progress.recipe.training
    training_ids, validation_ids = parts = progress.recipe.split(ids)
    steps = count_steps(parts, config)
    validation = make_validation_batches(validation_ids, config) if len(validation_ids) else None
    clock = _Clock()
    with explain_memory_errors():
        model = compile_model(progress.recipe)
        model.fit(
            make_training_batches(training_ids, config, 0),
            steps_per_epoch=_STEPS,
            validation_data=None if validation is None else validation.repeat(),
            validation_steps=_STEPS,
            callbacks=[CarriedState.for_config(config), Schedule(config, steps), clock],
            shuffle=False,
            verbose=0,
        )
    epoch = steps * median(clock.steps[_COMPILING:])
    if checkpoints is not None:
        epoch += _time_writing(progress, model, checkpoints)
    if validation is not None:
        epoch += len(validation) * median(clock.tests[_COMPILING:])
    return Cost(sum(clock.steps[:_COMPILING] + clock.tests[:_COMPILING]), epoch * _MARGIN)


def _time_writing(progress: Progress[LanguageRecipe], model: Any, checkpoints: Path) -> float:
    """Seconds for a resume file; a checkpoint is a third of one, so twice that is enough."""
    path = checkpoints.absolute()
    there = next(one for one in (path, *path.parents) if one.is_dir())
    with tempfile.TemporaryDirectory(dir=there) as folder:
        began = monotonic()
        save_progress(Run(Path(folder), LANGUAGE), progress, model)
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
