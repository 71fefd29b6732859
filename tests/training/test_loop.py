"""The one loop, which trains networks of every kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from charrnn.errors import CorpusTooShortError, RunError
from charrnn.runs.kinds import WORD_MODEL
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.training import language, loop, reviews, words
from charrnn.training.language import compile_model
from charrnn.training.loop import Material
from charrnn.training.restore import restore_model
from charrnn.training.stop import AskStop
from tests.support.review_runs import MakeReviewRun, make_word_recipe, make_word_reviews
from tests.support.training import MakeTraining, Recording


class Call(NamedTuple):
    """What the loop was called with."""

    run: Run
    progress: Progress[Any]
    prepare: Callable[[], Material]
    listener: Recording
    interrupted: AskStop


class Trained(NamedTuple):
    """What a kind's own `train` was called with, and how many steps its epoch has."""

    run: Run
    progress: Progress[Any]
    listener: Recording
    steps: int


def never() -> bool:
    return False


def train_language(make_training: MakeTraining) -> Trained:
    small = make_training()
    progress = Progress(small.recipe, [])
    language.train(small.run, language.Work(progress, small.ids, 13), small.recording, never)
    return Trained(small.run, progress, small.recording, 13)


def train_reviews(make_review_run: MakeReviewRun) -> Trained:
    small = make_review_run()
    progress = Progress(small.recipe, [])
    steps = 6  # of 4 reviews each, for 21
    reviews.train(small.run, progress, *small.parts, steps, small.recording, never)
    return Trained(small.run, progress, small.recording, steps)


def train_words(folder: Path) -> Trained:
    run, listener = Run(folder, WORD_MODEL), Recording()
    progress = Progress(make_word_recipe(), [])
    learn, validate = words.split_reviews(make_word_reviews(), progress.recipe.training)
    steps = (len(learn) // 2 - 7) // 7
    words.train(run, progress, learn, validate, steps, listener, never)
    return Trained(run, progress, listener, steps)


@pytest.mark.parametrize("kind", ["language", "reviews", "words"])
def test_every_kind_of_run_goes_through_the_one_loop(
    make_training: MakeTraining,
    make_review_run: MakeReviewRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """A kind's own `train` hands all over to the loop, and gives it what it trains and on what.

    Without the loop nothing is trained or written.
    """
    calls: list[Call] = []
    monkeypatch.setattr(words, "LENGTH", 7)
    monkeypatch.setattr(loop, "train", lambda *arguments: calls.append(Call(*arguments)))
    trained = {
        "language": lambda: train_language(make_training),
        "reviews": lambda: train_reviews(make_review_run),
        "words": lambda: train_words(tmp_path / "run"),
    }[kind]()
    (call,) = calls
    assert call.run is trained.run
    assert call.progress is trained.progress
    assert call.listener is trained.listener
    assert call.interrupted is never
    assert not call.run.folder.exists()
    material = call.prepare()
    assert material.model.optimizer.built
    assert material.steps == trained.steps
    shapes = trained.progress.recipe.network.weight_shapes()
    assert [value.shape for value in material.model.get_weights()] == [*shapes.values()]
    assert len(material.validation) > 0
    assert not call.run.folder.exists()


def test_what_cannot_be_prepared_leaves_no_folder(make_training: MakeTraining) -> None:
    """If a run's material can't be made the error is raised, and no folder is left."""
    small = make_training(validation=0.006)  # four characters for four streams
    progress = Progress(small.recipe, [])
    with pytest.raises(CorpusTooShortError, match="to validate on"):
        language.train(small.run, language.Work(progress, small.ids, 14), small.recording)
    assert not small.run.folder.exists()
    assert small.recording.events == []


@pytest.mark.slow
def test_the_folder_is_held_before_anything_is_prepared(make_training: MakeTraining) -> None:
    """Preparing may take long (folds are fitted in it), so another process is rejected before."""
    small = make_training(epochs=1)
    small.start()
    prepared: list[bool] = []

    def prepare() -> Material:
        prepared.append(True)
        raise LookupError

    stale: Progress[LanguageRecipe] = Progress(small.recipe, [])
    with pytest.raises(RunError, match="in the meantime"):
        loop.train(small.run, stale, prepare, small.recording, never)
    assert not prepared
    fresh = read_progress(small.run, LanguageRecipe)
    with pytest.raises(LookupError):
        loop.train(small.run, fresh, prepare, small.recording, never)
    assert prepared


@pytest.mark.slow
def test_what_a_new_run_begins_with_is_saved_before_its_first_step(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """Killed in its first epoch, a run has a resume file with the first weights, and no epoch.

    So the repeated epoch begins with the same weights, wherever they were from.
    """
    small = make_training(dropout=0.2, epochs=1)
    before = [values.copy() for values in compile_model(small.recipe).get_weights()]

    def kill() -> bool:
        if small.recording.is_at(1, "step", 2):
            raise LookupError
        return False

    with pytest.raises(LookupError):
        small.start(kill)
    assert read_progress(small.run, LanguageRecipe).results == []
    model = compile_model(small.recipe)
    restore_model(Saved(small.run), model)
    for kept, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert (models[0].get_weights()[0] != before[0]).any()


@pytest.mark.slow
def test_a_resume_trains_the_epochs_that_are_left(make_training: MakeTraining) -> None:
    """A resume begins after the last finished epoch and ends with the last of its recipe."""
    small = make_training(epochs=2)
    small.start()
    small.resume(epochs=4)
    begins = [event[1] for event in small.recording.events if event[0] == "begin"]
    assert begins == [1, 2, 3, 4]
    before = small.run.resume_file.read_bytes()
    small.resume(epochs=4)
    assert small.run.resume_file.read_bytes() == before
    assert small.run.list_epochs() == [1, 2, 3, 4]


@pytest.mark.slow
def test_a_resume_takes_the_rate_of_its_recipe(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """The rate that a resume is given counts, and not the one that the optimizer was saved with."""
    small = make_training(epochs=1, learning_rate=0.02)
    small.start()
    small.resume(epochs=2, learning_rate=0.003)
    assert float(models[-1].optimizer.learning_rate) == pytest.approx(0.003)
