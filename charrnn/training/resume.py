"""What a resume puts back: weights, optimizer, seed generators, states."""

from typing import Any

from charrnn import resume_file
from charrnn.networks.language import recurrent_layers
from charrnn.runs import Run
from charrnn.settings import Finished


def save(run: Run, finished: Finished[Any], model: Any) -> None:
    """Replace the run's resume file.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    resume_file.save(run, finished, (variable.numpy() for variable in _variables(model)))


def restore(run: Run, model: Any) -> None:
    """Put every variable back as `save` found it; the optimizer must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    with resume_file.opened(run) as file:
        variables = _variables(model)
        if len(file["variables"]) != len(variables):
            raise ValueError("it was written for another network or by another version of Keras")
        for place, variable in enumerate(variables):
            variable.assign(file[f"variables/{place}"][()])


def _variables(model: Any) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, and the carried states."""
    states = [state for layer in recurrent_layers(model) for state in layer.states]
    return [*model.variables, *model.optimizer.variables, *states]
