"""What a resume needs, in one file: weights, optimizer, seed generators, states, settings."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from charrnn import sealed
from charrnn.config import from_mapping
from charrnn.errors import CheckpointError, RunError
from charrnn.networks.language import recurrent_layers
from charrnn.runs import EpochResult, Run
from charrnn.settings import AnySettings, Finished

_TITLE = "charrnn resume file"
_FORMAT = 1
_SETTINGS = "settings"


def save(run: Run, finished: Finished[Any], model: Any) -> None:
    """Replace the run's resume file.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    results = [asdict(result) for result in finished.results]
    values = json.dumps(finished.settings.to_values() | {"results": results})

    def fill(file: Any) -> None:
        # An attribute holds no more than 64 KiB.
        file[_SETTINGS] = np.frombuffer(values.encode(), np.uint8)
        for place, variable in enumerate(_variables(model)):
            file[f"variables/{place}"] = variable.numpy()

    sealed.write(run.resume_file, _TITLE, _FORMAT, fill)


def load(run: Run, kind: type[AnySettings]) -> Finished[AnySettings]:
    """Read how far a run has come.

    Args:
        run: the run.
        kind: the settings that such a run has.

    Raises:
        RunError: there is no resume file, or it is damaged, of a newer format or another kind.
    """
    with _opened(run) as file:
        values = json.loads(_settings(file))
        none = {"train_accuracy": None, "validation_accuracy": None}  # before classifiers
        results = [from_mapping(EpochResult, none | result) for result in values.pop("results")]
        return Finished(kind.from_values(values), results)


def restore(run: Run, model: Any) -> None:
    """Put every variable back as `save` found it; the optimizer must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    with _opened(run) as file:
        variables = _variables(model)
        if len(file["variables"]) != len(variables):
            raise ValueError("it was written for another network or by another version of Keras")
        for place, variable in enumerate(variables):
            variable.assign(file[f"variables/{place}"][()])


def _settings(file: Any) -> str:
    if _SETTINGS in file.attrs:  # before classifiers
        return str(file.attrs[_SETTINGS])
    return str(file[_SETTINGS][()].tobytes().decode())


@contextlib.contextmanager
def _opened(run: Run) -> Iterator[Any]:
    try:
        with sealed.opened(run.resume_file, _TITLE, _FORMAT) as file:
            yield file
    except CheckpointError as error:
        raise RunError(f"{run.name} can't be resumed, only used: {error}") from None


def _variables(model: Any) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, and the carried states."""
    states = [state for layer in recurrent_layers(model) for state in layer.states]
    return [*model.variables, *model.optimizer.variables, *states]
