"""How far a run has come: the file that a resume starts from, readable without TensorFlow."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy.typing as npt

from charrnn.config.fields import from_mapping
from charrnn.errors import RunError
from charrnn.runs import container
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.recipe import AnyRecipe, Progress
from charrnn.runs.run import Run
from charrnn.runs.saved import FORMAT, TITLE, VARIABLES, Saved, explain_damage


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
    values = progress.recipe.to_values() | {"results": results}
    arrays = {f"{VARIABLES}/{place}": variable for place, variable in enumerate(variables)}
    container.write(run.resume_file, TITLE, FORMAT, values, arrays)


def read_progress(run: Run, recipe: type[AnyRecipe]) -> Progress[AnyRecipe]:
    """Read how far a run has come.

    Args:
        run: the run.
        recipe: what such a run is defined by.

    Raises:
        RunError: there is no resume file, or it is damaged, of a newer format or another kind.
    """
    saved = Saved(run)
    with explain_damage(run):
        values = dict(saved.content)
        results = [from_mapping(EpochResult, result) for result in values.pop("results")]
        return Progress(recipe.from_values(values), results, saved)


def count_epochs(run: Run) -> int:
    """How many epochs of a run have ended; RunError as in `read_progress`."""
    saved = Saved(run)
    with explain_damage(run):
        return len(saved.content["results"])


def read_kind(run: Run) -> Kind | None:
    """Which kind of run a resume file is of; None if it can't be read."""
    try:
        values = Saved(run).content
    except RunError:
        return None
    if not isinstance(values, dict):
        return None
    if "vocabulary" in values:
        return LANGUAGE
    return CLASSIFIER if "preset" in values else WORD_MODEL
