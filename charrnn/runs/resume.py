"""How far a run has come: the file that a resume starts from, readable without TensorFlow."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy.typing as npt

from charrnn.config.fields import read_mapping
from charrnn.errors import RunError
from charrnn.runs import container
from charrnn.runs.checkpoint import NETWORKS, AnyNetwork
from charrnn.runs.history import EpochResult
from charrnn.runs.keep import ALL, EVERY, Saving
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.point import Point, read_point
from charrnn.runs.recipe import AnyRecipe, Progress
from charrnn.runs.run import Run
from charrnn.runs.saved import FORMAT, TITLE, VARIABLES, Saved, explain_damage
from charrnn.runs.sessions import Session


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
        "checkpoint_every": progress.checkpoint_every,
        "point": progress.point.to_values() if progress.point else None,
    }
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
        results = [read_mapping(EpochResult, result) for result in values.pop("results")]
        noted, point = values.pop("sessions", []), read_point(values.pop("point", None))
        saving = _read_saving(values.pop("keep", ALL), values.pop("checkpoint_every", EVERY))
        made = recipe.from_values(values)
        training = type(made.training)
        sessions = [Session.from_values(one, training) for one in noted]
        progress = Progress(made, results, saved, sessions, point=point)
        return progress.change_saving(saving)


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
    with explain_damage(run):
        content = container.read_content(run.resume_file, TITLE, FORMAT)
        network = read_mapping(NETWORKS[kind], content["network"])
        corpus, epochs = content["corpus"], content["training"]["epochs"]
        if not (isinstance(corpus, str) and type(epochs) is int):
            raise ValueError("corpus or epochs are something else")
        return Outline(network, corpus, epochs)


class Place(NamedTuple):
    """How far a run has come.

    Attributes:
        epochs: how many have ended.
        point: where it was saved within the next one; None for its beginning.
    """

    epochs: int
    point: Point | None


def read_place(run: Run) -> Place:
    """How far a run has come; RunError as in `read_progress`."""
    saved = Saved(run)
    with explain_damage(run):
        return Place(len(saved.content["results"]), read_point(saved.content.get("point")))


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


def _read_saving(keep: Any, checkpoint_every: Any) -> Saving:
    if not isinstance(keep, str) or type(checkpoint_every) not in {int, float}:
        raise TypeError("how the run is saved has another type")
    saving = Saving(keep, float(checkpoint_every))
    saving.check()
    return saving
