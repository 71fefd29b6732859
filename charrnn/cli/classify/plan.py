"""What `charrnn classify imdb`'s options ask for: a new training, or going on with one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from charrnn import outcomes, resume_file
from charrnn.classifiers import ClassifierConfig, ReviewTraining
from charrnn.cli import options
from charrnn.cli.classify import sources
from charrnn.cli.classify.sources import Reviews
from charrnn.cli.plan import Places
from charrnn.config import CELLS
from charrnn.data.padding import Examples
from charrnn.errors import ReviewsError, RunError, UsageError
from charrnn.presets.reviews import PRESETS
from charrnn.runs import CLASSIFIERS, Run, new_run, resumable
from charrnn.settings import Finished, ReviewSettings

if TYPE_CHECKING:
    from charrnn.training.reviews import Borrowed

_CHANGEABLE = {"epochs", "patience", "learning_rate"}  # on a resume
_IMDB = "imdb"
_OF_SEQUENCES = {"embedding", "dense", "dropout", "mask", "max_length", "padding"}
_NO_LAYERS: dict[str, Any] = {"units": (), "bidirectional": False, "pooling": "last"}


@dataclass(frozen=True)
class ReviewPlan:
    """A training about to begin or to go on: its folder, settings and results, and its reviews."""

    run: Run
    finished: Finished[ReviewSettings]
    train: Examples
    test: Examples
    borrowed: "Borrowed | None" = None


class Wanted(NamedTuple):
    """What a command line asks for beside the preset.

    Attributes:
        given: flags by their field's name; `units` is a tuple, `layers` a number.
        changes: the same as they are typed.
        data: the user's own reviews.
        embedding_from: where to take the embedding from; empty for nowhere.
    """

    given: Mapping[str, Any]
    changes: str
    data: tuple[Path, ...]
    embedding_from: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The absolute paths of the user's own reviews."""
        return tuple(str(path.resolve()) for path in self.data)


def configure(preset: str, given: Mapping[str, Any]) -> tuple[ClassifierConfig, ReviewTraining]:
    """The row's configuration with the flags over it.

    Args:
        preset: its name.
        given: as in `Wanted`.

    Raises:
        UsageError: they contradict each other.
    """
    row = PRESETS[preset]
    if "max_words" in given:
        given = {**given, "vocabulary_size": given["max_words"]}
    values = {**row.network, **_fields_of(ClassifierConfig, given)}
    recurrent = values.get("cell", ClassifierConfig.cell) in CELLS
    if values.get("cell") == "none":
        idle = ", ".join("--" + name.replace("_", "-") for name in sorted(_OF_SEQUENCES & {*given}))
        if idle:
            raise UsageError(f"{idle} does nothing here: this network has words and pairs alone")
    if not recurrent:  # the preset's layers go, the flags' contradict
        values |= {name: value for name, value in _NO_LAYERS.items() if name not in given}
    elif not values.get("units", ClassifierConfig.units):
        values["units"] = ClassifierConfig.units
    if "layers" in given:
        units = values.get("units", ClassifierConfig.units)
        if len(set(units)) > 1 or not recurrent:
            raise UsageError("--layers repeats one size of --units: give the one or the other")
        values["units"] = units[:1] * given["layers"]
    training = {**row.training, **_fields_of(ReviewTraining, given)}
    if values.get("cell") == "none":
        training["folds"] = 0
    return ClassifierConfig(**values), ReviewTraining(**training)


def begin(
    preset: str,
    name: str | None,
    wanted: Wanted,
    places: Places,
) -> ReviewPlan:
    """A new run: the preset's row, and over it the flags."""
    network, training = configure(preset, wanted.given)
    data = wanted.data
    folder = places.checkpoints / CLASSIFIERS
    if name is not None:
        new_run(folder, name, "", "")  # complains before anything is downloaded
    reviews = sources.load_reviews(network.tokens, data, places.data_dir, places.terminal)
    encoder = sources.make_encoder(
        reviews, network.tokens, network.vocabulary_size, places.data_dir, places.terminal
    )
    borrowed = None
    if wanted.embedding_from:
        from charrnn.cli.classify.borrow import borrow

        source = wanted.embedding_from
        network, borrowed = borrow(source, encoder, network, wanted.given, places)

    from charrnn.networks.precision import choose

    precision = choose("auto", max(network.units, default=0)).name
    corpus = reviews.name if data else _IMDB
    settings = ReviewSettings(
        network,
        replace(training, precision=precision),
        encoder,
        preset,
        wanted.changes,
        wanted.sources,
        corpus,
        reviews.sha256,
        wanted.embedding_from,
    )
    plan = _plan(Run(folder), Finished(settings, []), reviews)
    learn, _ = plan.train.split(training.validation)
    if len(learn) < training.folds:
        raise ReviewsError(f"{len(learn)} reviews to train on are too few for {preset}")
    return replace(plan, run=new_run(folder, name, corpus, preset), borrowed=borrowed)


def go_on(name: str, wanted: Wanted, places: Places) -> ReviewPlan:
    """The run of that name, or the newest, from where its last finished epoch ended."""
    given = wanted.given
    if wanted.embedding_from:
        raise click.UsageError("--embedding-from is how a run begins: leave it out on a resume")
    options.refuse_on_resume({*given} - _CHANGEABLE)
    folder = places.checkpoints / CLASSIFIERS
    run = resumable(folder, name)

    finished = resume_file.load(run, ReviewSettings)
    settings = finished.settings
    settings = replace(settings, training=replace(settings.training, **given))
    done = len(finished.results)
    if done >= settings.training.epochs and outcomes.read(run) is not None:
        raise RunError(
            f"{run.name} has done all its epochs, {done}: to go further add, say, --epochs "
            f"{done + 5}"
        )
    reviews = sources.load_again(run, settings, wanted.data, places)
    return _plan(run, replace(finished, settings=settings), reviews)


def _plan(run: Run, finished: Finished[ReviewSettings], reviews: Reviews) -> ReviewPlan:
    settings = finished.settings
    train, test = (
        sources.examples(part, settings.encoder, settings.network)
        for part in (reviews.train, reviews.test)
    )
    return ReviewPlan(run, finished, train, test)


def _fields_of(kind: type[ClassifierConfig | ReviewTraining], values: Mapping[str, Any]) -> Any:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}
