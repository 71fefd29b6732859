"""The Python interface: what the commands do, as functions that print nothing."""

import os
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from charrnn.config.presets import DEFAULT_REVIEW_PRESET
from charrnn.data.corpus import Corpus, make_corpus
from charrnn.data.download import DATA
from charrnn.errors import UsageError
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.inference.review_model import ReviewModel
from charrnn.inference.review_model import load_classifier as load_review_model
from charrnn.planning.folders import Folders
from charrnn.planning.language import LanguagePlan, Request, plan_resume, plan_run
from charrnn.planning.report import Reporter, Silence
from charrnn.planning.review_sources import ReviewSource
from charrnn.planning.reviews import (
    ReviewPlan,
    ReviewRequest,
    plan_classifier,
    plan_classifier_resume,
)
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CHECKPOINTS, CLASSIFIER, LANGUAGE

PathLike = str | os.PathLike[str]
OnEpoch = Callable[[EpochResult], object]


class LanguageSettings(TypedDict, total=False):
    """The settings of `train`, with the names and meanings of the command's options."""

    cell: str
    units: int
    layers: int
    embedding: int
    dropout: float
    embedding_dropout: float
    weight_drop: float
    weight_decay: float
    seq_length: int
    batch_size: int
    order: str
    state: str
    stride: int
    epochs: int
    learning_rate: float
    schedule: str
    clip_norm: float
    validation: float
    patience: int
    seed: int
    precision: str


class ReviewSettings(TypedDict, total=False):
    """The settings of `train_classifier`, with the names of the command's options."""

    cell: str
    units: int | Sequence[int]
    layers: int
    bidirectional: bool
    embedding: int
    dense: int
    max_words: int
    max_length: int
    padding: str
    mask: bool
    dropout: float
    optimizer: str
    learning_rate: float
    clip_norm: float
    batch_size: int
    epochs: int
    patience: int
    validation: float
    seed: int
    frozen_epochs: int


def train(
    corpus: PathLike | None = None,
    *,
    text: str | None = None,
    preset: str | None = None,
    budget: float | None = None,
    from_: PathLike | None = None,
    run: str | None = None,
    resume: str | None = None,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_epoch: OnEpoch | None = None,
    reporter: Reporter | None = None,
    **settings: Unpack[LanguageSettings],
) -> LanguageModel:
    """Train a language model on a text, and return the network of its best epoch.

    Does what `charrnn train` does, with the same settings and presets. Ctrl-C ends training after
    the step under way and leaves what it leaves there: the finished epochs, and the weights of the
    one that was interrupted.

    Args:
        corpus: a corpus's name, a text file's path, or "-" for standard input; None for
            shakespeare. When resuming, None for the text where it was.
        text: the text itself, instead of a corpus.
        preset: "minute", "quick", "default" or "tutorial"; None for what the budget allows, or the
            default.
        budget: minutes that training may take; chooses the epochs.
        from_: a run or a `.weights.h5` file whose network to begin with.
        run: the new run's name, which keeps it in `checkpoints`; None trains in a temporary folder
            that is removed when the process ends.
        resume: the name of a run to resume; "" for the newest.
        checkpoints: where runs are kept; None for the environment's CHARRNN_CHECKPOINTS, or
            "checkpoints".
        data_dir: where downloads are kept; None for the environment's CHARRNN_DATA_DIR, or "data".
        on_epoch: called with the `EpochResult` of each epoch that ends.
        reporter: called with notes and downloads while the run is planned; None for silence.
        **settings: override the preset's values; see `LanguageSettings`.

    Raises:
        CharrnnError: settings outside their range or that contradict each other, a text or a run
            that can't be had, a loss that became NaN or infinite.
        OSError: the folder can't be written, or the disk is full.
        KeyboardInterrupt: Ctrl-C.

    Example:
        >>> model = charrnn.train("my-novel.txt", preset="minute", epochs=3, on_epoch=print)
        >>> print(model.generate("It was ", length=300, temperature=0.8, seed=1))
    """
    _check_names(settings, LanguageSettings)
    source = _choose_corpus(corpus, text)
    reporter = reporter or Silence()
    folders = _choose_folders(checkpoints, data_dir)
    if resume is not None:
        _refuse_on_resume(run=run, preset=preset, budget=budget, from_=from_)
        plan = plan_resume(resume, source, settings, folders, reporter)
    else:
        origin = None if from_ is None else os.fspath(from_)
        request = Request(preset, budget, run, origin, settings=settings)
        plan = plan_run(source, request, folders if run else _use_temporary(folders), reporter)
    _carry_out(plan, on_epoch)
    return load_model(plan.run.checkpoint_file())


def train_classifier(
    data: PathLike | Sequence[PathLike] = (),
    *,
    preset: str = DEFAULT_REVIEW_PRESET,
    text_column: str | None = None,
    label_column: str | None = None,
    embedding_from: PathLike | None = None,
    run: str | None = None,
    resume: str | None = None,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_epoch: OnEpoch | None = None,
    reporter: Reporter | None = None,
    **settings: Unpack[ReviewSettings],
) -> ReviewModel:
    """Train a review classifier, measure it, and return the network of its best epoch.

    Does what `charrnn classify train` does. A run that is kept gets its row in the table of
    `charrnn classify compare`.

    Args:
        data: reviews: a .csv, .tsv or .jsonl table, a folder or archive laid out like aclImdb, an
            .npz like Keras's imdb.npz, or two of these; nothing for IMDB's, which are downloaded.
        preset: the network and training to begin from, such as "lstm-32".
        text_column: which column of a table holds the reviews; None for a usual one.
        label_column: which column of a table holds the labels; None for a usual one.
        embedding_from: a run, a checkpoint, or word vectors whose embedding to begin with.
        run: the new run's name; None for a temporary folder.
        resume: the name of a run to resume; "" for the newest.
        checkpoints: where runs are kept.
        data_dir: where downloads are kept.
        on_epoch: called with the `EpochResult` of each epoch that ends.
        reporter: called with notes and downloads while the run is planned; None for silence.
        **settings: override the preset's values; see `ReviewSettings`.

    Raises:
        CharrnnError, OSError, KeyboardInterrupt: as in `train`.

    Example:
        >>> judge = charrnn.train_classifier("reviews.csv", preset="lstm-32", epochs=3)
        >>> judge.probabilities(["What a film!"])
    """
    _check_names(settings, ReviewSettings)
    given: dict[str, Any] = dict(settings)
    units = settings.get("units", ())
    if units:
        given["units"] = (units,) if isinstance(units, int) else tuple(units)
    paths = (data,) if isinstance(data, (str, os.PathLike)) else tuple(data)
    source = ReviewSource(tuple(map(Path, paths)), text_column, label_column)
    reporter = reporter or Silence()
    folders = _choose_folders(checkpoints, data_dir)
    if resume is not None:
        _refuse_on_resume(run=run, embedding_from=embedding_from)
        plan = plan_classifier_resume(resume, given, source.paths, folders, reporter)
    else:
        borrowed = None if embedding_from is None else os.fspath(embedding_from)
        changes = " ".join(f"{name}={value}" for name, value in settings.items())
        request = ReviewRequest(preset, source, run, borrowed, given, changes)
        plan = plan_classifier(request, folders if run else _use_temporary(folders), reporter)
    _carry_out(plan, on_epoch)
    plan.measure()
    return load_review_model(plan.run.checkpoint_file())


def load(
    run: PathLike | None = None, epoch: int | None = None, *, checkpoints: PathLike | None = None
) -> LanguageModel:
    """Load a trained language model. Needs NumPy and h5py, not TensorFlow.

    Args:
        run: a run's name, its folder, or a `.weights.h5` file; None for the newest run.
        epoch: which of the run's epochs; None for the best.
        checkpoints: where runs are kept; as in `train`.

    Raises:
        CharrnnError: there is no such run, epoch or file, or it can't be used.

    Example:
        >>> model = charrnn.load("novel", epoch=3)
    """
    folder = _choose_folders(checkpoints, None).checkpoints
    return load_model(
        find_checkpoint(folder, LANGUAGE, None if run is None else os.fspath(run), epoch)
    )


def load_classifier(
    run: PathLike | None = None, epoch: int | None = None, *, checkpoints: PathLike | None = None
) -> ReviewModel:
    """Load a trained review classifier; arguments and errors as in `load`.

    Example:
        >>> judge = charrnn.load_classifier("imdb-lstm-32")
    """
    folder = _choose_folders(checkpoints, None).checkpoints
    return load_review_model(
        find_checkpoint(folder, CLASSIFIER, None if run is None else os.fspath(run), epoch)
    )


@dataclass
class _EpochListener:
    """Calls a function at the end of each epoch."""

    on_epoch: OnEpoch | None

    def on_epoch_begin(self, epoch: int) -> None:
        """Do nothing."""

    def on_step(self, step: int, loss: float) -> None:
        """Do nothing."""

    def on_validation(self) -> None:
        """Do nothing."""

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:  # noqa: ARG002
        """Call the function."""
        if self.on_epoch is not None:
            self.on_epoch(result)


def _carry_out(plan: LanguagePlan | ReviewPlan, on_epoch: OnEpoch | None) -> None:
    """Train; Ctrl-C ends it after a step, as a KeyboardInterrupt that says what is kept."""
    from charrnn.training.stop import Interrupted, catch_interrupts

    try:
        with catch_interrupts(signal.SIGINT) as interrupted:
            plan.train(_EpochListener(on_epoch), interrupted)
    except Interrupted as stop:
        epochs = len(plan.run.read_history())
        raise KeyboardInterrupt(
            f"training stopped: {epochs} finished epochs"
            + (f", and step {stop.step} of the next," if stop.step else "")
            + f" are kept in {plan.run.folder}"
        ) from stop


def _choose_corpus(corpus: PathLike | None, text: str | None) -> str | Corpus | None:
    if text is None:
        return None if corpus is None else os.fspath(corpus)
    if corpus is not None:
        raise UsageError("give `corpus` or `text`, not both")
    return make_corpus(text)


def _choose_folders(checkpoints: PathLike | None, data_dir: PathLike | None) -> Folders:
    """The folders given, else those in the environment, else the command's."""
    environment = os.environ
    return Folders(
        Path(checkpoints or environment.get("CHARRNN_CHECKPOINTS") or CHECKPOINTS),
        Path(data_dir or environment.get("CHARRNN_DATA_DIR") or DATA),
    )


def _use_temporary(folders: Folders) -> Folders:
    """The folders, with a new one for new runs that is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="charrnn-")
    _temporary.append(folder)
    return replace(folders, new_runs=Path(folder.name))


_temporary: list[tempfile.TemporaryDirectory[str]] = []  # kept alive until the process ends


def _check_names(settings: Mapping[str, Any], names: type) -> None:
    """Reject a setting that there is not."""
    known = names.__annotations__
    unknown = ", ".join(sorted({*settings} - {*known}))
    if unknown:
        raise UsageError(f"unknown setting {unknown}: choose from {', '.join(known)}")


def _refuse_on_resume(**given: object) -> None:
    """Reject what a resume takes from the run itself."""
    names = ", ".join(f"`{name}`" for name, value in given.items() if value is not None)
    if names:
        raise UsageError(f"`resume` keeps the run's name and settings: leave out {names}")
