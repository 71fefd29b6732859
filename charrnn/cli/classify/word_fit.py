"""What `charrnn classify pretrain` does: begin a word model's training, or go on with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from charrnn import resume_file
from charrnn.classifiers import ReviewTraining, WordModelConfig
from charrnn.cli import options
from charrnn.cli.classify import sources
from charrnn.cli.plan import Places
from charrnn.data.vocabulary import Ids
from charrnn.errors import RunError
from charrnn.runs import PRETRAINED, Run, new_run, resumable
from charrnn.settings import Finished, WordSettings

_CHANGEABLE = {"epochs", "learning_rate"}  # on a resume


def begin(
    name: str | None,
    given: Mapping[str, Any],
    data: tuple[Path, ...],
    places: Places,
    as_json: bool,
) -> None:
    """Train a new word model; `given` are the flags by their parameters' names."""
    from charrnn.training import words

    values = {"vocabulary_size": given["max_words"]} if "max_words" in given else {}
    sizes = {name: given[name] for name in ("embedding", "units") if name in given}
    network = WordModelConfig(**values, **sizes)
    rest = {name: value for name, value in given.items() if name not in {"max_words", *sizes}}
    training = ReviewTraining(**words.DEFAULTS | rest)
    folder = places.checkpoints / PRETRAINED
    if name is not None:
        new_run(folder, name, "", "")  # complains before anything is downloaded
    reviews = sources.load_reviews("words", data, places.data_dir, places.terminal)
    size = network.vocabulary_size
    encoder = sources.make_encoder(reviews, "words", size, places.data_dir, places.terminal)
    corpus = reviews.name if data else "imdb"
    paths = tuple(str(path.resolve()) for path in data)
    settings = WordSettings(network, training, encoder, paths, corpus, reviews.sha256)
    ids = sources.encoded(reviews.train, encoder, size)
    words.check(ids, training)
    _fit(new_run(folder, name, corpus, "words"), Finished(settings, []), ids, places, as_json)


def go_on(
    name: str, given: Mapping[str, Any], data: tuple[Path, ...], places: Places, as_json: bool
) -> None:
    """Go on with the run of that name, or the newest."""
    options.refuse_on_resume({*given} - _CHANGEABLE)
    run = resumable(places.checkpoints / PRETRAINED, name)
    finished = resume_file.load(run, WordSettings)
    settings = finished.settings
    settings = replace(settings, training=replace(settings.training, **given))
    done = len(finished.results)
    if done >= settings.training.epochs:
        raise RunError(
            f"{run.name} has done all its epochs, {done}: to go further add, say, --epochs "
            f"{done + 1}"
        )
    reviews = sources.load_again(run, settings, data, places)
    ids = sources.encoded(reviews.train, settings.encoder, settings.network.vocabulary_size)
    _fit(run, replace(finished, settings=settings), ids, places, as_json)


def _fit(
    run: Run,
    finished: Finished[WordSettings],
    reviews: Sequence[Ids],
    places: Places,
    as_json: bool,
) -> None:
    from charrnn.cli.curves import drawn_curves
    from charrnn.cli.display import Pace, TrainingDisplay
    from charrnn.cli.interruption import stoppable
    from charrnn.training import words

    terminal, settings = places.terminal, finished.settings
    config = settings.training
    learn, _ = words.split(reviews, config.validation)
    steps = words.steps_per_epoch(learn, config.batch_size)
    use = f"Begin a classifier from it: charrnn classify imdb --embedding-from {run.typed()}"
    terminal.note(
        f"{run.name}: {settings.network.cell} {settings.network.units} in each direction, "
        f"{settings.network.parameters:,} parameters; {len(learn):,} words to train on, "
        f"{steps:,} steps an epoch"
    )
    pace = Pace("words/s", config.batch_size * words.LENGTH)
    display = TrainingDisplay(terminal, config.epochs, steps, pace, as_json)
    with (
        stoppable(terminal, run, steps, run.resume_command(), use) as interrupted,
        display,
        drawn_curves(run, terminal),
    ):
        words.train(run, finished, reviews, display, interrupted)
    terminal.note(f"done: {run.folder}.\n{use}")
