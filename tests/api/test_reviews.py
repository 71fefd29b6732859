"""Training and loading review classifiers from Python."""

from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.runs.outcome import list_outcomes
from charrnn.runs.recipe import Progress, ReviewRecipe
from charrnn.runs.run import Run
from tests.support.api import REVIEW_SETTINGS, KeptClassifier, write_reviews
from tests.support.commands import invoke


class Planned(Exception):  # noqa: N818 - not an error
    """Raised instead of training.

    Attributes:
        run: the folder that would have been written into.
        recipe: what would have been trained.
    """

    def __init__(self, run: Run, progress: Progress[ReviewRecipe]) -> None:
        super().__init__()
        self.run, self.recipe = run, progress.recipe


@pytest.fixture
def plan_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained: `Planned` is raised instead."""

    def begin(run: Run, progress: Progress[ReviewRecipe], *_: Any) -> None:
        raise Planned(run, progress)

    monkeypatch.setattr("charrnn.training.reviews.train", begin)


def test_a_run_that_is_kept_is_in_the_table(kept_classifier: KeptClassifier) -> None:
    """A named run is measured on the test reviews, for `charrnn classify compare`."""
    (outcome,) = list_outcomes(kept_classifier.run.checkpoints)
    (result,) = kept_classifier.model.history
    assert (outcome.run, outcome.preset, outcome.epochs) == ("mine", "lstm-32", 1)
    assert outcome.changes == (
        "cell=average embedding=3 dense=0 max_length=6 batch_size=16 epochs=1"
    )
    assert outcome.validation_loss == result.validation_loss
    assert outcome.validation_accuracy == result.validation_accuracy
    assert 0 <= outcome.test_accuracy <= 1
    assert outcome.seconds > result.seconds


@pytest.mark.slow
def test_the_same_seed_gives_the_commands_checkpoint(kept_classifier: KeptClassifier) -> None:
    """`charrnn classify train` with the same settings writes the same bytes."""
    words = ["classify", "train", "--data", kept_classifier.data, "--run", "mine"]
    for name, value in REVIEW_SETTINGS.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    ours, theirs = kept_classifier.run.folder, Path("checkpoints/classify/mine")
    names = {path.name for path in ours.iterdir()}
    assert {path.name for path in theirs.iterdir()} == names | {"curves.png"}
    file = "epoch-0001.weights.h5"
    assert (ours / file).read_bytes() == (theirs / file).read_bytes()


def test_a_finished_run_is_not_resumed(kept_classifier: KeptClassifier) -> None:
    """`resume` finds the run by name, or the newest; without more epochs it has nothing to do."""
    for name in ("mine", ""):
        with pytest.raises(charrnn.CharrnnError, match="mine has done all its epochs, 1: to train"):
            charrnn.train_classifier(resume=name, checkpoints=kept_classifier.run.checkpoints)


@pytest.mark.usefixtures("plan_only")
def test_a_resume_reads_the_reviews_again(kept_classifier: KeptClassifier) -> None:
    """`resume` with more epochs needs neither data nor settings."""
    with pytest.raises(Planned) as plan:
        charrnn.train_classifier(
            resume="mine", epochs=3, checkpoints=kept_classifier.run.checkpoints
        )
    assert plan.value.run == kept_classifier.run
    assert plan.value.recipe.training.epochs == 3
    assert plan.value.recipe.network == kept_classifier.model.checkpoint.network


@pytest.mark.usefixtures("plan_only")
@pytest.mark.parametrize(
    ("settings", "units"),
    [
        ({"units": 5}, (5,)),
        ({"units": [5, 4]}, (5, 4)),
        ({"units": 5, "layers": 2}, (5, 5)),
        ({"preset": "bilstm-64x2"}, (64, 64)),
        ({}, (32,)),
    ],
    ids=str,
)
def test_units_are_one_number_or_several(settings: Any, units: tuple[int, ...]) -> None:
    """A number makes one layer, a list a layer for each of its numbers."""
    with pytest.raises(Planned) as plan:
        charrnn.train_classifier(write_reviews(Path("reviews.csv")), **settings)
    assert plan.value.recipe.network.units == units


@pytest.mark.usefixtures("plan_only")
@pytest.mark.parametrize("many", [False, True])
def test_data_is_a_path_or_several(many: bool) -> None:
    """A string, a path and a list of them name the same reviews."""
    path = write_reviews(Path("reviews.csv"))
    for data in ([str(path)], (path,)) if many else (str(path), path):
        with pytest.raises(Planned) as plan:
            charrnn.train_classifier(data)
        assert plan.value.recipe.sources == (str(path.resolve()),)
        assert plan.value.recipe.corpus == "reviews"


@pytest.mark.usefixtures("plan_only")
def test_an_embedding_is_borrowed(kept_classifier: KeptClassifier) -> None:
    """`embedding_from` takes a run's name; the table of classifiers will say so."""
    folder = kept_classifier.run.checkpoints
    with pytest.raises(Planned) as plan:
        charrnn.train_classifier(
            kept_classifier.data, embedding_from="mine", frozen_epochs=1, checkpoints=folder
        )
    assert plan.value.recipe.network.embedding == REVIEW_SETTINGS["embedding"]
    assert plan.value.recipe.changes == "frozen_epochs=1 embedding_from=mine"


def test_load_classifier_finds_runs_as_the_commands_do(
    kept_classifier: KeptClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, folder, file, newest or epoch; in `checkpoints` or where the environment says."""
    run, expected = kept_classifier.run, kept_classifier.model.probabilities(["a good film"])
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", str(run.checkpoints))
    for named in ("mine", run.folder, str(run.epoch_file(1)), None):
        assert charrnn.load_classifier(named).probabilities(["a good film"]) == expected
    assert charrnn.load_classifier("mine", 1, checkpoints=run.checkpoints).path == run.epoch_file(1)
    with pytest.raises(charrnn.CharrnnError, match="no run 'mine' in checkpoints/classify"):
        charrnn.load_classifier("mine", checkpoints="checkpoints")
    with pytest.raises(
        charrnn.CharrnnError, match="mine is a classifier, not a language model; it is in "
    ):
        charrnn.load("mine")
