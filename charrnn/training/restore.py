"""What a resume puts back: weights, optimizer, seed generators, states."""

from typing import Any

from charrnn.networks.language import find_recurrent_layers
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved, explain_damage


def save_progress(run: Run, progress: Progress[Any], model: Any) -> None:
    """Replace the run's resume file.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    write_progress(run, progress, (variable.numpy() for variable in _variables(model)))


def restore_model(run: Run, saved: Saved, model: Any) -> None:
    """Put every variable back as `save_progress` found it; the optimizer must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    found = saved.take_variables()
    with explain_damage(run):
        variables = _variables(model)
        if len(found) != len(variables):
            raise ValueError("it was written for another network or by another version of Keras")
        for variable, values in zip(variables, found, strict=True):
            variable.assign(values)


def _variables(model: Any) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, and the carried states."""
    states = [state for layer in find_recurrent_layers(model) for state in layer.states]
    return [*model.variables, *model.optimizer.variables, *states]
