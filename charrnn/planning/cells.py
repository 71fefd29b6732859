"""A network of each cell on one text, and which of them are there already."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from charrnn.config.fields import CELLS
from charrnn.data.corpus import Corpus
from charrnn.data.reading import AS_USUAL
from charrnn.errors import RunError
from charrnn.planning.folders import Folders
from charrnn.planning.language import LanguagePlan, Proposal, Request, plan_resume, propose_run
from charrnn.planning.report import Reporter
from charrnn.runs.catalogue import list_runs
from charrnn.runs.history import find_best
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.names import choose_name, is_numbered, read_name, suggest_name
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run


@dataclass(frozen=True)
class CellRun:
    """A cell's run.

    Attributes:
        proposal: what it is.
        earlier: the newest run of this very recipe whose name it would have; None if there is none.
        done: how many epochs of that run have ended.
        finished: whether that run has ended.
    """

    proposal: Proposal
    earlier: Run | None = None
    done: int = 0
    finished: bool = False

    def look_again(self, folders: Folders) -> "CellRun":
        """The same run as it is now, since another process may train it too."""
        return _find_earlier(self.proposal, folders.checkpoints)

    def plan(
        self, corpus: Corpus, request: Request, folders: Folders, reporter: Reporter
    ) -> LanguagePlan:
        """Plan to resume the earlier run or, if there is none, to begin this one.

        Raises:
            RunError: another process trains it.
        """
        if self.earlier is None:
            return self.proposal.claim(folders, reporter)
        more = (request.prompt, request.saving)
        return plan_resume(self.earlier.name, corpus, {}, folders, reporter, *more)


def propose_cells(
    corpus: Corpus, request: Request, folders: Folders, reporter: Reporter
) -> list[CellRun]:
    """Work out a run of each cell; what can be rejected is rejected before the first is trained.

    Args:
        corpus: the text of them all.
        request: what to make of it, whatever the cell; its name is the beginning of their names.
        folders: where things are kept.
        reporter: shows what is done.

    Raises:
        CharrnnError: as in `charrnn.planning.language.propose_run`.
    """
    once, runs = _Once(reporter), []
    for cell in CELLS:
        settings = {**request.settings, "cell": cell}
        asked = replace(request, run=None, reading=AS_USUAL, settings=settings)
        proposal = replace(
            propose_run(corpus, asked, folders, once), name=_choose_name(request, cell, folders)
        )
        run = _find_earlier(proposal, folders.checkpoints)
        if proposal.name and not run.earlier:
            choose_name(folders.destination, LANGUAGE, proposal.name)
        runs.append(run)
    return runs


def _choose_name(request: Request, cell: str, folders: Folders) -> str | None:
    """A name that says its cell, if a name was asked for."""
    if request.run is None:
        return None
    return read_name(folders.destination, LANGUAGE, f"{request.run.rstrip('/')}-{cell}")


def _find_earlier(proposal: Proposal, checkpoints: Path) -> CellRun:
    """The proposal, with the newest run of the same recipe among those that it may be called."""
    recipe, name = proposal.recipe, proposal.name
    suggested = suggest_name(recipe.corpus, recipe.network.cell)
    for run, progress in _read_runs(checkpoints):
        is_called = run.name == name if name else is_numbered(run.name, suggested)
        if is_called and _is_same(progress.recipe, recipe):
            return CellRun(proposal, run, len(progress.results), _has_ended(progress))
    return CellRun(proposal)


def _read_runs(checkpoints: Path) -> Iterator[tuple[Run, Progress[LanguageRecipe]]]:
    """The runs that can be resumed, the newest first, without what they would be restored from."""
    for run in list_runs(checkpoints, LANGUAGE):
        with suppress(RunError):
            yield run, replace(read_progress(run, LanguageRecipe), saved=None)


def _is_same(one: LanguageRecipe, other: LanguageRecipe) -> bool:
    """Whether two runs end with the same weights."""
    return (
        (one.network, one.training) == (other.network, other.training)
        and one.vocabulary.to_values() == other.vocabulary.to_values()
        and one.corpus_sha256 == other.corpus_sha256
        and one.begun_from == other.begun_from
    )


def _has_ended(progress: Progress[LanguageRecipe]) -> bool:
    """Whether all epochs are done, or patience has run out."""
    config, done = progress.recipe.training, len(progress.results)
    if done >= config.epochs:
        return True
    patient = config.patience > 0 and done > 0
    return patient and done - find_best(progress.results).epoch >= config.patience


@dataclass
class _Once:
    """A reporter that says the same only once."""

    reporter: Reporter
    said: set[str] = field(default_factory=set)

    def note(self, message: str) -> None:
        """Say it, unless it was said."""
        if message not in self.said:
            self.said.add(message)
            self.reporter.note(message)

    def detail(self, message: str) -> None:
        """Say it."""
        self.reporter.detail(message)

    def download(self, name: str) -> AbstractContextManager[Any]:
        """Show a download."""
        return self.reporter.download(name)
