"""Reviews in files, and commands that are run on them up to the training, or all the way."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from charrnn.runs.recipe import Progress
from tests.support.commands import Invoke
from tests.support.reviews import (
    QUICK,
    Finished,
    PlanClassifier,
    PlannedClassifier,
    write_folder,
    write_npz,
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("a download")

    monkeypatch.setattr("charrnn.planning.review_sources.fetch", refuse)


@pytest.fixture
def npz() -> Path:
    """Reviews in Keras's format, ./mine/reviews.npz."""
    return write_npz(Path("mine/reviews.npz"))


@pytest.fixture
def folder() -> Path:
    """Reviews in the layout of aclImdb, ./aclImdb."""
    return write_folder(Path("aclImdb"))


class _LeftOutError(Exception):
    pass


@pytest.fixture
def plan_classifier(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> PlanClassifier:
    """Runs `charrnn classify` with these words up to the training itself, which is left out."""
    begun: list[Any] = []

    def begin(*given: Any) -> None:
        begun.append(given)
        raise _LeftOutError

    def command(*words: object) -> PlannedClassifier:
        with monkeypatch.context() as patch:
            patch.setattr("charrnn.training.reviews.train", begin)
            result = invoke("classify", *words)
        assert "_LeftOutError" in result.stderr, result.output
        run, progress, learn, validate, _, _, _, borrowed = begun.pop()
        assert isinstance(progress, Progress)
        return PlannedClassifier(run, progress.recipe, learn, validate, borrowed, result)

    return command


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory, invoke: Invoke) -> Finished:
    """A run of three epochs; tests that change its folder take `finished`."""
    place = tmp_path_factory.mktemp("imdb")
    npz = write_npz(place / "reviews.npz")
    words = ["--data", npz, *QUICK, "--mask", "--learning-rate", 0.1, "--epochs", 3]
    result = invoke("classify", "imdb", *words, "--checkpoints", place / "checkpoints")
    assert result.exit_code == 0, result.output
    return Finished(place, result)


@pytest.fixture
def finished(finished_once: Finished, tmp_path: Path) -> Finished:
    """A run of three epochs, in the working folder, which a test may change."""
    shutil.copytree(finished_once.folder, tmp_path, dirs_exist_ok=True)
    return Finished(tmp_path, finished_once.result)
