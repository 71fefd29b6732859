"""One small run of each kind, trained from Python."""

import random
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from charrnn.runs.run import Run
from tests.support.api import (
    LENGTH,
    REVIEW_SETTINGS,
    SETTINGS,
    KeptClassifier,
    KeptModel,
    write_reviews,
)


@pytest.fixture(scope="session")
def text(real_text: str) -> str:
    """The text of a small run."""
    return real_text[:LENGTH]


@pytest.fixture
def novel(text: str) -> Path:
    """The text of a small run, as a file in the working folder."""
    path = Path("novel.txt")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def kept_model(tmp_path_factory: pytest.TempPathFactory, text: str) -> KeptModel:
    """A run called novel, of two epochs."""
    folder = tmp_path_factory.mktemp("language")
    path = folder / "novel.txt"
    path.write_text(text, encoding="utf-8")
    results: list[charrnn.EpochResult] = []
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002 - what Keras seeds
    checkpoints = folder / "checkpoints"
    model = charrnn.train(
        path, run="novel", checkpoints=checkpoints, on_epoch=results.append, **SETTINGS
    )
    draws = (random.random(), float(np.random.random()))  # noqa: NPY002
    return KeptModel(path, Run(checkpoints / "novel", LANGUAGE), model, results, draws)


@pytest.fixture(scope="session")
def kept_classifier(tmp_path_factory: pytest.TempPathFactory) -> KeptClassifier:
    """A classifier's run called mine, of one epoch."""
    folder = tmp_path_factory.mktemp("classifier")
    data = write_reviews(folder / "reviews.csv")
    model = charrnn.train_classifier(
        data, run="mine", checkpoints=folder / "checkpoints", **REVIEW_SETTINGS
    )
    run = Run(folder / "checkpoints" / "classify" / "mine", CLASSIFIER)
    return KeptClassifier(data, run, model)
