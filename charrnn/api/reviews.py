"""Training and loading review classifiers."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from charrnn.api.arguments import (
    PathLike,
    check_flag,
    check_functions,
    check_number,
    check_resume,
    check_texts,
    choose_folders,
    list_sources,
    to_epoch,
    to_name,
    to_saving,
)
from charrnn.api.session import (
    Notes,
    OnEpoch,
    OnNote,
    carry_out,
    choose_destination,
    reserve_process,
)
from charrnn.api.settings import ReviewSettings, read_settings
from charrnn.config.fields import require
from charrnn.config.presets import DEFAULT_REVIEW_PRESET
from charrnn.errors import UsageError
from charrnn.inference.review_model import ReviewModel
from charrnn.inference.review_model import load_classifier as load_review_model
from charrnn.planning.review_sources import ReviewSource
from charrnn.planning.reviews import ReviewRequest, plan_classifier, plan_classifier_resume
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.keep import Saving
from charrnn.runs.kinds import CLASSIFIER


def train_classifier(
    data: PathLike | Sequence[PathLike] | None = None,
    *,
    preset: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str | None = None,
    embedding_from: PathLike | None = None,
    run: str | None = None,
    resume: PathLike | None = None,
    keep: str | int | None = None,
    checkpoint_every: float | None = None,
    tensorboard: bool = False,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_epoch: OnEpoch | None = None,
    on_note: OnNote | None = None,
    **settings: Unpack[ReviewSettings],
) -> ReviewModel:
    """Train a review classifier, and return the network of its best epoch.

    This is what `charrnn classify train` does, with the same presets, settings and files, except
    that no picture of the learning curves is drawn. A run that is kept is also measured on the test
    reviews, for the table of `charrnn classify compare`. Seeds, Ctrl-C and threads are as in
    `train`.

    Args:
        data: your reviews: a .csv, .tsv or .jsonl table, a folder or archive laid out like aclImdb,
            an .npz like Keras's imdb.npz, or a list of an .npz and one of the others; None for
            IMDB's, which are downloaded. On a resume, None for those that the run was trained on.
        preset: the network and how to train it, such as "average-16", "bilstm-64-subword" or
            "best"; None for "lstm-32".
        text_column: which column of a table holds the reviews; None for "text", "review" or the
            like.
        label_column: which column of a table holds the labels; None for "label", "sentiment" or the
            like.
        encoding: of the reviews' text, by any name that Python knows; None for UTF-8.
        embedding_from: start with the embedding of this run, of this checkpoint, or of this file of
            word vectors in GloVe's or word2vec's text format.
        run: as in `train`.
        resume: as in `train`.
        keep: as in `train`.
        checkpoint_every: as in `train`.
        tensorboard: as in `train`.
        checkpoints: as in `train`; classifiers are in its subfolder "classify".
        data_dir: as in `train`.
        on_epoch: as in `train`.
        on_note: as in `train`.
        **settings: override the preset's values; see `ReviewSettings`. On a resume, `epochs`,
            `patience` and `learning_rate` can change.

    Raises:
        CharrnnError: as in `train`; or reviews that can't be had.
        OSError: as in `train`.
        KeyboardInterrupt: as in `train`.

    Example:
        >>> judge = charrnn.train_classifier("reviews.csv", preset="lstm-32", epochs=3)
        >>> judge.probabilities(["What a film!"])
    """
    given = _read_settings(settings)
    source = _choose_source(data, text_column, label_column, encoding)
    check_texts(preset=preset, run=run)
    check_functions(on_epoch=on_epoch, on_note=on_note)
    borrowed, resumed = to_name("embedding_from", embedding_from), to_name("resume", resume)
    saving = to_saving(keep, checkpoint_every)
    watched = check_flag("tensorboard", tensorboard)
    folders, notes = choose_folders(checkpoints, data_dir), Notes(on_note)
    began = time.monotonic()
    with reserve_process():
        if resumed is None:
            request = _make_request(preset, source, run, borrowed, given, saving)
            plan = plan_classifier(request, choose_destination(folders, run), notes)
        else:
            read_as = {"text_column": text_column, "label_column": label_column}
            read_as |= {"encoding": encoding}
            check_resume(run=run, preset=preset, embedding_from=borrowed, **read_as)
            plan = plan_classifier_resume(resumed, given, source.paths, folders, notes, saving)
        carry_out(plan, on_epoch, tensorboard=watched)
        if resumed is not None:
            plan.measure()
        elif run is not None:
            plan.measure(time.monotonic() - began)
    return load_review_model(plan.run.choose_checkpoint())


def load_classifier(
    run: PathLike | None = None, epoch: int | None = None, *, checkpoints: PathLike | None = None
) -> ReviewModel:
    """Load a trained review classifier. Needs NumPy, and tokenizers for subwords.

    Args:
        run: a run's name, its folder, or a `.weights.h5` file; None for the newest run.
        epoch: which of the run's epochs, from 1; None for the best.
        checkpoints: where runs are kept, as in `train_classifier`.

    Raises:
        CharrnnError: there is no such run, epoch or file, or it can't be used.

    Example:
        >>> judge = charrnn.load_classifier("imdb-lstm-32")
    """
    folder = choose_folders(checkpoints, None).checkpoints
    named = to_name("run", run)
    return load_review_model(find_checkpoint(folder, CLASSIFIER, named, to_epoch(epoch)))


def _read_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with `units` as a tuple.

    Raises:
        UsageError: there is no setting of such a name, or one that planning can't check is wrong.
    """
    given = read_settings(settings, ReviewSettings, train_classifier)
    if "units" in given:
        given["units"] = _read_units(given["units"])
    for name in ("layers", "max_words"):  # planning makes other settings of them
        if name in given:
            check_number(name, given[name], int)
    require(given.get("layers", 1) >= 1, f"`layers` must be at least 1, not {given.get('layers')}")
    return given


def _read_units(units: Any) -> tuple[Any, ...]:
    """The units of each layer, from one number or several.

    Raises:
        UsageError: they are neither.
    """
    if isinstance(units, tuple) and units:
        return units
    if isinstance(units, int) and not isinstance(units, bool):
        return (units,)
    raise UsageError("`units` must be a number, or one for each layer")


def _choose_source(
    data: PathLike | Sequence[PathLike] | None,
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
) -> ReviewSource:
    """Which reviews.

    Raises:
        UsageError: columns or an encoding of nothing, or arguments of another type.
    """
    check_texts(text_column=text_column, label_column=label_column, encoding=encoding)
    paths = tuple(map(Path, list_sources("data", data)))
    return ReviewSource(paths, text_column, label_column, encoding)


def _make_request(
    preset: str | None,
    source: ReviewSource,
    run: str | None,
    borrowed: str | None,
    given: Mapping[str, Any],
    saving: Saving,
) -> ReviewRequest:
    """What planning is asked for.

    Raises:
        UsageError: there is nothing to freeze.
    """
    changes = given if borrowed is None else {**given, "embedding_from": borrowed}
    spelled = " ".join(f"{name}={_spell(value)}" for name, value in changes.items())
    name = DEFAULT_REVIEW_PRESET if preset is None else preset
    return ReviewRequest(name, source, run, borrowed, given, spelled, saving)


def _spell(value: Any) -> str:
    """A setting's value for a run's row of the table of classifiers."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
