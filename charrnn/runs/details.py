"""All that a run's files say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charrnn.runs.atomic import find_files
from charrnn.runs.catalogue import detect_kind
from charrnn.runs.checkpoint import (
    AnyCheckpoint,
    AnyNetwork,
    Provenance,
    read_checkpoint,
    read_classifier,
    read_header,
    read_word_model,
)
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.recipe import RECIPES, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.summary import RunSummary, note_problems, summarize_run

_READERS: dict[Kind, Callable[[Path], AnyCheckpoint]] = {
    LANGUAGE: read_checkpoint,
    CLASSIFIER: read_classifier,
    WORD_MODEL: read_word_model,
}


@dataclass(frozen=True)
class RunDetails:
    """All that a run's files say of it, as far as they can be read.

    Attributes:
        summary: the run at a glance.
        network: what it is defined by.
        provenance: of the network that is used.
        progress: how it is trained and how far it came; None without a resume file.
        problems: what can't be used, and why.
    """

    summary: RunSummary
    network: AnyNetwork | None
    provenance: Provenance | None
    progress: Progress[Any] | None
    problems: tuple[str, ...]

    @property
    def corpus_sha256(self) -> str:
        """Of what it learns from; empty if nothing says it."""
        if self.progress:
            return str(self.progress.recipe.corpus_sha256)
        return self.provenance.corpus_sha256 if self.provenance else ""


def read_details(run: Run) -> RunDetails:
    """Read all that a run's files say of it, and try the network that is used."""
    summary, kind = summarize_run(run), detect_kind(run.folder)
    problems = [summary.problem] if summary.problem else []
    network = provenance = progress = None
    if kind is not None:
        run = Run(run.folder, kind)
        if run.resume_file in find_files(run.folder):
            with note_problems(problems, run.resume_file):
                progress = read_progress(run, RECIPES[kind])
        with note_problems(problems, run.folder):
            path = run.choose_checkpoint()
            network, provenance = read_header(path, kind)
            _READERS[kind](path)
        for epoch in summary.checkpoints:
            with note_problems(problems, run.epoch_file(epoch)):
                read_header(run.epoch_file(epoch), kind)
    if progress and not network:
        network = progress.recipe.network
    return RunDetails(summary, network, provenance, progress, tuple(dict.fromkeys(problems)))
