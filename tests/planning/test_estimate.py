"""What a run would take."""

from pathlib import Path
from typing import Any

import pytest

from charrnn.data.corpus import make_corpus
from charrnn.planning.estimate import Estimate, count_kept, estimate_run
from charrnn.planning.folders import Folders
from charrnn.planning.language import Request, propose_run
from charrnn.planning.report import Silence
from charrnn.runs.keep import Saving
from charrnn.training.budget import Cost


def test_time_and_room_follow_from_the_epochs() -> None:
    """All epochs take their time; only the checkpoints that stay take room, and a resume file."""
    estimate = Estimate(2.0, 10.0, 5, 2, 1000, 3000)
    assert estimate.seconds == 52.0
    assert estimate.size == 5000


@pytest.mark.parametrize(
    ("epochs", "keep", "kept"),
    [(9, "all", 9), (9, "best", 2), (1, "best", 1), (9, "last", 1), (9, "3", 4), (2, "3", 2)],
)
def test_how_many_checkpoints_stay(epochs: int, keep: str, kept: int) -> None:
    """At most: the best may be the last."""
    assert count_kept(epochs, keep) == kept


def test_the_measurement_writes_nothing(monkeypatch: pytest.MonkeyPatch, folders: Folders) -> None:
    """The first steps are timed without a file, and nothing else is."""
    asked: list[Any] = []

    def measure(*given: Any) -> Cost:
        asked.append(given)
        return Cost(3.0, 7.0)

    monkeypatch.setattr("charrnn.training.budget.measure_cost", measure)
    corpus = make_corpus("abcdefgh\n" * 1000)
    settings = {"units": 8, "epochs": 4, "batch_size": 4}
    request = Request(settings=settings, saving=Saving("best"))
    proposal = propose_run(corpus, request, folders, Silence())
    estimate = estimate_run(proposal)
    ((progress, ids, checkpoints),) = asked
    assert (progress.recipe, checkpoints) == (proposal.recipe, None)
    assert ids is proposal.ids
    assert (estimate.start, estimate.epoch, estimate.epochs, estimate.checkpoints) == (3, 7, 4, 2)
    assert not folders.checkpoints.exists()
    assert not [*Path().iterdir()]
