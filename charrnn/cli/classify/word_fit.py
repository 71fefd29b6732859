"""What `charrnn classify pretrain` does: begin a word model's training, or go on with it."""

import shlex
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from charrnn.classifiers import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.cli.classify import sources
from charrnn.cli.classify.sources import Reviews
from charrnn.cli.plan import Places
from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError, RunError
from charrnn.runs import PRETRAINED, Run, find_run, new_run, runs
from charrnn.settings import Finished, WordSettings


def begin(
    name: str | None,
    values: Mapping[str, Any],
    data: tuple[Path, ...],
    places: Places,
    as_json: bool,
) -> None:
    """Train a new word model of these values, which are the options by their names."""
    network = WordModelConfig(
        vocabulary_size=values["max_words"], embedding=values["embedding"], units=values["units"]
    )
    rest = ("epochs", "learning_rate", "batch_size", "validation", "seed")
    training = ReviewTraining(
        schedule="cosine", clip_norm=5.0, **{name: values[name] for name in rest}
    )
    folder = places.checkpoints / PRETRAINED
    from charrnn.training import words

    if name is not None:
        new_run(folder, name, "", "")  # complains before anything is downloaded
    config = ClassifierConfig(vocabulary_size=network.vocabulary_size)
    reviews = sources.load_reviews("words", data, places.data_dir, places.terminal)
    encoder = sources.make_encoder(reviews, config, places.data_dir, places.terminal)
    corpus = reviews.name if data else "imdb"
    paths = tuple(str(path.resolve()) for path in data)
    settings = WordSettings(network, training, encoder, paths, corpus, reviews.sha256)
    ids = _ids(reviews, settings)
    words.check(ids, training)
    run = new_run(folder, name, corpus, "words")
    _fit(run, Finished(settings, []), ids, places, as_json)


def go_on(name: str, data: tuple[Path, ...], places: Places, as_json: bool) -> None:
    """Go on with the run of that name, or the newest."""
    from charrnn.training import resume

    folder = places.checkpoints / PRETRAINED
    found = runs(folder)
    if not found:
        raise RunError(
            f"no run in {folder} to go on with: train one with charrnn classify pretrain"
        )
    run = find_run(folder, name) if name else found[0]
    finished = resume.load(run, WordSettings)
    settings = finished.settings
    if len(finished.results) >= settings.training.epochs:
        raise RunError(f"{run.name} has done all its epochs, {settings.training.epochs}")
    paths = data or tuple(map(Path, settings.sources))
    reviews = sources.load_reviews("words", paths, places.data_dir, places.terminal)
    if reviews.sha256 != settings.corpus_sha256:
        raise ReviewsError(
            f"{reviews.source} does not hold, or no longer, the reviews that {run.name} was "
            "trained on: give those with --data"
        )
    _fit(run, finished, _ids(reviews, settings), places, as_json)


def _ids(reviews: Reviews, settings: WordSettings) -> Sequence[Ids]:
    config = ClassifierConfig(vocabulary_size=settings.network.vocabulary_size)
    return sources.encoded(reviews.train, settings.encoder, config)


def _fit(
    run: Run,
    finished: Finished[WordSettings],
    reviews: Sequence[Ids],
    places: Places,
    as_json: bool,
) -> None:
    from charrnn.cli.display import Pace, TrainingDisplay
    from charrnn.cli.interruption import farewell, interruption
    from charrnn.training import words
    from charrnn.training.callbacks import Interrupted

    terminal, settings = places.terminal, finished.settings
    config, again = settings.training, shlex.quote(run.name)
    learn, _ = words.split(reviews, config.validation)
    steps = words.steps_per_epoch(learn, config.batch_size)
    use = f"Begin a classifier from it: charrnn classify imdb --embedding-from {again}"
    terminal.note(
        f"{run.name}: {settings.network.cell} {settings.network.units} in each direction, "
        f"{settings.network.parameters:,} parameters; {len(learn):,} words to train on, "
        f"{steps:,} steps an epoch"
    )
    pace = Pace("words/s", config.batch_size * words.LENGTH)
    display = TrainingDisplay(terminal, config.epochs, steps, pace, as_json)
    try:
        with interruption(terminal) as interrupted, display:
            words.train(run, finished, reviews, display, interrupted)
    except (Interrupted, KeyboardInterrupt) as stop:
        kept = f"{stop.step} of {steps}" if isinstance(stop, Interrupted) and stop.step else None
        terminal.note(farewell(run, kept, again, use))
        raise click.exceptions.Exit(128 + signal.SIGINT) from None
    terminal.note(f"done: {run.folder}.\n{use}")
