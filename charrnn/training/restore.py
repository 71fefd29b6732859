"""What a resume puts back: weights, optimizer, seed generators, states."""

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.networks.language import list_states
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved, explain_damage
from charrnn.training.workers import ALONE, Workers


def save_progress(run: Run, progress: Progress[Any], model: Any, workers: Workers = ALONE) -> None:
    """Replace the run's resume file; in the middle of an epoch with its metrics too.

    The other workers call `join_states` at the same time.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    states = join_states(model, workers)
    before, after = _list_variables(model, progress.point is not None)
    variables = [variable.numpy() for variable in before]
    write_progress(run, progress, [*variables, *states, *(one.numpy() for one in after)])


def join_states(model: Any, workers: Workers) -> list[npt.NDArray[Any]]:
    """The states that the layers carry for the rows of all workers, each (B, H)."""
    states = [[part.numpy() for part in parts] for parts in list_states(model)]
    return [workers.join_rows(np.concatenate(parts)) for parts in states]


def digest_weights(model: Any) -> int:
    """A checksum of the weights and of the optimizer's variables."""
    digest = 0
    for variable in [*model.variables, *model.optimizer.variables]:
        digest = zlib.crc32(np.ascontiguousarray(variable.numpy()).tobytes(), digest)
    return digest


def restore_model(
    saved: Saved, model: Any, workers: Workers = ALONE, *, metrics: bool = False
) -> None:
    """Put every variable back as `save_progress` found it; the optimizer must be built.

    Args:
        saved: the run's resume file.
        model: what to put them into.
        workers: who train it; each has its own rows of the states.
        metrics: in the middle of an epoch, whose metrics must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    found = saved.take_variables()
    with explain_damage(saved.run):
        before, after = _list_variables(model, metrics)
        states = list_states(model)
        if len(found) != len(before) + len(states) + len(after):
            raise ValueError("it was written for another network or by another version of Keras")
        first, last = len(before), len(before) + len(states)
        for variable, values in zip([*before, *after], found[:first] + found[last:], strict=True):
            variable.assign(values)
        for parts, values in zip(states, found[first:last], strict=True):
            rows = np.split(values[workers.choose_rows(len(values))], len(parts))
            for part, own in zip(parts, rows, strict=True):
                part.assign(own)


def _list_variables(model: Any, metrics: bool) -> tuple[list[Any], list[Any]]:
    """What lies before the carried states in the file, and after them.

    Weights and seed generators, and the optimizer's variables; then metrics.
    """
    more = model.metrics_variables if metrics else []
    return [*model.variables, *model.optimizer.variables], [*more]
