"""Which preset, and how many of its epochs, fit into a budget of minutes."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError, say_count
from charrnn.planning.durations import describe_closely, describe_duration
from charrnn.planning.report import Reporter
from charrnn.planning.scaling import MOST_EPOCHS
from charrnn.runs.recipe import LanguageRecipe, Progress

if TYPE_CHECKING:
    from charrnn.networks.precision import Precision
    from charrnn.training.budget import Cost

_ENOUGH = 1 / 4  # of a preset's epochs, by guess; with fewer the next smaller one is tried


class Candidate(NamedTuple):
    """A preset's name, what it makes of a text, and the precision of its products."""

    preset: str
    recipe: LanguageRecipe
    precision: "Precision"


def fit_budget(
    candidates: Sequence[Candidate],
    ids: Ids,
    began: float,
    minutes: float,
    checkpoints: Path,
    reporter: Reporter,
) -> Candidate:
    """The first candidate that the time is enough for, with as many epochs as end in it.

    Enough is a good part of the epochs that a preset was tuned for; for the last preset, one.

    Args:
        candidates: the largest first.
        ids: the text, shape (N,).
        began: the monotonic clock, in seconds, when the minutes began.
        minutes: the time.
        checkpoints: where the run will write.
        reporter: shows what is found.

    Raises:
        UsageError: there is none.
    """
    from charrnn.training.budget import measure_cost

    for candidate in candidates:
        reporter.note("measuring the first steps")
        recipe = candidate.recipe
        training = recipe.training
        cost = measure_cost(Progress(recipe, []), ids, checkpoints)
        left = began + 60 * minutes - time.monotonic()
        fitting = cost.epochs_within(left)
        last = candidate is candidates[-1]
        if fitting >= (1 if last else training.epochs * _ENOUGH):
            epochs = min(fitting, MOST_EPOCHS)
            reporter.note(_describe_fit(left, cost, epochs))
            recipe = replace(recipe, training=replace(training, epochs=epochs))
            return candidate._replace(recipe=recipe)
    needed = math.ceil((time.monotonic() - began + cost.start + cost.epoch) / 60)
    smallest = f" and the `preset` {candidate.preset}" if len(candidates) > 1 else ""
    raise UsageError(
        f"not one epoch fits into the `budget`: it takes about {describe_duration(cost.epoch)}, "
        f"after {describe_duration(cost.start)} to start; give a `budget` of "
        f"{needed}{smallest}, or a shorter text"
    )


def _describe_fit(left: float, cost: "Cost", epochs: int) -> str:
    most = ", the most there are" if epochs == MOST_EPOCHS else ""
    return (
        f"{describe_closely(left)} left: {describe_closely(cost.start)} to start, then "
        f"{say_count(epochs, 'epoch')} of about {describe_closely(cost.epoch)}{most}"
    )
