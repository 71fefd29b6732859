"""`charrnn.export_model`: what `charrnn export` does."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.errors import UsageError
from tests.support.messages import catch_message
from tests.support.networks import MakeRun


def test_a_model_becomes_a_file(make_run: MakeRun) -> None:
    """The path that is returned can be loaded."""
    make_run("novel")
    model = charrnn.load("novel")
    path = charrnn.export_model(model, "int8", Path("small.weights.h5"))
    assert path == Path("small.weights.h5")
    small = charrnn.load(path)
    assert small.score("a bad cab") == pytest.approx(model.score("a bad cab"), abs=0.02)
    assert charrnn.export_model(model, "int8") == Path("novel-int8.weights.h5")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "novel"}, "`model` must be a LanguageModel, not str"),
        ({"file": 3}, "`file` must be a name or a path, not int"),
        ({"to": 3}, "unknown form 3"),
    ],
)
def test_other_types_are_rejected(make_run: MakeRun, change: dict[str, Any], message: str) -> None:
    """A value of the wrong type is named, before anything is written."""
    make_run("novel")
    arguments: dict[str, Any] = {"model": charrnn.load("novel"), "to": "int8"} | change
    found = catch_message(UsageError, partial(charrnn.export_model, **arguments))
    assert found.startswith(message)
    assert list(Path().glob("*.h5")) == []
