"""Which classifiers have been trained before."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charrnn.errors import ReviewsError, UsageError
from charrnn.planning.earlier import find_earlier_runs
from charrnn.planning.folders import Folders
from charrnn.planning.report import Silence
from charrnn.planning.review_sources import ReviewSource
from charrnn.planning.reviews import ReviewRequest, plan_classifier
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.resume import read_progress, write_progress
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.reviews import write_npz

SMALL: dict[str, Any] = {"embedding": 2, "max_words": 11, "max_length": 6, "epochs": 3}


def request_for(npz: Path, preset: str = "lstm-32", **settings: Any) -> ReviewRequest:
    return ReviewRequest(preset, ReviewSource((npz,)), settings=SMALL | settings)


def begin(request: ReviewRequest, folders: Folders) -> Run:
    """A run that was planned, and has done no epoch."""
    plan = plan_classifier(request, folders, Silence())
    write_progress(plan.run, plan.progress, [])
    return plan.run


def find(folders: Folders, npz: Path, *requests: ReviewRequest) -> list[Run | None]:
    found = find_earlier_runs(requests, ReviewSource((npz,)), folders, Silence())
    assert [request for request, _ in found] == list(requests)
    return [run for _, run in found]


def test_the_same_network_and_training_are_found(npz: Path, folders: Folders) -> None:
    """A request finds the newest run of its network, training and reviews, whatever its name."""
    requests = [request_for(npz), request_for(npz, "gru-32"), request_for(npz, seed=1)]
    assert find(folders, npz, *requests) == [None, None, None]
    older, newer = begin(requests[0], folders), begin(requests[0], folders)
    os.utime(older.resume_file, (1, 1))
    other = begin(requests[2], folders)
    assert find(folders, npz, *requests) == [newer, None, other]


@pytest.mark.parametrize(
    "settings", [{"embedding": 3}, {"epochs": 4}, {"learning_rate": 0.5}, {"dropout": 0.5}]
)
def test_any_other_setting_is_another_run(
    npz: Path, folders: Folders, settings: dict[str, Any]
) -> None:
    """A run that differs in its network or training was not trained before."""
    begin(request_for(npz), folders)
    assert find(folders, npz, request_for(npz, **settings)) == [None]


def test_a_precision_makes_no_difference(npz: Path, folders: Folders) -> None:
    """A run of another machine, whose products had another precision, is the same run."""
    run = begin(request_for(npz), folders)
    progress = read_progress(run, ReviewRecipe)
    training = replace(progress.recipe.training, precision="bfloat16")
    recipe = replace(progress.recipe, training=training)
    write_progress(run, replace(progress, recipe=recipe), [])
    assert find(folders, npz, request_for(npz)) == [run]


def test_other_reviews_or_a_borrowed_embedding_make_another_run(
    npz: Path, folders: Folders
) -> None:
    """Only runs on these very reviews, with a new embedding, count."""
    run = begin(request_for(npz), folders)
    progress = read_progress(run, ReviewRecipe)
    recipe = replace(progress.recipe, embedding_from="vectors.txt")
    write_progress(run, replace(progress, recipe=recipe), [])
    assert find(folders, npz, request_for(npz)) == [None]
    begin(request_for(npz), folders)
    others = write_npz(Path("others/reviews.npz"), train=20)
    assert find(folders, others, request_for(others)) == [None]


def test_other_columns_make_another_run(folders: Folders) -> None:
    """Of one table, other columns, or another encoding, are other reviews."""
    path = Path("mine.csv")
    rows = [f"the film {number},so bad,{number % 2}\n" for number in range(30)]
    path.write_text("first,second,label\n" + "".join(rows))

    def find_run(source: ReviewSource) -> Run | None:
        request = ReviewRequest(source=source, settings=SMALL)
        ((_, run),) = find_earlier_runs([request], source, folders, Silence())
        return run

    source = ReviewSource((path,), "first")
    run = begin(ReviewRequest(source=source, settings=SMALL), folders)
    assert find_run(source) == run
    assert find_run(replace(source, text_column="second")) is None
    assert find_run(replace(source, label_column="label")) is None
    assert find_run(replace(source, encoding="cp1252")) is None
    assert find_run(replace(source, encoding="UTF8")) == run


def test_runs_that_can_not_be_read_are_passed_over(npz: Path, folders: Folders) -> None:
    """A damaged resume file hides no other run."""
    run = begin(request_for(npz), folders)
    for name, content in (("damaged", b"junk"), ("empty", b"")):
        damaged = kinds.make_run(folders.checkpoints, CLASSIFIER, name)
        damaged.resume_file.write_bytes(content)
    kinds.write_epoch(kinds.make_run(folders.checkpoints, CLASSIFIER, "copied"))
    assert find(folders, npz, request_for(npz)) == [run]


def test_wrong_requests_are_rejected_before_the_first_is_trained(
    npz: Path, folders: Folders
) -> None:
    """One wrong setting, or reviews that can't be read, stop all of them."""
    with pytest.raises(UsageError):
        find(folders, npz, request_for(npz), request_for(npz, units=(0,)))
    npz.write_bytes(b"junk")
    with pytest.raises(ReviewsError):
        find(folders, npz, request_for(npz))
