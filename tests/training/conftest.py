"""Small runs: a few hundred characters or a few reviews, a handful of units, a second or two."""

from typing import Any

import pytest

from charrnn.data.padding import Examples
from tests.support.review_runs import MakeReviewRun, SmallReviewRun, prepare_review_run
from tests.support.training import MakeTraining, SmallRun, prepare_run


@pytest.fixture(scope="session")
def make_training(tmp_path_factory: pytest.TempPathFactory, real_text: str) -> MakeTraining:
    """Prepares a run in a folder of its own; names of settings are those of the configurations."""

    def make(*, text: str = real_text[:600], vocabulary: str = "", **values: Any) -> SmallRun:
        folder = tmp_path_factory.mktemp("checkpoints") / "run"
        return prepare_run(folder, text, vocabulary, values)

    return make


@pytest.fixture(scope="session")
def make_review_run(tmp_path_factory: pytest.TempPathFactory) -> MakeReviewRun:
    """Prepares a classifier's run in a folder of its own."""

    def make(examples: Examples | None = None, **values: Any) -> SmallReviewRun:
        folder = tmp_path_factory.mktemp("checkpoints") / "classify" / "run"
        return prepare_review_run(folder, examples, values)

    return make


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The Keras models that language models' runs have made, oldest first."""
    made: list[Any] = []
    import charrnn.training.language as module

    compile_model = module.compile_model

    def keep(*arguments: Any) -> Any:
        made.append(compile_model(*arguments))
        return made[-1]

    monkeypatch.setattr(module, "compile_model", keep)
    return made
