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


def test_a_model_comes_back(make_run: MakeRun) -> None:
    """What was exported is a model again; with a name it is also a run."""
    make_run("novel")
    model = charrnn.load("novel")
    folder = charrnn.export_model(model, "safetensors")
    again = charrnn.import_model(folder)
    assert again.score("a bad cab") == model.score("a bad cab")
    assert not Path("checkpoints/friend").exists()
    kept = charrnn.import_model(folder, run="friend")
    assert kept.path == Path("checkpoints/friend/epoch-0001.weights.h5")
    assert charrnn.load("friend").score("a bad cab") == model.score("a bad cab")


def test_weights_alone_need_a_text(make_run: MakeRun) -> None:
    """The text itself, a file of it, or the characters; notes go to a function."""
    make_run("novel")
    file = charrnn.export_model(charrnn.load("novel"), "safetensors") / "model.safetensors"
    characters = charrnn.load("novel").vocabulary.to_values()
    notes: list[str] = []
    given = charrnn.import_model(file, vocabulary=characters, on_note=notes.append)
    from_text = charrnn.import_model(file, text=characters * 3, on_note=notes.append)
    Path("text").write_text(characters * 3, encoding="latin-1")
    from_file = charrnn.import_model(file, "text", encoding="latin-1")
    scores = {model.score("a bad cab") for model in (given, from_text, from_file)}
    assert scores == {charrnn.load("novel").score("a bad cab")}
    assert all("guessing" in note for note in notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": None}, "`file` must be a name or a path, not NoneType"),
        ({"vocabulary": 3}, "`vocabulary` must be str, not int"),
        ({"on_note": 3}, "`on_note` must be a function"),
        ({"text": "a", "corpus": "pydoc"}, "give `corpus` or `text`"),
        ({"text": "a", "vocabulary": "a"}, "give `corpus` or `vocabulary`"),
        ({"run": "a/b/c"}, "`run` a/b/c is not in"),
    ],
)
def test_wrong_arguments_of_an_import_are_rejected(
    make_run: MakeRun, change: dict[str, Any], message: str
) -> None:
    """Each by its name, before a run is made."""
    make_run("novel")
    folder = charrnn.export_model(charrnn.load("novel"), "safetensors")
    arguments: dict[str, Any] = {"file": folder / "model.safetensors"} | change
    found = catch_message(UsageError, partial(charrnn.import_model, **arguments))
    assert found.startswith(message)
