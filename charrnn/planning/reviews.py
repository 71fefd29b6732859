"""Planning a review classifier: a new run, or the resume of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.config.fields import CELLS, MOST_LAYERS, require, select_fields
from charrnn.config.presets import DEFAULT_REVIEW_PRESET, REVIEW_PRESETS
from charrnn.config.reviews import BIGRAMS_ALONE, ClassifierConfig, ReviewTraining
from charrnn.data.files import spell_plainly
from charrnn.data.padding import Examples
from charrnn.errors import ReviewsError, UsageError, say_count
from charrnn.planning.borrow import borrow_embedding
from charrnn.planning.folders import Folders
from charrnn.planning.report import Reporter
from charrnn.planning.resuming import check_changeable, make_finished_error
from charrnn.planning.review_sources import (
    IMDB,
    Reviews,
    ReviewSource,
    find_reviews,
    find_reviews_again,
    make_encoder,
    make_examples,
)
from charrnn.runs.catalogue import find_resumable
from charrnn.runs.claim import claim_resume
from charrnn.runs.keep import AS_BEFORE, Saving
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.names import choose_name, make_run
from charrnn.runs.outcome import Outcome, read_outcome, summarize_run, write_outcome
from charrnn.runs.recipe import Progress, ReviewRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.training.listener import Listener
    from charrnn.training.reviews import Borrowed
    from charrnn.training.stop import AskStop

_CHANGEABLE = {"epochs", "patience", "learning_rate"}  # on a resume
_OF_SEQUENCES = {"dense", "dropout", "embedding", "mask", "max_length", "padding"}
_NO_LAYERS: dict[str, Any] = {"units": (), "bidirectional": False, "pooling": "last"}


@dataclass(frozen=True)
class ReviewRequest:
    """What a new classifier is asked to be.

    Attributes:
        preset: the network and training to begin from.
        source: which reviews.
        run: its name; None for one made of the reviews and the preset.
        embedding_from: where to take the embedding from; None for nowhere.
        settings: fields of `ClassifierConfig` and `ReviewTraining`, `units` a tuple; besides
            `layers`, a number, and `max_words`, the vocabulary's size.
        changes: how the request differs from its preset, in the words of whoever asks.
        saving: how often to save it, and which checkpoints to keep.
    """

    preset: str = DEFAULT_REVIEW_PRESET
    source: ReviewSource = field(default_factory=ReviewSource)
    run: str | None = None
    embedding_from: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: str = ""
    saving: Saving = AS_BEFORE


@dataclass(frozen=True)
class ReviewPlan:
    """A run about to begin or to resume.

    Attributes:
        run: its folder.
        progress: its recipe and the results so far.
        learn: the reviews to learn from.
        validate: the reviews to choose the best epoch by.
        test: the reviews to measure on.
        borrowed: weights that a new run begins with.
    """

    run: Run
    progress: Progress[ReviewRecipe]
    learn: Examples
    validate: Examples
    test: Examples
    borrowed: "Borrowed | None" = None

    unit = "reviews"

    @cached_property
    def steps(self) -> int:
        """Batches in an epoch."""
        from charrnn.training.review_batches import count_steps

        return count_steps(self.learn, self.progress.recipe.training)

    @property
    def units_per_step(self) -> int:
        """How many reviews a step reads."""
        return self.progress.recipe.training.batch_size

    def train(self, listener: "Listener", interrupted: "AskStop") -> None:
        """Carry the plan out; see `charrnn.training.loop.train`."""
        from charrnn.training import reviews

        reviews.train(
            self.run,
            self.progress,
            self.learn,
            self.validate,
            self.steps,
            listener,
            interrupted,
            self.borrowed,
        )

    def measure(self, seconds: float | None = None) -> Outcome:
        """Measure the trained run on the test reviews, and keep the outcome in its folder.

        Args:
            seconds: what the whole run took; None for what its epochs took.
        """
        from charrnn.training.reviews import evaluate

        results = self.run.read_history()
        last = results[-1].epoch
        best = self.run.find_best_epoch() or last  # of those that the run keeps
        scores = evaluate(self.run, self.progress.recipe, self.test, {best, last})
        outcome = summarize_run(
            self.run,
            self.progress.recipe,
            results,
            best,
            (scores[best].loss, scores[best].accuracy),
            (scores[last].loss, scores[last].accuracy),
            sum(result.seconds for result in results) if seconds is None else seconds,
        )
        write_outcome(self.run, outcome)
        return outcome


def configure(preset: str, given: Mapping[str, Any]) -> tuple[ClassifierConfig, ReviewTraining]:
    """A preset's configuration, overridden by the given settings.

    Args:
        preset: its name.
        given: as the settings of a `ReviewRequest`.

    Raises:
        UsageError: they contradict each other.
    """
    require(
        preset in REVIEW_PRESETS,
        f"unknown `preset` {preset!r}: choose {', '.join(REVIEW_PRESETS)}",
    )
    row = REVIEW_PRESETS[preset]
    if "max_words" in given:
        given = {**given, "vocabulary_size": given["max_words"]}
    values = {**row.network, **select_fields(ClassifierConfig, given)}
    alone = values.get("cell") == BIGRAMS_ALONE
    if alone and (idle := _OF_SEQUENCES & {*given}):
        names = ", ".join(f"`{name}`" for name in sorted(idle))
        raise UsageError(f"this network reads only words and pairs of words: leave out {names}")
    training = {**row.training, **select_fields(ReviewTraining, given)}
    return ClassifierConfig(**_settle_layers(values, given)), ReviewTraining(**training)


def plan_classifier(request: ReviewRequest, folders: Folders, reporter: Reporter) -> ReviewPlan:
    """Plan a new run: what can be rejected is rejected before anything is downloaded.

    Raises:
        UsageError: settings outside their range, or that contradict each other.
        CharrnnError: the reviews, or the embedding to borrow, can't be had.
    """
    request.saving.check()
    network, training = configure(request.preset, request.settings)
    require(
        bool(request.embedding_from) or not training.frozen_epochs,
        "`frozen_epochs` is for a borrowed embedding: give `embedding_from`",
    )
    name = request.run
    if name is not None:
        name = choose_name(folders.destination, CLASSIFIER, name)
    reviews = find_reviews(network.tokens, request.source, folders.data, reporter)
    encoder = make_encoder(reviews, network.tokens, network.vocabulary_size, folders.data, reporter)
    borrowed = None
    if request.embedding_from:
        width = request.settings.get("embedding")
        network, borrowed = borrow_embedding(
            request.embedding_from, encoder, network, width, folders.checkpoints, reporter
        )

    from charrnn.networks.precision import choose_precision

    precision = choose_precision("auto", max(network.units, default=0)).name
    corpus = reviews.name if request.source.paths else IMDB
    recipe = ReviewRecipe(
        network,
        replace(training, precision=precision),
        encoder,
        request.preset,
        spell_plainly(request.changes),
        request.source.absolute_paths,
        corpus,
        reviews.sha256,
        request.embedding_from or "",
        request.source.text_column or "",
        request.source.label_column or "",
        request.source.text_encoding,
    )
    learn, validate, test = _make_parts(recipe, reviews)
    if len(learn) < training.folds:
        count = say_count(len(learn), "review")
        raise ReviewsError(f"{count} to train on: too few for {request.preset}; give more")
    run = make_run(folders.destination, CLASSIFIER, name, corpus, request.preset, reporter.note)
    progress = Progress(recipe, []).change_saving(request.saving)
    return ReviewPlan(run, progress, learn, validate, test, borrowed)


def plan_classifier_resume(
    name: str,
    settings: Mapping[str, Any],
    paths: Sequence[Path],
    folders: Folders,
    reporter: Reporter,
    saving: Saving = AS_BEFORE,
) -> ReviewPlan:
    """Plan to resume the run of that name, or the newest, from where it was saved.

    Args:
        name: the run's; empty for the newest.
        settings: those that change.
        paths: where its reviews are now; none if they are where they were.
        folders: where things are kept.
        reporter: shows a download.
        saving: what changes of how the run is saved.

    Raises:
        UsageError: a setting can't change on a resume.
        RunError: there is no such run, it is finished, or another process trains it.
        ReviewsError: the reviews can't be had again.
        OSError: the run's folder can't be written.
    """
    check_changeable(settings, _CHANGEABLE)
    saving.check()
    run = find_resumable(folders.checkpoints, CLASSIFIER, name)
    progress = read_progress(run, ReviewRecipe).change_saving(saving)
    recipe = progress.recipe
    recipe = replace(recipe, training=replace(recipe.training, **settings))
    done = len(progress.results)
    if done >= recipe.training.epochs and read_outcome(run) is not None:
        raise make_finished_error(run, done, more=5)
    claim_resume(run)
    reviews = find_reviews_again(run, recipe, paths, folders.data, reporter)
    return ReviewPlan(run, replace(progress, recipe=recipe), *_make_parts(recipe, reviews))


def _settle_layers(values: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Make the recurrent layers agree with the cell and with `layers`."""
    recurrent = values.get("cell", ClassifierConfig.cell) in CELLS
    if not recurrent:  # the preset's layers go, the user's contradict
        values |= {name: value for name, value in _NO_LAYERS.items() if name not in given}
    elif not values.get("units", ClassifierConfig.units):
        values["units"] = ClassifierConfig.units
    if "layers" in given:
        layers = given["layers"]
        require(
            isinstance(layers, int) and 1 <= layers <= MOST_LAYERS,
            f"`layers` must lie in [1, {MOST_LAYERS}], not {layers!r}",
        )
        units = values.get("units", ClassifierConfig.units)
        if len(set(units)) > 1 or not recurrent:
            raise UsageError("`layers` repeats one size of `units`: give the one or the other")
        values["units"] = units[:1] * layers
    return values


def _make_parts(recipe: ReviewRecipe, reviews: Reviews) -> tuple[Examples, Examples, Examples]:
    """The reviews to learn from, to validate on and to test on."""
    train, test = (
        make_examples(part, recipe.encoder, recipe.network)
        for part in (reviews.train, reviews.test)
    )
    return *train.split(recipe.training.validation), test
