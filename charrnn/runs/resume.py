"""How far a run has come: the file that a resume starts from, readable without TensorFlow."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy.typing as npt

from charrnn.config.fields import read_mapping
from charrnn.errors import CheckpointError, RunError
from charrnn.runs import container
from charrnn.runs.checkpoint import NETWORKS, AnyNetwork
from charrnn.runs.history import EpochResult
from charrnn.runs.keep import ALL, check_keep
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.recipe import AnyRecipe, Progress, Recipe
from charrnn.runs.run import Run
from charrnn.runs.sessions import Session

_TITLE = "charrnn resume file"
_FORMAT = 2
_VARIABLES = "variables"


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
    values = progress.recipe.to_values() | {
        "results": [asdict(result) for result in progress.results],
        "sessions": [session.to_values() for session in progress.sessions],
        "keep": progress.keep,
    }
    arrays = {f"{_VARIABLES}/{place}": variable for place, variable in enumerate(variables)}
    container.write(run.resume_file, _TITLE, _FORMAT, values, arrays)


def read_progress(run: Run, recipe: type[AnyRecipe]) -> Progress[AnyRecipe]:
    """Read how far a run has come.

    Args:
        run: the run.
        recipe: what such a run is defined by.

    Raises:
        RunError: there is no resume file, or it is damaged, of a newer format or another kind.
    """
    contents = read_resume_file(run)
    with name_damage(run):
        values = dict(contents.content)
        results = [read_mapping(EpochResult, result) for result in values.pop("results")]
        sessions, keep = values.pop("sessions", []), check_keep(values.pop("keep", ALL))
        made = recipe.from_values(values)
        training = type(made.training)
        return Progress(
            made, results, [Session.from_values(one, training) for one in sessions], keep
        )


class Outline(NamedTuple):
    """What a resume file says in few words.

    Attributes:
        network: the run's.
        corpus: the short name of what it learns from.
        epochs: how many there are to be.
    """

    network: AnyNetwork
    corpus: str
    epochs: int


def read_outline(run: Run, kind: Kind) -> Outline:
    """Read what a run's resume file says, and pass over its arrays: quick, and unverified.

    Raises:
        RunError: as in `read_progress`, as far as that shows.
    """
    try:
        content = container.read_content(run.resume_file, _TITLE, _FORMAT)
    except CheckpointError as error:
        raise _explain(run, str(error)) from error
    with name_damage(run):
        network = read_mapping(NETWORKS[kind], content["network"])
        corpus, epochs = content["corpus"], content["training"]["epochs"]
        if not (isinstance(corpus, str) and type(epochs) is int):
            raise ValueError("corpus or epochs are something else")
        return Outline(network, corpus, epochs)


def count_epochs(run: Run) -> int:
    """How many epochs of a run have ended; RunError as in `read_progress`."""
    contents = read_resume_file(run)
    with name_damage(run):
        return len(contents.content["results"])


def read_kind(run: Run) -> Kind | None:
    """Which kind of run a resume file is of; None if it can't be read."""
    try:
        values = read_resume_file(run).content
    except RunError:
        return None
    if not isinstance(values, dict):
        return None
    if "vocabulary" in values:
        return LANGUAGE
    return CLASSIFIER if "preset" in values else WORD_MODEL


def check_size(run: Run, recipe: Recipe) -> None:
    """Raise if a run's resume file can't hold its network, before the network is built.

    Raises:
        RunError: it is smaller than that, or as in `read_progress`.
    """
    if 4 * recipe.network.parameters > read_resume_file(run).size:
        raise _explain(run, f"{run.resume_file} is smaller than the network that it describes")


def read_variables(run: Run) -> list[npt.NDArray[Any]]:
    """What the run's model and optimizer held, in the order in which it was written.

    Raises:
        RunError: as `read_progress`.
    """
    arrays = read_resume_file(run).arrays
    with name_damage(run):
        return [arrays[f"{_VARIABLES}/{place}"] for place in range(len(arrays))]


def read_resume_file(run: Run) -> container.Contents:
    """The run's resume file; RunError as in `read_progress`."""
    try:
        return container.read(run.resume_file, _TITLE, _FORMAT)
    except CheckpointError as error:
        raise _explain(run, str(error)) from error


@contextlib.contextmanager
def name_damage(run: Run) -> Iterator[None]:
    """Turn what goes wrong with the content of a run's resume file into a `RunError`."""
    try:
        yield
    except Exception as error:
        reason = container.explain(error)
        raise _explain(run, f"{run.resume_file} is damaged inside: {reason}") from error


def _explain(run: Run, problem: str) -> RunError:
    return RunError(f"{run.name} can't be resumed, only used: {problem}")
