"""How far a run has come: the file that a resume starts from, readable without TensorFlow."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.config.fields import from_mapping
from charrnn.errors import CheckpointError, RunError
from charrnn.runs import container
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.recipe import AnyRecipe, Progress
from charrnn.runs.run import Run

_TITLE = "charrnn resume file"
_FORMAT = 1
_SETTINGS = "settings"


def write_progress(
    run: Run, progress: Progress[Any], variables: Iterable[npt.NDArray[Any]]
) -> None:
    """Replace the run's resume file.

    Args:
        run: the run.
        progress: its recipe, and the results so far.
        variables: what the run's model and optimizer hold.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    results = [asdict(result) for result in progress.results]
    values = json.dumps(progress.recipe.to_values() | {"results": results})

    def fill(file: Any) -> None:
        # An attribute holds no more than 64 KiB.
        file[_SETTINGS] = np.frombuffer(values.encode(), np.uint8)
        for place, variable in enumerate(variables):
            file[f"variables/{place}"] = variable

    container.write(run.resume_file, _TITLE, _FORMAT, fill)


def read_progress(run: Run, recipe: type[AnyRecipe]) -> Progress[AnyRecipe]:
    """Read how far a run has come.

    Args:
        run: the run.
        recipe: what such a run is defined by.

    Raises:
        RunError: there is no resume file, or it is damaged, of a newer format or another kind.
    """
    with open_resume_file(run) as file:
        values = _read_values(file)
        none = {"train_accuracy": None, "validation_accuracy": None}  # before classifiers
        results = [from_mapping(EpochResult, none | result) for result in values.pop("results")]
        return Progress(recipe.from_values(values), results)


def count_epochs(run: Run) -> int:
    """How many epochs of a run have ended; RunError as in `read_progress`."""
    with open_resume_file(run) as file:
        return len(_read_values(file)["results"])


def read_kind(run: Run) -> Kind | None:
    """Which kind of run a resume file is of; None if it can't be read."""
    try:
        with open_resume_file(run) as file:
            values = _read_values(file)
            if "vocabulary" in values:
                return LANGUAGE
            return CLASSIFIER if "preset" in values else WORD_MODEL
    except RunError:
        return None


@contextlib.contextmanager
def open_resume_file(run: Run) -> Iterator[Any]:
    """The run's resume file, once it has proved to be whole; `variables/0` and on are in it.

    Raises:
        RunError: as `read_progress`; an error while it is read means that it is damaged.
    """
    try:
        with container.open_verified(run.resume_file, _TITLE, _FORMAT) as file:
            yield file
    except CheckpointError as error:
        raise RunError(f"{run.name} can't be resumed, only used: {error}") from error


def _read_values(file: Any) -> dict[str, Any]:
    if _SETTINGS in file.attrs:  # before classifiers
        content = str(file.attrs[_SETTINGS])
    else:
        content = file[_SETTINGS][()].tobytes().decode()
    values: dict[str, Any] = json.loads(content)
    return values
