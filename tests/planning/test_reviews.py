"""Planning a review classifier's run, and its resume, without a terminal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.data.reviews import load_reviews
from charrnn.errors import (
    CharrnnError,
    ReviewsError,
    RunError,
    RunExistsError,
    RunFinishedError,
    UsageError,
)
from charrnn.planning.folders import Folders
from charrnn.planning.report import Silence
from charrnn.planning.review_sources import ReviewSource
from charrnn.planning.reviews import (
    ReviewPlan,
    ReviewRequest,
    configure,
    plan_classifier,
    plan_classifier_resume,
)
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from charrnn.runs.outcome import read_outcome, summarize_run, write_outcome
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter
from tests.support.reviews import write_npz, write_table
from tests.support.training import Recording

SETTINGS: dict[str, Any] = {
    "cell": "average",
    "dense": 0,
    "embedding": 2,
    "max_words": 11,
    "max_length": 6,
    "batch_size": 8,
    "epochs": 3,
    "learning_rate": 0.1,
}
RESULTS = [
    EpochResult(epoch, 0.75, 0.5 + epoch / 8, 1.0, 0.5, 0.625) for epoch in (1, 2)
]  # the first is the best


def request_for(*paths: Path, **changes: Any) -> ReviewRequest:
    """A small network's request."""
    return replace(
        ReviewRequest(source=ReviewSource(paths), settings=SETTINGS, changes="as asked"), **changes
    )


def plan(request: ReviewRequest, folders: Folders) -> ReviewPlan:
    return plan_classifier(request, folders, Silence())


def resume(folders: Folders, name: str = "", *paths: Path, **settings: Any) -> ReviewPlan:
    return plan_classifier_resume(name, settings, paths, folders, Silence())


@pytest.fixture
def planned(npz: Path, folders: Folders) -> ReviewPlan:
    """The plan of a small network's run on the reviews."""
    return plan(request_for(npz), folders)


@pytest.fixture
def begun(planned: ReviewPlan) -> Run:
    """A run that has done two of its three epochs."""
    write_progress(planned.run, replace(planned.progress, results=RESULTS), [])
    planned.run.write_history(RESULTS)
    return planned.run


# New runs.


def test_a_plan_is_the_request_and_the_reviews(
    planned: ReviewPlan, npz: Path, folders: Folders
) -> None:
    """Network and training are as asked, the parts are the reviews', the recipe says it all."""
    recipe = planned.progress.recipe
    network, training = configure("lstm-32", SETTINGS)
    assert recipe.network == network
    assert recipe.training == replace(training, precision=recipe.training.precision)
    assert (recipe.preset, recipe.changes) == ("lstm-32", "as asked")
    assert recipe.sources == (str(npz.resolve()),)
    assert (recipe.corpus, recipe.corpus_sha256) == ("reviews", load_reviews(npz).sha256)
    assert (recipe.embedding_from, recipe.text_column, recipe.label_column) == ("", "", "")
    assert recipe.encoder.decode([4, 8]) == "the bad"
    assert (len(planned.learn), len(planned.validate), len(planned.test)) == (19, 5, 11)
    assert planned.steps == 3  # batches of 8, the last filled up
    assert planned.units_per_step == 8
    assert (planned.progress.results, planned.borrowed) == ([], None)
    assert planned.run == Run(folders.checkpoints / "classify/reviews-lstm-32", CLASSIFIER)
    assert planned.run.folder.is_dir()


def test_silence_prints_nothing(
    npz: Path, folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    """Planning says nothing by itself."""
    plan(request_for(npz), folders)
    assert capfd.readouterr() == ("", "")


def test_a_reporter_hears_of_the_word_index(
    npz: Path, folders: Folders, reporter: RecordingReporter
) -> None:
    """Nothing is downloaded, and where the words come from is a detail."""
    plan_classifier(request_for(npz), folders, reporter)
    assert (reporter.notes, reporter.downloads) == ([], [])
    assert reporter.details == [f"word index: {npz.resolve().with_name('imdb_word_index.json')}"]


def test_imdbs_reviews_have_a_name_of_their_own(
    npz: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without files it is IMDB, whatever the downloaded file is called."""
    monkeypatch.setattr("charrnn.planning.review_sources.fetch", lambda *_: npz)
    planned = plan(request_for(), folders)
    recipe = planned.progress.recipe
    assert (recipe.corpus, recipe.sources) == ("imdb", ())
    assert planned.run.name == "imdb-lstm-32"


def test_columns_of_a_table_are_kept(folders: Folders) -> None:
    """The columns that were chosen are part of the recipe."""
    path = write_table(Path("mine.csv"), columns=("what", "how"))
    request = request_for(source=ReviewSource((path,), "what", "how"))
    recipe = plan(request, folders).progress.recipe
    assert (recipe.text_column, recipe.label_column, recipe.corpus) == ("what", "how", "mine")


def test_what_was_asked_for_can_be_stored(npz: Path, folders: Folders) -> None:
    """A path that is not UTF-8 among the changes is spelt so that files can hold it."""
    request = replace(request_for(npz), changes="--embedding-from \udcff")
    assert plan(request, folders).progress.recipe.changes == "--embedding-from \\udcff"


def test_a_named_run_claims_its_folder(npz: Path, folders: Folders) -> None:
    """The folder of a run whose name was chosen is its own from then on."""
    planned = plan(request_for(npz, run="mine"), folders)
    assert planned.run == Run(folders.checkpoints / "classify/mine", CLASSIFIER)
    with pytest.raises(RunError, match="another process"):
        plan(request_for(npz, run="mine"), folders)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"preset": "unknown"}, UsageError),
        ({"settings": {"units": (0,)}}, UsageError),
        ({"run": "a b"}, UsageError),
        ({"run": "reviews-lstm-32"}, RunExistsError),
    ],
)
@pytest.mark.usefixtures("begun")
def test_settings_are_rejected_before_reviews_are_read(
    folders: Folders, changes: dict[str, Any], kind: type[CharrnnError]
) -> None:
    """What can be seen at once is rejected at once: a download would fail in this test."""
    assert catch_message(kind, lambda: plan(request_for(**changes), folders))


def test_too_few_reviews_leave_no_run(folders: Folders) -> None:
    """Reviews that the folds of the best preset can't share are rejected, without a folder."""
    npz = write_npz(Path("few.npz"), train=5)
    settings = {"embedding": 2, "units": (2,), "validation": 0.25}
    request = request_for(npz, preset="best", settings=settings)
    message = catch_message(ReviewsError, lambda: plan(request, folders))
    assert message == "3 reviews to train on: too few for best; give more"
    assert not folders.checkpoints.exists()


def test_an_embedding_is_borrowed(npz: Path, folders: Folders, reporter: RecordingReporter) -> None:
    """The network is as wide as the vectors, which stand in the words' rows; a note says so."""
    Path("vectors.txt").write_text("good 1 2 3\nbad -1 -2 -3\nunknown 0 0 0\n")
    settings = {name: value for name, value in SETTINGS.items() if name != "embedding"}
    request = request_for(npz, embedding_from="vectors.txt", settings=settings)
    planned = plan_classifier(request, folders, reporter)
    recipe = planned.progress.recipe
    assert (recipe.network.embedding, recipe.embedding_from) == (3, "vectors.txt")
    assert planned.borrowed is not None
    ((path, table),) = planned.borrowed.items()
    assert path == "layers/embedding/vars/0"
    assert table.shape == (11, 3)
    places = [recipe.encoder.word_ids[word] for word in ("good", "bad")]
    np.testing.assert_array_equal(table[places], [[1, 2, 3], [-1, -2, -3]])
    assert reporter.notes == ["vectors.txt: vectors of 3 for 2 of the vocabulary's 11 entries"]


# Resumes.


def test_a_resume_is_the_run_as_it_was(begun: Run, planned: ReviewPlan, folders: Folders) -> None:
    """Without a name and settings the newest run is resumed as it was planned."""
    again = resume(folders)
    assert again.run == begun
    assert again.progress.recipe.to_values() == planned.progress.recipe.to_values()
    assert again.progress.results == RESULTS
    for found, expected in (
        (again.learn, planned.learn),
        (again.validate, planned.validate),
        (again.test, planned.test),
    ):
        assert [ids.tolist() for ids in found.ids] == [ids.tolist() for ids in expected.ids]
        assert found.labels.tolist() == expected.labels.tolist()


@pytest.mark.usefixtures("begun")
def test_some_settings_change_on_a_resume(planned: ReviewPlan, folders: Folders) -> None:
    """Epochs, patience and rate can change; other settings are rejected by their names."""
    changes: dict[str, Any] = {"epochs": 9, "patience": 1, "learning_rate": 0.5}
    again = resume(folders, "reviews-lstm-32", **changes)
    assert again.progress.recipe.training == replace(planned.progress.recipe.training, **changes)
    message = catch_message(UsageError, lambda: resume(folders, units=(3,), epochs=4, seed=1))
    assert message == "`seed`, `units` can't change on a resume: start a new run for that"


def test_a_finished_run_is_not_resumed(begun: Run, planned: ReviewPlan, folders: Folders) -> None:
    """With all epochs done a run is measured if it wasn't yet, and otherwise finished."""
    assert resume(folders, epochs=2).progress.results == RESULTS
    recipe = planned.progress.recipe
    write_outcome(begun, summarize_run(begun, recipe, RESULTS, 1, (0.5, 0.5), (0.5, 0.5), 1.0))
    with pytest.raises(RunFinishedError) as failure:
        resume(folders, epochs=2)
    assert str(failure.value) == (
        "reviews-lstm-32 has done all its epochs, 2: to train further, set `epochs` to, say, 7"
    )
    assert resume(folders, epochs=3).progress.results == RESULTS


@pytest.mark.usefixtures("begun")
def test_reviews_that_were_moved(tmp_path: Path, npz: Path, folders: Folders) -> None:
    """The reviews can be named where they are now; otherwise they are missing."""
    moved = npz.rename(tmp_path / "moved.npz")
    with pytest.raises(ReviewsError):
        resume(folders)
    assert len(resume(folders, "", moved).learn) == 19


def test_a_run_of_another_kind_is_not_resumed(folders: Folders) -> None:
    """A language model of that name is no classifier."""
    kinds.write_epoch(kinds.make_run(folders.checkpoints, LANGUAGE, "mine"))
    message = catch_message(RunError, lambda: resume(folders, "mine"))
    assert message == f"mine is a language model, not a classifier; it is in {folders.checkpoints}"
    message = catch_message(RunError, lambda: resume(folders))
    assert message.startswith("no classifier in ")


# Carrying a plan out.


@pytest.mark.slow
def test_a_plan_is_carried_out_measured_and_resumed(
    npz: Path, folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    """A plan trains and is measured without a terminal, and its resume does what is left."""
    listener = Recording()
    request = request_for(npz, settings=SETTINGS | {"epochs": 1})
    first = plan(request, folders)
    first.train(listener, lambda: False)
    outcome = first.measure()
    assert read_outcome(first.run) == outcome
    assert outcome.epochs == outcome.best_epoch == 1
    assert outcome.seconds == pytest.approx(listener.results[0].seconds, abs=0.0051)
    assert (outcome.test_loss, outcome.test_accuracy) == (
        outcome.last_test_loss,
        outcome.last_test_accuracy,
    )
    again = resume(folders, epochs=2)
    again.train(listener, lambda: False)
    assert [result.epoch for result in listener.results] == [1, 2]
    assert again.measure(seconds=12.5).seconds == 12.5
    assert capfd.readouterr() == ("", "")
