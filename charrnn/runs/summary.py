"""Runs at a glance: what their files say of them before a weight is read."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from charrnn.errors import CharrnnError
from charrnn.runs import resume
from charrnn.runs.atomic import find_files
from charrnn.runs.catalogue import detect_kind, find_last_write, list_all_runs
from charrnn.runs.checkpoint import AnyNetwork, Provenance, read_header
from charrnn.runs.claim import is_held
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import Kind
from charrnn.runs.run import Run

_LATEST = 2**37  # seconds since 1970, in the year 6325: later ones are no dates


@dataclass(frozen=True)
class RunSummary:
    """A run at a glance.

    What can't be read is empty or None, and `problem` says why. Losses are in nats per character,
    word or review, according to the kind.

    Attributes:
        name: the run's.
        kind: "language model", "classifier" or "word model"; empty if no file says it.
        folder: where it is.
        corpus: what it learns from.
        network: its layers in a few words.
        parameters: how many trainable numbers it has.
        epochs: how many have ended.
        planned_epochs: how many there are to be.
        checkpoints: the epochs whose networks are kept.
        best_epoch: the best of them.
        best_loss: that epoch's validation loss or, if nothing was held back, training loss.
        history: the `EpochResult` of each epoch that has ended.
        written: when a network was last written, in UTC.
        size: of all files in the folder, in bytes.
        in_training: whether a process trains it now.
        problem: what can't be read of it, and why; empty if all can.
    """

    name: str
    kind: str
    folder: Path
    corpus: str
    network: str
    parameters: int | None
    epochs: int
    planned_epochs: int | None
    checkpoints: tuple[int, ...]
    best_epoch: int | None
    best_loss: float | None
    history: tuple[EpochResult, ...]
    written: datetime
    size: int
    in_training: bool
    problem: str


def summarize_runs(checkpoints: Path) -> list[RunSummary]:
    """Sum up the runs of every kind, the one written to last first.

    Args:
        checkpoints: the folder of all runs.
    """
    summaries = [(run, summarize_run(run)) for run in list_all_runs(checkpoints)]
    return [summary for run, summary in summaries if find_files(run.folder, ".h5")]


def summarize_run(run: Run) -> RunSummary:
    """Sum up a run, as far as its files can be read."""
    problems: list[str] = []
    kind, epochs = detect_kind(run.folder), run.list_epochs()
    history: list[EpochResult] = []
    best = max(epochs, default=None)
    with note_problems(problems, run.history_file):
        history, best = run.read_history(), run.find_best_epoch()
    network, source = _read_header(run, kind, best, problems)
    outline = _read_outline(run, kind, problems)
    network = network or (outline.network if outline else None)
    written = find_last_write(run) // 10**9
    losses = {source.epoch: source.loss} if source and source.step is None else {}
    losses |= {result.epoch: result.loss for result in history}
    return RunSummary(
        name=run.name,
        kind=kind.name if kind else "",
        folder=run.folder,
        corpus=source.corpus if source else outline.corpus if outline else "",
        network=network.describe() if network else "",
        parameters=network.parameters if network else None,
        epochs=max([len(history), *epochs]),
        planned_epochs=outline.epochs if outline else None,
        checkpoints=tuple(epochs),
        best_epoch=best,
        best_loss=losses.get(best or 0),
        history=tuple(history),
        written=datetime.fromtimestamp(min(max(0, written), _LATEST), UTC),
        size=measure_size(run.folder),
        in_training=is_held(run),
        problem="; ".join(problems),
    )


def measure_size(folder: Path) -> int:
    """How many bytes the files in a folder have, at any depth; links are not followed."""
    return sum(_measure(Path(place, name)) for place, _, names in os.walk(folder) for name in names)


@contextlib.contextmanager
def note_problems(problems: list[str], path: Path) -> Iterator[None]:
    """Go on after an error of ours, and note it unless the file or folder has gone meanwhile."""
    try:
        yield
    except CharrnnError as error:
        if os.path.lexists(path):
            problems.append(str(error))


def _measure(path: Path) -> int:
    """A file's size; 0 for one that another process has removed since it was listed."""
    with contextlib.suppress(OSError):
        return path.lstat().st_size
    return 0


def _read_header(
    run: Run, kind: Kind | None, best: int | None, problems: list[str]
) -> tuple[AnyNetwork | None, Provenance | None]:
    """What the network that is used says of itself; of a folder of no kind, why it is of none."""
    files = [run.epoch_file(best)] if best else [*find_files(run.folder, run.interrupted_file.name)]
    if kind is None:
        files = files or find_files(run.folder, ".h5")
    for path in files[:1]:
        with note_problems(problems, path):
            return read_header(path, kind or run.kind)
    return None, None


def _read_outline(run: Run, kind: Kind | None, problems: list[str]) -> "resume.Outline | None":
    if kind is not None and run.resume_file in find_files(run.folder):
        with note_problems(problems, run.resume_file):
            return resume.read_outline(run, kind)
    return None
