"""Planning a word model's run, and its resume, without a terminal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charrnn.config.reviews import ReviewTraining, WordModelConfig
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
from charrnn.planning.words import (
    WordPlan,
    WordRequest,
    plan_word_model,
    plan_word_model_resume,
)
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import WORD_MODEL
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from charrnn.training.words import DEFAULTS
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter
from tests.support.reviews import write_npz
from tests.support.training import Recording

SETTINGS: dict[str, Any] = {
    "embedding": 3,
    "units": 2,
    "max_words": 11,
    "batch_size": 2,
    "epochs": 2,
    "validation": 0.5,
}
COUNT = 140  # reviews of 7 tokens, the start included
RESULTS = [EpochResult(1, 2.5, 2.25, 1.0)]


@pytest.fixture
def many() -> Path:
    """Enough reviews for a batch of each part."""
    return write_npz(Path("mine/reviews.npz"), train=COUNT)


def request_for(*paths: Path, **changes: Any) -> WordRequest:
    return replace(WordRequest(ReviewSource(paths), settings=SETTINGS), **changes)


def resume(folders: Folders, name: str = "", *paths: Path, **settings: Any) -> WordPlan:
    return plan_word_model_resume(name, settings, paths, folders, Silence())


@pytest.fixture
def planned(many: Path, folders: Folders) -> WordPlan:
    """The plan of a small network's run on the reviews."""
    return plan_word_model(request_for(many), folders, Silence())


@pytest.fixture
def begun(planned: WordPlan) -> Run:
    """A run that has done one of its two epochs."""
    write_progress(planned.run, replace(planned.progress, results=RESULTS), [])
    return planned.run


def test_a_plan_is_the_request_and_the_words(
    planned: WordPlan, many: Path, folders: Folders
) -> None:
    """Network and training are as asked, and the reviews' words are cut in two parts."""
    recipe = planned.progress.recipe
    assert recipe.network == WordModelConfig(11, 3, "lstm", 2)
    assert recipe.training == ReviewTraining(
        **DEFAULTS | {"batch_size": 2, "epochs": 2, "validation": 0.5}
    )
    assert recipe.sources == (str(many.resolve()),)
    assert (recipe.corpus, recipe.corpus_sha256) == ("reviews", load_reviews(many).sha256)
    assert (len(planned.learn), len(planned.validate)) == (70 * 7, 70 * 7)
    starts = [number for number, word in enumerate(planned.learn.tolist()) if word == 1]
    assert starts == list(range(0, 70 * 7, 7))
    assert planned.steps == (70 * 7 // 2 - 100) // 100
    assert planned.units_per_step == 2 * 100
    assert planned.progress.results == []
    assert planned.run == Run(folders.checkpoints / "pretrained/reviews-words", WORD_MODEL)
    assert planned.run.folder.is_dir()


def test_nothing_is_printed(
    many: Path,
    folders: Folders,
    reporter: RecordingReporter,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What planning does is reported, not printed."""
    plan_word_model(request_for(many), folders, reporter)
    assert (reporter.notes, reporter.downloads) == ([], [])
    assert reporter.details == [f"word index: {many.resolve().with_name('imdb_word_index.json')}"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_unnamed_settings_are_the_usual_ones(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without settings it is a network of the usual size, on IMDB's reviews."""
    npz = write_npz(Path("any.npz"), train=40_000)
    monkeypatch.setattr("charrnn.planning.review_sources.fetch", lambda *_: npz)
    planned = plan_word_model(WordRequest(), folders, Silence())
    assert planned.progress.recipe.network == WordModelConfig()
    assert planned.progress.recipe.training == ReviewTraining(**DEFAULTS)
    assert (planned.run.name, planned.progress.recipe.sources) == ("imdb-words", ())


def test_a_named_run_claims_its_folder(many: Path, folders: Folders) -> None:
    """The folder of a run whose name was chosen is its own from then on."""
    planned = plan_word_model(request_for(many, run="mine"), folders, Silence())
    assert planned.run == Run(folders.checkpoints / "pretrained/mine", WORD_MODEL)
    with pytest.raises(RunError, match="another process"):
        plan_word_model(request_for(many, run="mine"), folders, Silence())


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"settings": {"units": 0}}, UsageError),
        ({"settings": {"max_words": 4}}, UsageError),
        ({"settings": {"epochs": "2"}}, UsageError),
        ({"run": "a b"}, UsageError),
        ({"run": "reviews-words"}, RunExistsError),
    ],
)
def test_settings_are_rejected_before_reviews_are_read(
    folders: Folders, changes: dict[str, Any], kind: type[CharrnnError]
) -> None:
    """What can be seen at once is rejected at once: a download would fail in this test."""
    request = request_for(**changes)
    assert catch_message(kind, lambda: plan_word_model(request, folders, Silence()))


def test_too_few_reviews_leave_no_run(npz: Path, folders: Folders) -> None:
    """Reviews that give no batch are rejected with what to do, without a folder."""
    message = catch_message(
        ReviewsError, lambda: plan_word_model(request_for(npz), folders, Silence())
    )
    assert message == (
        "84 words to train on: too few, as it takes 200 for each of 2 streams; give more reviews, "
        "or a smaller `batch_size`"
    )
    assert not folders.checkpoints.exists()


def test_a_resume_is_the_run_as_it_was(begun: Run, planned: WordPlan, folders: Folders) -> None:
    """Without a name and settings the newest run is resumed as it was planned."""
    again = resume(folders)
    assert again.run == begun
    assert again.progress.recipe.to_values() == planned.progress.recipe.to_values()
    assert again.progress.results == RESULTS
    assert again.learn.tolist() == planned.learn.tolist()
    assert again.validate.tolist() == planned.validate.tolist()
    changed = resume(folders, "reviews-words", epochs=5, learning_rate=0.5).progress.recipe
    assert changed.training == replace(
        planned.progress.recipe.training, epochs=5, learning_rate=0.5
    )


@pytest.mark.usefixtures("begun")
def test_what_a_resume_rejects(tmp_path: Path, many: Path, folders: Folders) -> None:
    """Other settings, a finished run, and reviews that are gone."""
    message = catch_message(UsageError, lambda: resume(folders, units=3, patience=1))
    assert message == "`patience`, `units` can't change on a resume: start a new run for that"
    with pytest.raises(RunFinishedError) as failure:
        resume(folders, epochs=1)
    assert str(failure.value) == (
        "reviews-words has done all its epochs, 1: to train further, set `epochs` to, say, 2"
    )
    moved = many.rename(tmp_path / "moved.npz")
    with pytest.raises(ReviewsError):
        resume(folders)
    assert len(resume(folders, "", moved).learn) == 70 * 7


@pytest.mark.slow
def test_a_plan_is_carried_out_and_resumed(
    many: Path, folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    """A plan trains without a terminal, and its resume does the epochs that are left."""
    listener = Recording()
    request = request_for(many, settings=SETTINGS | {"epochs": 1})
    plan_word_model(request, folders, Silence()).train(listener, lambda: False)
    again = resume(folders, epochs=2)
    again.train(listener, lambda: False)
    assert [result.epoch for result in listener.results] == [1, 2]
    assert again.run.list_epochs() == [1, 2]
    assert capfd.readouterr() == ("", "")
