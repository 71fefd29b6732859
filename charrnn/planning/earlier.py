"""Which classifiers have been trained before."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.errors import RunError
from charrnn.planning.folders import Folders
from charrnn.planning.report import Reporter
from charrnn.planning.review_sources import ReviewSource, find_reviews
from charrnn.planning.reviews import ReviewRequest, configure
from charrnn.runs.catalogue import list_runs
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run


def find_earlier_runs(
    requests: Sequence[ReviewRequest], source: ReviewSource, folders: Folders, reporter: Reporter
) -> list[tuple[ReviewRequest, Run | None]]:
    """For each request the newest run of this very network and training, if there is any.

    Settings and reviews that can't be used are rejected before the first is trained.

    Args:
        requests: what is to be trained.
        source: the reviews of them all.
        folders: where things are kept.
        reporter: shows a download.

    Raises:
        UsageError: settings outside their range, or that contradict each other.
        ReviewsError: the reviews can't be had.
    """
    wanted = [(request, *configure(request.preset, request.settings)) for request in requests]
    hashes = {
        tokens: find_reviews(tokens, source, folders.data, reporter).sha256
        for tokens in {network.tokens for _, network, _ in wanted}
    }
    recipes = _read_recipes(folders.checkpoints)
    read_as = (source.text_column or "", source.label_column or "", source.text_encoding)
    return [
        (request, _find_run(recipes, network, training, hashes[network.tokens], read_as))
        for request, network, training in wanted
    ]


def _read_recipes(checkpoints: Path) -> list[tuple[Run, ReviewRecipe]]:
    """The recipes of all runs that can be resumed, the newest first."""
    recipes = []
    for run in list_runs(checkpoints, CLASSIFIER):
        with contextlib.suppress(RunError):
            recipes.append((run, read_progress(run, ReviewRecipe).recipe))
    return recipes


def _find_run(
    recipes: Sequence[tuple[Run, ReviewRecipe]],
    network: ClassifierConfig,
    training: ReviewTraining,
    sha256: str,
    read_as: tuple[str, str, str],
) -> Run | None:
    for run, recipe in recipes:
        if (
            replace(recipe.training, precision=training.precision) == training
            and recipe.network == network
            and recipe.corpus_sha256 == sha256
            and (recipe.text_column, recipe.label_column, recipe.encoding) == read_as
            and not recipe.embedding_from
        ):
            return run
    return None
