"""The training of the language model of words: what it reads, what it leaves, how it resumes."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs import resume
from charrnn.runs.checkpoint import read_word_model
from charrnn.config.reviews import ReviewTraining, WordModelConfig
from charrnn.data.words import START, Words
from charrnn.errors import ReviewsError
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, WordRecipe
from charrnn.training import words

WORDS = Words(["the", "film", "was", "good", "and", "so", "it"])
REVIEWS = [np.array([START, *range(4, 11)] * 2, np.int32) for _ in range(14)]


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of 7 words, too short to be worth compiling."""
    monkeypatch.setattr(words, "LENGTH", 7)


def settings(**values: Any) -> WordRecipe:
    plan: dict[str, Any] = {
        "batch_size": 2,
        "epochs": 2,
        "validation": 0.3,
        "schedule": "cosine",
        "learning_rate": 0.05,
    }
    network = WordModelConfig(len(WORDS), 4, "rnn", 5)
    return WordRecipe(network, ReviewTraining(**plan | values), WORDS, (), "test", "0" * 64)


def test_the_text_is_all_reviews_each_with_a_start() -> None:
    """Reviews follow each other, each behind one start, and the last part validates."""
    reviews = [np.array(ids, np.int32) for ids in ([START, 5], [6, 7], [], [START, 8])]
    learn, validate = words.split(reviews, 0.25)
    assert learn.tolist() == [START, 5, START, 6, 7, START]
    assert validate.tolist() == [START, 8]
    assert learn.dtype == np.int32
    assert words.split(reviews[:1], 0.5)[0].tolist() == []


def test_streams_are_the_text_cut_into_rows() -> None:
    """A stream is a contiguous part, as long as the others; what is left over is left out."""
    text = np.arange(403, dtype=np.int32)
    assert words.streams(text, 2).tolist() == [[*range(201)], [*range(201, 402)]]
    assert words.streams(text[:400], 2).shape == (2, 200)


@pytest.mark.parametrize(("count", "part"), [(399, "train on"), (800, "validate on")])
def test_too_few_words_are_refused(count: int, part: str) -> None:
    """Which part has too few words is said, and how many it takes."""
    reviews = [np.array([START, *[5] * (count - 1)], np.int32), np.array([START], np.int32)]
    config = ReviewTraining(batch_size=2, validation=0.5)
    with pytest.raises(ReviewsError, match=rf"words to {part} .* 200 for each of --batch-size 2;"):
        words.check(reviews, config)


@pytest.mark.parametrize(("count", "steps"), [(400, 1), (598, 1), (600, 2), (799, 2)])
def test_steps_leave_room_for_a_first_window_anywhere(count: int, steps: int) -> None:
    """A stream gives one window less than it holds, so that the first can begin at any word."""
    assert words.steps_per_epoch(np.zeros(count, np.int32), 2) == steps


@pytest.mark.usefixtures("_short")
def test_windows_lie_side_by_side() -> None:
    """An epoch's windows begin anywhere and follow each other without a gap; orders differ."""
    text = np.arange(120, dtype=np.int32).reshape(2, 60)
    steps = words.steps_per_epoch(text.ravel(), 2)
    assert steps == 7
    read = [
        [window.numpy() for (window,) in words._training_batches(text, seed, first).take(count)]
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
    batches = words._first_batches(text)
    assert len(batches) == 3
    read = np.hstack([window.numpy() for (window,) in batches])
    np.testing.assert_array_equal(read, text[:, :21])
    assert len(words._first_batches(text[:, :15])) == 2


@pytest.mark.usefixtures("_short")
def test_a_resume_goes_on_as_if_never_stopped(tmp_path: Path, listener: Any) -> None:
    """Two epochs, and one gone on with, end the same; checkpoints and history tell of them."""
    whole, half, told = Run(tmp_path / "whole"), Run(tmp_path / "half"), listener()

    def copy() -> bool:
        if told.at(1, "end"):
            shutil.copytree(whole.folder, half.folder)
        return False

    progress: Progress[WordRecipe] = Progress(settings(), [])
    words.train(whole, finished, REVIEWS, told, copy)
    assert half.epochs() == [1]
    words.train(half, read_progress(half, WordRecipe), REVIEWS, listener())
    assert half.epochs() == [1, 2]
    expected = read_word_model(whole.epoch_file(2)).weights
    found = read_word_model(half.epoch_file(2))
    for path, values in expected.items():
        np.testing.assert_array_equal(found.weights[path], values)
    losses = [result.loss for result in half.history()]
    assert losses == [result.loss for result in whole.history()]
    assert losses[1] < losses[0] < np.log(len(WORDS))
    assert found.network == settings().network
    assert found.encoder.to_json() == WORDS.to_json()
