"""Training and loading language models."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

from charrnn.api.arguments import (
    PathLike,
    check_flag,
    check_functions,
    check_number,
    check_resume,
    check_texts,
    choose_corpus,
    choose_folders,
    choose_how,
    to_epoch,
    to_name,
    to_plain,
    to_saving,
    to_team,
)
from charrnn.api.session import (
    Notes,
    OnEpoch,
    OnNote,
    carry_out,
    choose_destination,
    reserve_process,
    take_part,
)
from charrnn.api.settings import LanguageSettings, read_settings
from charrnn.config.cluster import Cluster
from charrnn.config.fields import require
from charrnn.data.reading import make_reading
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.planning.folders import Folders
from charrnn.planning.gradient_rms import find_rms
from charrnn.planning.language import (
    LanguageShare,
    Request,
    plan_resume,
    plan_resume_share,
    plan_run,
    plan_share,
)
from charrnn.planning.report import Silence
from charrnn.planning.texts import load_part
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.kinds import LANGUAGE


def train(
    corpus: PathLike | Sequence[PathLike] | None = None,
    *,
    text: str | None = None,
    preset: str | None = None,
    budget: float | None = None,
    from_: PathLike | None = None,
    encoding: str | None = None,
    text_column: str | None = None,
    newlines: str | None = None,
    clean: bool | None = None,
    glob: str | Sequence[str] | None = None,
    separator: str | None = None,
    min_count: int | None = None,
    vocabulary: str | None = None,
    run: str | None = None,
    resume: PathLike | None = None,
    keep: str | int | None = None,
    checkpoint_every: float | None = None,
    workers: Sequence[str] | None = None,
    worker: int | None = None,
    devices: int | None = None,
    tensorboard: bool = False,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_epoch: OnEpoch | None = None,
    on_note: OnNote | None = None,
    **settings: Unpack[LanguageSettings],
) -> LanguageModel:
    """Train a language model on a text, and return the network of its best epoch.

    This is what `charrnn train` does, with the same presets, settings and files, except that no
    picture of the learning curves is drawn. The same seed gives the same weights.

    Ctrl-C ends the run after the step under way, saves all, and raises `KeyboardInterrupt`. A
    resume from there ends with the weights of a run that was never stopped. In a thread other than
    the main one, Python can't catch Ctrl-C: there, raise an exception in `on_epoch`. While one
    thread trains, another one waits.

    Args:
        corpus: "shakespeare", "pydoc", the path of a text file, of a folder or with wildcards such
            as "letters/*.txt", or a list of these, which are joined; or "-" for standard input.
            None for shakespeare or, if it can't be downloaded, pydoc. On a resume, None for the
            text that the run was trained on.
        text: the text itself, instead of `corpus`.
        preset: "minute", "quick", "default" or "tutorial"; None for "default", or what the budget
            allows.
        budget: train for about this many minutes; chooses the epochs and, without `preset`, the
            preset.
        from_: start from the best epoch of this run, or from this `.weights.h5` file.
        encoding: of files or standard input, by any name that Python knows; None for UTF-8.
        text_column: the column to read of .csv, .tsv and .jsonl files, a text in each row; None to
            read them as plain text.
        newlines: "unix" to make CR LF and CR line feeds; None to "keep" a text's line ends.
        clean: make the quotes, dashes, spaces and line ends of word processors plain.
        glob: which of a folder's files are read: a pattern of their names, or several; None for
            "*.txt".
        separator: what stands between two texts that are joined; None for a line feed.
        min_count: make one unknown, which is never written, of all characters that occur fewer
            times; None for 1.
        vocabulary: what the network reads and writes: "character", those of the text, or "byte",
            the text's UTF-8 bytes, so that every character is known. None for characters or, with
            `from_`, for what that network reads. The losses of a run of bytes are in nats per byte.
        run: the new run's name, which keeps it in `checkpoints`. None trains in a temporary folder
            that is removed when the process ends.
        resume: resume the run of this name from where it was saved; "" for the newest.
        keep: which checkpoints stay on disk: "best" for the best and the last, "last" for the last
            alone, a number for so many of the last and the best, "all" for all; None for all or,
            on a resume, for what the run kept so far.
        checkpoint_every: save all in the middle of an epoch too, each time so many minutes of it
            have passed; 0 for never; None for 10 or, on a resume, for what it was.
        workers: the addresses, "host:port", of all processes that train the network together, each
            of which calls this with the same arguments; the first is the chief, which alone writes.
            None for what the environment's TF_CONFIG says or, if it is not set, for this one alone.
        worker: which of `workers` this process is, from 0.
        devices: train on so many devices of this machine: its GPUs or, if it has none, virtual
            processors, to see that it works. None for one.
        tensorboard: write the losses as events that TensorBoard shows, into the run's folder.
        checkpoints: where runs are kept; None for the environment's CHARRNN_CHECKPOINTS or, if it
            is not set, "checkpoints".
        data_dir: where downloads are kept; None for the environment's CHARRNN_DATA_DIR or, if it
            is not set, "data".
        on_epoch: called with the `EpochResult` of each epoch, once its checkpoint is written. An
            exception raised in it ends the run.
        on_note: called with each line that the command would note while it plans the run, such as
            how many epochs fit the budget.
        **settings: override the preset's values; see `LanguageSettings`. On a resume, `epochs`,
            `patience`, `learning_rate`, `clip_norm` and `precision` can change.

    Returns:
        the network of the run's best epoch; to a worker that is not the chief, of its last.

    Raises:
        CharrnnError: a setting outside its range, settings that contradict each other, a text or
            a run that can't be had, a network larger than the memory, a loss that became NaN or
            infinite, or a worker that was lost.
        OSError: a folder can't be written, or the disk is full.
        KeyboardInterrupt: Ctrl-C; the message says what is kept.

    Example:
        >>> model = charrnn.train("my-novel.txt", preset="minute", epochs=3, on_epoch=print)
        >>> print(model.generate("It was ", length=300, temperature=0.8, seed=1))
    """
    given = read_settings(settings, LanguageSettings, train)
    source = choose_corpus(corpus, text)
    check_texts(preset=preset, run=run, vocabulary=vocabulary)
    how = choose_how(encoding, text_column, newlines, clean, glob, separator)
    least: int | None = to_plain(min_count)
    if least is not None:
        check_number("min_count", least, int)
    if budget is not None:
        check_number("budget", budget := to_plain(budget), float)
    check_functions(on_epoch=on_epoch, on_note=on_note)
    origin, resumed = to_name("from_", from_), to_name("resume", resume)
    saving = to_saving(keep, checkpoint_every)
    watched = check_flag("tensorboard", tensorboard)
    team = to_team(workers, worker, devices)
    require(
        team is None or budget is None,
        "`budget` is for one device: leave it out, or train alone",
    )
    folders, notes = choose_folders(checkpoints, data_dir), Notes(on_note)
    with reserve_process():
        if resumed is None:
            request = Request(
                preset,
                budget,
                run,
                origin,
                min_count=least or 1,
                reading=make_reading(**how),
                settings=given,
                vocabulary=vocabulary,
                saving=saving,
            )
            if isinstance(team, Cluster) and not team.is_chief:
                return _assist(plan_share(source, request, folders, team))
            destination = choose_destination(folders, run)
            plan = plan_run(source, request, destination, notes, team)
        else:
            how |= {"from_": origin, "min_count": least, "vocabulary": vocabulary}
            check_resume(run=run, preset=preset, budget=budget, **how)
            if isinstance(team, Cluster) and not team.is_chief:
                return _assist(plan_resume_share(resumed, source, given, folders, team))
            plan = plan_resume(resumed, source, given, folders, notes, saving=saving, team=team)
        carry_out(plan, on_epoch, tensorboard=watched)
    return _load(plan.run.choose_checkpoint(), folders)


def load(
    run: PathLike | None = None, epoch: int | None = None, *, checkpoints: PathLike | None = None
) -> LanguageModel:
    """Load a trained language model. Needs NumPy, not TensorFlow.

    Args:
        run: a run's name, its folder, or a `.weights.h5` file; "shakespeare" for the network that
            comes along, unless a run has that name; None for the newest run or, if there is none,
            that network.
        epoch: which of the run's epochs, from 1; None for the best.
        checkpoints: where runs are kept, as in `train`.

    Raises:
        CharrnnError: there is no such run, epoch or file, or it can't be used.

    Example:
        >>> model = charrnn.load("novel", epoch=3)
    """
    folders = choose_folders(checkpoints, None)
    path = find_checkpoint(folders.checkpoints, LANGUAGE, to_name("run", run), to_epoch(epoch))
    return _load(path, folders)


def _assist(share: LanguageShare) -> LanguageModel:
    """Train as a worker that is not the chief: the network after the last epoch."""
    return LanguageModel(take_part(share))


def _load(path: Path, folders: Folders) -> LanguageModel:
    """Load a model that finds its training text where it was."""
    model = load_model(path)
    where = (path, model.checkpoint, (), folders.data, Silence())
    model.load_training_text = partial(load_part, "training", *where)
    model.find_rms = partial(find_rms, *where)
    return model
