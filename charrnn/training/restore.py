"""What a resume puts back: weights, optimizer, seed generators, states."""

from typing import Any

from charrnn.networks.language import find_recurrent_layers
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved, explain_damage


def save_progress(run: Run, progress: Progress[Any], model: Any) -> None:
    """Replace the run's resume file; in the middle of an epoch with its metrics too.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    variables = _list_variables(model, progress.point is not None)
    write_progress(run, progress, (variable.numpy() for variable in variables))


def restore_model(run: Run, saved: Saved, model: Any, *, metrics: bool = False) -> None:
    """Put every variable back as `save_progress` found it; the optimizer must be built.

    Args:
        run: the run.
        saved: its resume file.
        model: what to put them into.
        metrics: in the middle of an epoch, whose metrics must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    found = saved.take_variables()
    with explain_damage(run):
        variables = _list_variables(model, metrics)
        if len(found) != len(variables):
            raise ValueError("it was written for another network or by another version of Keras")
        for variable, values in zip(variables, found, strict=True):
            variable.assign(values)


def _list_variables(model: Any, metrics: bool) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, the carried states, and metrics."""
    states = [state for layer in find_recurrent_layers(model) for state in layer.states]
    more = model.metrics_variables if metrics else []
    return [*model.variables, *model.optimizer.variables, *states, *more]
