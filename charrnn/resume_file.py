"""How far a run has come: the file that a resume goes on from, readable without TensorFlow."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn import sealed
from charrnn.config import from_mapping
from charrnn.errors import CheckpointError, RunError
from charrnn.history import EpochResult
from charrnn.runs import Run
from charrnn.settings import AnySettings, Finished

_TITLE = "charrnn resume file"
_FORMAT = 1
_SETTINGS = "settings"


def save(run: Run, finished: Finished[Any], variables: Iterable[npt.NDArray[Any]]) -> None:
    """Replace the run's resume file.

    Args:
        run: the run.
        finished: its settings, and the results so far.
        variables: what the training's model and optimizer hold.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    results = [asdict(result) for result in finished.results]
    values = json.dumps(finished.settings.to_values() | {"results": results})

    def fill(file: Any) -> None:
        # An attribute holds no more than 64 KiB.
        file[_SETTINGS] = np.frombuffer(values.encode(), np.uint8)
        for place, variable in enumerate(variables):
            file[f"variables/{place}"] = variable

    sealed.write(run.resume_file, _TITLE, _FORMAT, fill)


def load(run: Run, kind: type[AnySettings]) -> Finished[AnySettings]:
    """Read how far a run has come.

    Args:
        run: the run.
        kind: the settings that such a run has.

    Raises:
        RunError: there is no resume file, or it is damaged, of a newer format or another kind.
    """
    with opened(run) as file:
        values = json.loads(_settings(file))
        none = {"train_accuracy": None, "validation_accuracy": None}  # before classifiers
        results = [from_mapping(EpochResult, none | result) for result in values.pop("results")]
        return Finished(kind.from_values(values), results)


def epochs(run: Run) -> int:
    """How many epochs a run has finished; RunError as in `load`."""
    with opened(run) as file:
        return len(json.loads(_settings(file))["results"])


@contextlib.contextmanager
def opened(run: Run) -> Iterator[Any]:
    """The run's resume file, once it has proved to be whole; `variables/0` and on are in it.

    Raises:
        RunError: as `load`; what goes wrong inside is damage.
    """
    try:
        with sealed.opened(run.resume_file, _TITLE, _FORMAT) as file:
            yield file
    except CheckpointError as error:
        raise RunError(f"{run.name} can't be resumed, only used: {error}") from None


def _settings(file: Any) -> str:
    if _SETTINGS in file.attrs:  # before classifiers
        return str(file.attrs[_SETTINGS])
    return str(file[_SETTINGS][()].tobytes().decode())
