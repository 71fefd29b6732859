"""Language models side by side: sizes, times, losses, and what each makes of one prompt."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from charrnn.config.fields import require
from charrnn.config.language import CROP_LENGTH
from charrnn.errors import CharrnnError
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.inference.score import OnProgress, check_length
from charrnn.planning.folders import Folders
from charrnn.planning.report import Reporter
from charrnn.planning.texts import load_part
from charrnn.runs.bundled import is_bundled
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

_MODES: dict[str, int | None] = {"stream": None, "crops": CROP_LENGTH}

ShowProgress = Callable[[str, int], AbstractContextManager[OnProgress]]
"""Called with what is measured and how many characters that is; gives what to call with more."""


@dataclass(frozen=True)
class Trial:
    """What is asked of each network.

    Attributes:
        prompt: what each continues.
        length: how many characters it writes.
        temperature: that it writes at.
        seed: of its random generator.
        limit: how many characters of its validation text to measure, 2 or more; None for all.
    """

    prompt: str = ""
    length: int = 200
    temperature: float = 0.8
    seed: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Comparison:
    """A language model beside others.

    Losses are in nats per character, of the part of its own text that it held back; None if that
    can't be had.

    Attributes:
        run: the run's name.
        checkpoint: the file that its network was read from.
        epoch: the best one, whose network this is.
        corpus: what it learnt from.
        vocabulary: what it reads and writes, "character" or "byte".
        cell: its kind of recurrent layer.
        network: its layers in a few words.
        parameters: how many trainable numbers it has.
        minutes: what its epochs took; None if that was not noted.
        stream: the loss, read as one stream.
        crops: the loss in crops of 256 characters, each read from a cold start.
        text: what it writes after the prompt.
        history: the `EpochResult` of each of its epochs; of bytes, with losses per byte.
    """

    run: str
    checkpoint: Path
    epoch: int
    corpus: str
    vocabulary: str
    cell: str
    network: str
    parameters: int
    minutes: float | None
    stream: float | None
    crops: float | None
    text: str
    history: tuple[EpochResult, ...]


def compare_runs(
    names: Sequence[str],
    trial: Trial,
    folders: Folders,
    reporter: Reporter,
    show_progress: ShowProgress = lambda _name, _size: nullcontext(lambda _: None),
) -> Iterator[Comparison]:
    """Compare language models; what can't be used is rejected before the first is measured.

    Args:
        names: runs' names, folders or checkpoint files.
        trial: what is asked of each.
        folders: where things are kept.
        reporter: told what can't be measured, or compared.
        show_progress: shows how far a measurement has come.

    Raises:
        RunError, CheckpointError: there is no such run, or it can't be used.
        VocabularyError: a network does not know the prompt.
        UsageError: the trial asks for what can't be.
    """
    limit = trial.limit
    require(limit is None or limit > 1, f"`limit` must be 2 or above, not {limit}")
    paths = dict.fromkeys(find_checkpoint(folders.checkpoints, LANGUAGE, name) for name in names)
    require(len(paths) > 1, "one run alone can't be compared: name another one too")
    models = [(path, load_model(path)) for path in paths]
    how = (trial.prompt, trial.length, trial.temperature)
    streams = [model.stream(*how, seed=trial.seed) for _, model in models]
    if len({model.checkpoint.provenance.corpus_sha256 for _, model in models}) > 1:
        reporter.note("note: these learnt from different texts: their losses can't be compared")
    return (
        _describe(
            path, model, _measure(path, model, limit, folders, reporter, show_progress), stream
        )
        for (path, model), stream in zip(models, streams, strict=True)
    )


def _measure(
    path: Path,
    model: LanguageModel,
    limit: int | None,
    folders: Folders,
    reporter: Reporter,
    show_progress: ShowProgress,
) -> dict[str, float | None]:
    """The losses on what a network's run held back, by their modes; None if that can't be had."""
    losses: dict[str, float | None] = dict.fromkeys(_MODES)
    name = _name_run(path)
    if not (is_bundled(path) or Run(path.parent, LANGUAGE).resume_file.exists()):
        reporter.note(f"note: {name} is not measured: nothing beside it says what it learnt from")
        return losses
    try:
        checkpoint = model.checkpoint
        text = load_part("validation", path, checkpoint, (), folders.data, reporter)
        ids = text[:limit].encode(checkpoint.vocabulary)
        check_length(checkpoint.vocabulary.count_characters(ids))
    except CharrnnError as error:
        reporter.note(f"note: {name} is not measured: {error}")
        return losses
    for mode, crop_length in _MODES.items():
        with show_progress(f"{name}, {mode}", len(ids) - 1) as progress:
            losses[mode] = model.evaluate(ids, crop_length, progress=progress).loss
    return losses


def _describe(
    path: Path, model: LanguageModel, losses: Mapping[str, float | None], text: Iterable[str]
) -> Comparison:
    network, source = model.checkpoint.network, model.checkpoint.provenance
    seconds = [result.seconds for result in model.history]
    return Comparison(
        run=_name_run(path),
        checkpoint=path,
        epoch=source.epoch,
        corpus=source.corpus,
        vocabulary=model.vocabulary.unit,
        cell=network.cell,
        network=network.describe(),
        parameters=network.parameters,
        minutes=sum(seconds) / 60 if seconds else None,
        **losses,
        text="".join(text),
        history=tuple(model.history),
    )


def _name_run(path: Path) -> str:
    """The name of a checkpoint's run or, of a file that lies in no folder, the file's."""
    return path.parent.name or path.name
