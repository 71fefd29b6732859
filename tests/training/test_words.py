"""Training a word model: what it reads, what a run leaves, how it resumes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from charrnn.config.reviews import ReviewTraining
from charrnn.data.vocabulary import Ids
from charrnn.data.words import START
from charrnn.errors import ReviewsError
from charrnn.runs.checkpoint import read_word_model
from charrnn.runs.kinds import WORD_MODEL
from charrnn.runs.recipe import Progress, WordRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run
from charrnn.training import words
from charrnn.training.words import count_steps, cut_streams, split_reviews
from tests.support.review_runs import WORDS, make_word_recipe, make_word_reviews
from tests.support.training import Recording


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 7 words, too short to be worth compiling."""
    monkeypatch.setattr(words, "LENGTH", 7)


def _review(words: int) -> Ids:
    """A review of so many words after its start."""
    return np.array([START, *[5] * words], np.int32)


@pytest.mark.usefixtures("_short")
def test_the_text_is_all_reviews_each_with_a_start() -> None:
    """Reviews follow each other, each behind one start, and the last part validates."""
    words_of = [[START, *[5] * 9], [6] * 5, [], [START, *[7] * 11], [8] * 15]
    reviews = [np.array(ids, np.int32) for ids in words_of]
    learn, validate = split_reviews(reviews, ReviewTraining(batch_size=1, validation=0.4))
    assert learn.tolist() == [START, *[5] * 9, START, *[6] * 5, START]
    assert validate.tolist() == [START, *[7] * 11, START, *[8] * 15]
    assert learn.dtype == validate.dtype == np.int32


def test_streams_are_the_text_cut_into_rows() -> None:
    """A stream is a contiguous part, as long as the others; what is left over is left out."""
    text = np.arange(403, dtype=np.int32)
    assert cut_streams(text, 2).tolist() == [[*range(201)], [*range(201, 402)]]
    assert cut_streams(text[:400], 2).shape == (2, 200)


@pytest.mark.parametrize(
    ("learn", "validate", "message"),
    [
        (398, 399, "399 words to train on"),
        (399, 398, "399 words to validate on"),
        (800, 0, "1 word to validate on"),
        (0, 0, "1 word to train on"),
    ],
)
def test_too_few_words_are_rejected(learn: int, validate: int, message: str) -> None:
    """The error says which part has too few words, and how many it takes."""
    reviews = [_review(learn), _review(validate)]
    with pytest.raises(ReviewsError) as error:
        split_reviews(reviews, ReviewTraining(batch_size=2, validation=0.5))
    assert str(error.value) == (
        f"{message}: too few, as it takes 200 for each of 2 streams; give more reviews, or a "
        "smaller `batch_size`"
    )


def test_just_enough_words_are_accepted() -> None:
    """200 words for each stream make a batch; no reviews at all make none."""
    config = ReviewTraining(batch_size=2, validation=0.5)
    learn, validate = split_reviews([_review(399), _review(399)], config)
    assert (len(learn), len(validate)) == (400, 400)
    with pytest.raises(ReviewsError, match=r"^0 words to train on: too few"):
        split_reviews([_review(399)], config)


@pytest.mark.parametrize(("count", "steps"), [(400, 1), (598, 1), (600, 2), (799, 2)])
def test_steps_leave_room_for_a_first_window_anywhere(count: int, steps: int) -> None:
    """A stream gives one window less than it holds, so that the first can begin at any word."""
    assert count_steps(np.zeros(count, np.int32), 2) == steps


@pytest.mark.usefixtures("_short")
def test_windows_lie_side_by_side() -> None:
    """An epoch's windows begin anywhere and follow each other without a gap; orders differ."""
    text = np.arange(120, dtype=np.int32).reshape(2, 60)
    steps = count_steps(text.ravel(), 2)
    assert steps == 7
    read = [
        [
            window.numpy()
            for (window,) in words._make_training_batches(text, seed, first).take(count)
        ]
        for seed, first, count in ((3, 0, 14), (3, 1, 7), (4, 0, 7))
    ]
    for windows in (read[0][:7], read[0][7:], read[2]):
        assert {window.shape for window in windows} == {(2, 7)}
        joined = sorted(windows, key=lambda window: int(window[0, 0]))
        start = int(joined[0][0, 0])
        assert 0 <= start < 7
        np.testing.assert_array_equal(np.hstack(joined), text[:, start : start + 49])
    starts = [[int(window[0, 0]) for window in windows] for windows in read]
    assert starts[0][7:] == starts[1]
    assert starts[0][:7] not in (starts[1], starts[2])


@pytest.mark.usefixtures("_short")
def test_validation_reads_the_first_windows() -> None:
    """The exact loss is measured on at most three windows of each stream, the first ones."""
    text = np.arange(60, dtype=np.int32).reshape(2, 30)
    batches = words._make_first_batches(text)
    assert len(batches) == 3
    read = np.hstack([window.numpy() for (window,) in batches])
    np.testing.assert_array_equal(read, text[:, :21])
    assert len(words._make_first_batches(text[:, :15])) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("step", [0, 3], ids=["after its epoch", "in its middle"])
def test_a_resumed_run_ends_like_an_uninterrupted_one(tmp_path: Path, step: int) -> None:
    """Two epochs end the same as one and its resume; checkpoints and history agree."""
    whole, half = (Run(tmp_path / name, WORD_MODEL) for name in ("whole", "half"))
    recipe, recording = make_word_recipe(), Recording()
    parts = split_reviews(make_word_reviews(), recipe.training)
    steps = count_steps(parts[0], recipe.training.batch_size)

    def copy() -> bool:
        event = (2, "step", step + 1) if step else (1, "end")
        if recording.is_at(*event) and not half.folder.exists():
            shutil.copytree(whole.folder, half.folder)
        return False

    every = 1e-9 if step else 0.0  # minutes, so after each step or never
    begin = Progress(recipe, [], checkpoint_every=every)
    words.train(whole, begin, *parts, steps, recording, copy)
    assert half.list_epochs() == [1]
    point = read_progress(half, WordRecipe).point
    assert (point.step if point else 0) == (step + 1 if step else 0)
    words.train(half, read_progress(half, WordRecipe), *parts, steps, Recording())
    assert half.list_epochs() == [1, 2]
    expected = read_word_model(whole.epoch_file(2)).weights
    resumed = read_word_model(half.epoch_file(2))
    for path, values in expected.items():
        np.testing.assert_array_equal(resumed.weights[path], values)
    losses = [result.loss for result in half.read_history()]
    assert losses == [result.loss for result in whole.read_history()]
    assert losses[1] < losses[0] < np.log(len(WORDS))
    assert resumed.network == recipe.network
    assert resumed.encoder.to_values() == WORDS.to_values()
