"""A network of each cell on one text."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charrnn.config.fields import CELLS
from charrnn.data.corpus import Corpus, make_corpus
from charrnn.errors import RunError, RunExistsError, UsageError
from charrnn.planning.cells import CellRun, propose_cells
from charrnn.planning.folders import Folders
from charrnn.planning.language import Request
from charrnn.runs.claim import hold_lock
from charrnn.runs.history import EpochResult
from charrnn.runs.keep import Saving
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support.reporting import RecordingReporter

SETTINGS: dict[str, Any] = {
    "units": 5,
    "embedding": 3,
    "seq_length": 20,
    "batch_size": 4,
    "epochs": 3,
    "precision": "float32",
    "patience": 0,
}
REQUEST = Request(settings=SETTINGS)


@pytest.fixture
def corpus() -> Corpus:
    """A text of 2,000 characters, with line ends of Windows."""
    return make_corpus("abcdefgh\r\n" * 200, "novel")


def propose(
    corpus: Corpus, folders: Folders, request: Request = REQUEST, **settings: Any
) -> list[CellRun]:
    request = replace(request, settings={**request.settings, **settings})
    return propose_cells(corpus, request, folders, RecordingReporter())


def write_run(folders: Folders, name: str, proposed: CellRun, *losses: float) -> Run:
    """A run of this recipe, with so many epochs."""
    results = [EpochResult(epoch, 0.0, loss, 1.0) for epoch, loss in enumerate(losses, 1)]
    run = Run(folders.checkpoints / name, LANGUAGE)
    run.folder.mkdir(parents=True)
    write_progress(run, Progress(proposed.proposal.recipe, results), [])
    return run


def test_a_run_of_each_cell(corpus: Corpus, folders: Folders) -> None:
    """They differ in their cell and what its preset says; no folder is made for them."""
    runs = propose(corpus, folders)
    assert [run.proposal.recipe.network.cell for run in runs] == [*CELLS]
    assert {run.proposal.recipe.network.units for run in runs} == {5}
    assert {run.proposal.recipe.corpus for run in runs} == {"novel"}
    assert all(run.earlier is None and not run.finished for run in runs)
    assert not folders.checkpoints.exists()


def test_a_name_is_the_beginning_of_their_names(corpus: Corpus, folders: Folders) -> None:
    """Each gets its cell added; without a name they are called after text and cell."""
    runs = propose(corpus, folders, replace(REQUEST, run="mine"))
    assert [run.proposal.name for run in runs] == ["mine-rnn", "mine-lstm", "mine-gru"]
    plan = runs[1].plan(corpus, REQUEST, folders, RecordingReporter())
    assert plan.run.folder == folders.checkpoints / "mine-lstm"
    plan = propose(corpus, folders)[0].plan(corpus, REQUEST, folders, RecordingReporter())
    assert plan.run.name == "novel-rnn"


def test_a_text_is_described_once(corpus: Corpus, folders: Folders) -> None:
    """What is odd about the text is said once, not for each cell."""
    reporter = RecordingReporter()
    propose_cells(corpus, REQUEST, folders, reporter)
    assert len(reporter.notes) == 1
    assert "Windows" in reporter.notes[0]


def test_what_is_there_is_not_trained_again(corpus: Corpus, folders: Folders) -> None:
    """A finished run of the very same recipe and name is found; one that was interrupted, too."""
    mine = replace(REQUEST, run="mine")
    rnn, lstm, _ = propose(corpus, folders)
    done = write_run(folders, "mine-rnn", rnn, 2.0, 1.5, 1.0)
    begun = write_run(folders, "mine-lstm", lstm, 2.0)
    rnn, lstm, gru = propose(corpus, folders, mine)
    assert (rnn.earlier, rnn.finished) == (done, True)
    assert (lstm.earlier, lstm.done, lstm.finished) == (begun, 1, False)
    assert (gru.earlier, gru.proposal.name) == (None, "mine-gru")
    plan = lstm.plan(corpus, replace(mine, saving=Saving("last")), folders, RecordingReporter())
    assert (plan.run, len(plan.progress.results), plan.progress.keep) == (begun, 1, "last")
    with pytest.raises(RunExistsError):
        propose(corpus, folders, mine, units=6)
    with pytest.raises(RunExistsError):
        propose(make_corpus("abcdefgh\n" * 200), folders, mine)


def test_a_run_of_another_name_is_another_run(corpus: Corpus, folders: Folders) -> None:
    """With a name only runs of that name count, without one those that were given none."""
    rnn, lstm, gru = propose(corpus, folders)
    write_run(folders, "mine-rnn", rnn, 2.0, 1.5, 1.0)
    write_run(folders, "novel-lstm-more", lstm, 2.0)
    numbered = write_run(folders, "novel-gru-12", gru, 2.0)
    rnn, lstm, gru = propose(corpus, folders)
    assert (rnn.earlier, lstm.earlier, gru.earlier) == (None, None, numbered)
    other = propose(corpus, folders, replace(REQUEST, run="other"))
    assert [run.earlier for run in other] == [None] * 3
    assert [run.proposal.name for run in other] == ["other-rnn", "other-lstm", "other-gru"]


def test_another_process_may_train_them_too(corpus: Corpus, folders: Folders) -> None:
    """What it has finished meanwhile is seen; one that it still trains is named."""
    rnn, lstm, _ = propose(corpus, folders, replace(REQUEST, run="mine"))
    write_run(folders, "mine-rnn", rnn, 2.0, 1.5, 1.0)
    assert rnn.look_again(folders).finished
    begun = write_run(folders, "mine-lstm", lstm, 2.0)
    with hold_lock(begun), pytest.raises(RunError, match="'mine-lstm' is being trained by another"):
        lstm.look_again(folders).plan(corpus, REQUEST, folders, RecordingReporter())


def test_a_run_that_stopped_early_is_finished(corpus: Corpus, folders: Folders) -> None:
    """If its patience ran out, it would only stop again."""
    proposed = propose(corpus, folders, epochs=20, patience=2)
    write_run(folders, "novel-rnn", proposed[0], 1.0, 2.0, 3.0)
    write_run(folders, "novel-lstm", proposed[1], 3.0, 1.0, 2.0)
    rnn, lstm, _ = propose(corpus, folders, epochs=20, patience=2)
    assert (rnn.finished, lstm.finished) == (True, False)


def test_what_can_not_be_is_rejected_before_the_first(corpus: Corpus, folders: Folders) -> None:
    """Another run's name, or a setting that no cell can have, ends it all at once."""
    (rnn, *_) = propose(corpus, folders)
    write_run(folders, "mine-gru", rnn, 1.0)
    with pytest.raises(RunExistsError):
        propose(corpus, folders, replace(REQUEST, run="mine"), units=9)
    with pytest.raises(UsageError):
        propose(corpus, folders, units=0)
    assert not Path("checkpoints/mine-rnn").exists()
