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
from charrnn.runs.names import choose_name
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run


@dataclass(frozen=True)
class CellRun:
    """A cell's run.

    Attributes:
        proposal: what it is.
        earlier: the newest run of this very recipe; None if there is none.
        finished: whether that run has ended.
    """

    proposal: Proposal
    earlier: Run | None = None
    finished: bool = False

    def plan(
        self, corpus: Corpus, request: Request, folders: Folders, reporter: Reporter
    ) -> LanguagePlan:
        """Plan to resume the earlier run or, if there is none, to begin this one."""
        if self.earlier is None:
            return self.proposal.claim(folders, reporter)
        more = (request.prompt, request.keep)
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
    once, earlier = _Once(reporter), [*_read_runs(folders.checkpoints)]
    runs = []
    for cell in CELLS:
        settings = {**request.settings, "cell": cell}
        asked = replace(request, run=None, reading=AS_USUAL, settings=settings)
        proposal = propose_run(corpus, asked, folders, once)
        for run, progress in earlier:
            if _is_same(progress.recipe, proposal.recipe):
                runs.append(CellRun(proposal, run, _has_ended(progress)))
                break
        else:
            runs.append(CellRun(_name(proposal, request, folders)))
    return runs


def _name(proposal: Proposal, request: Request, folders: Folders) -> Proposal:
    """The proposal with a name that says its cell, if a name was asked for."""
    if request.run is None:
        return proposal
    name = f"{request.run.rstrip('/')}-{proposal.recipe.network.cell}"
    return replace(proposal, name=choose_name(folders.destination, LANGUAGE, name))


def _read_runs(checkpoints: Path) -> Iterator[tuple[Run, Progress[LanguageRecipe]]]:
    """The runs that can be resumed, the newest first, without what they would be restored from."""
    for run in list_runs(checkpoints, LANGUAGE):
        with suppress(RunError):
            yield run, replace(read_progress(run, LanguageRecipe), saved=None)


def _is_same(one: LanguageRecipe, other: LanguageRecipe) -> bool:
    """Whether two runs end with the same weights."""
    return (
        (one.network, one.training) == (other.network, other.training)
        and one.vocabulary.characters == other.vocabulary.characters
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
