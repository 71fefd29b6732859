"""Planning a word model: a new run, or the resume of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.config.fields import select_fields
from charrnn.config.reviews import ReviewTraining, WordModelConfig
from charrnn.data.vocabulary import Ids
from charrnn.planning.folders import Folders
from charrnn.planning.report import Reporter
from charrnn.planning.resuming import check_changeable, make_finished_error
from charrnn.planning.review_sources import (
    IMDB,
    Reviews,
    ReviewSource,
    encode_reviews,
    find_reviews,
    find_reviews_again,
    make_encoder,
)
from charrnn.runs.catalogue import find_resumable
from charrnn.runs.claim import claim_resume
from charrnn.runs.keep import AS_BEFORE, Saving
from charrnn.runs.kinds import WORD_MODEL
from charrnn.runs.names import choose_name, make_run
from charrnn.runs.recipe import Progress, WordRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.training.listener import Listener
    from charrnn.training.stop import AskStop

_CHANGEABLE = {"epochs", "learning_rate"}  # on a resume


@dataclass(frozen=True)
class WordRequest:
    """What a new word model is asked to be.

    Attributes:
        source: which reviews.
        run: its name; None for one made of the reviews.
        settings: `embedding`, `units`, `max_words`, and fields of `ReviewTraining`.
        saving: how often to save it, and which checkpoints to keep.
    """

    source: ReviewSource = field(default_factory=ReviewSource)
    run: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    saving: Saving = AS_BEFORE


@dataclass(frozen=True)
class WordPlan:
    """A run about to begin or to resume.

    Attributes:
        run: its folder.
        progress: its recipe and the results so far.
        learn: the words to learn from, shape (N,).
        validate: the words to validate on, shape (N,).
    """

    run: Run
    progress: Progress[WordRecipe]
    learn: Ids
    validate: Ids

    unit = "words"

    @cached_property
    def steps(self) -> int:
        """Batches in an epoch."""
        from charrnn.training.words import count_steps

        return count_steps(self.learn, self.progress.recipe.training.batch_size)

    @property
    def units_per_step(self) -> int:
        """How many words a step reads."""
        from charrnn.training.words import LENGTH

        return self.progress.recipe.training.batch_size * LENGTH

    def train(self, listener: "Listener", interrupted: "AskStop") -> None:
        """Carry the plan out; see `charrnn.training.loop.train`."""
        from charrnn.training import words

        parts = self.learn, self.validate
        words.train(self.run, self.progress, *parts, self.steps, listener, interrupted)


def plan_word_model(request: WordRequest, folders: Folders, reporter: Reporter) -> WordPlan:
    """Plan a new run: what can be rejected is rejected before anything is downloaded.

    Raises:
        UsageError: settings outside their range.
        CharrnnError: the reviews can't be had, or are too few.
    """
    from charrnn.training.words import DEFAULTS

    request.saving.check()
    given = dict(request.settings)
    if "max_words" in given:
        given["vocabulary_size"] = given.pop("max_words")
    network = WordModelConfig(**select_fields(WordModelConfig, given))
    training = ReviewTraining(**DEFAULTS | select_fields(ReviewTraining, given))
    name = request.run
    if name is not None:
        name = choose_name(folders.destination, WORD_MODEL, name)
    source, size = request.source, network.vocabulary_size
    reviews = find_reviews("words", source, folders.data, reporter)
    encoder = make_encoder(reviews, "words", size, folders.data, reporter)
    recipe = WordRecipe(
        network,
        training,
        encoder,
        source.absolute_paths,
        reviews.name if source.paths else IMDB,
        reviews.sha256,
        source.text_column or "",
        source.label_column or "",
        source.text_encoding,
    )
    learn, validate = _make_parts(recipe, reviews)
    run = make_run(folders.destination, WORD_MODEL, name, recipe.corpus, "words", reporter.note)
    return WordPlan(run, Progress(recipe, []).change_saving(request.saving), learn, validate)


def plan_word_model_resume(
    name: str,
    settings: Mapping[str, Any],
    paths: Sequence[Path],
    folders: Folders,
    reporter: Reporter,
    saving: Saving = AS_BEFORE,
) -> WordPlan:
    """Plan to resume the run of that name, or the newest; see `plan_classifier_resume`."""
    check_changeable(settings, _CHANGEABLE)
    saving.check()
    run = find_resumable(folders.checkpoints, WORD_MODEL, name)
    progress = read_progress(run, WordRecipe).change_saving(saving)
    recipe = progress.recipe
    recipe = replace(recipe, training=replace(recipe.training, **settings))
    done = len(progress.results)
    if done >= recipe.training.epochs:
        raise make_finished_error(run, done, more=1)
    claim_resume(run)
    reviews = find_reviews_again(run, recipe, paths, folders.data, reporter)
    return WordPlan(run, replace(progress, recipe=recipe), *_make_parts(recipe, reviews))


def _make_parts(recipe: WordRecipe, reviews: Reviews) -> tuple[Ids, Ids]:
    """The words to learn from, and those to validate on."""
    from charrnn.training.words import split_reviews

    size = recipe.network.vocabulary_size
    ids = encode_reviews(reviews.train, recipe.encoder, size)
    return split_reviews(ids, recipe.training)
