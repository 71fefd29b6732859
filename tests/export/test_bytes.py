"""A network of bytes in other forms, and back."""

import json
from typing import Any

import pytest

from charrnn.errors import CheckpointError
from charrnn.export.imports import import_model
from charrnn.export.write import write_model
from charrnn.inference.language_model import LanguageModel
from tests.support.networks import make_reading_bytes


@pytest.mark.parametrize("form", ["int8", "keras", "safetensors", "huggingface"])
def test_a_network_comes_back(form: str) -> None:
    """It reads bytes again and, but for rounding, writes the same."""
    model = LanguageModel(make_reading_bytes())
    again = import_model(write_model(model, form))
    assert again.vocabulary == model.vocabulary
    assert again.score("水, Ещё 🙂") == pytest.approx(model.score("水, Ещё 🙂"), rel=0.01)
    if form != "int8":
        assert again.generate("水", 50, seed=1) == model.generate("水", 50, seed=1)


def test_a_folder_says_that_ids_are_bytes() -> None:
    """What says so is checked, and so is the number of them."""
    folder = write_model(LanguageModel(make_reading_bytes()), "safetensors")
    file = folder / "vocabulary.json"
    assert json.loads(file.read_text()) == {"bytes": True}
    others: list[Any] = [
        {"bytes": False},
        {"characters": "abc"},
        {"characters": {"bytes": 1}},
        [],
        3,
    ]
    for values in others:
        file.write_text(json.dumps(values))
        with pytest.raises(CheckpointError, match="has no network of charrnn's"):
            import_model(folder)


def test_a_card_speaks_of_bytes() -> None:
    """How the ids are made, and what the losses are means over."""
    folder = write_model(LanguageModel(make_reading_bytes()), "huggingface")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "writes text one byte at a time" in card
    assert "embedding 16, 256 bytes |" in card
    assert '"Dear ".encode()' in card
    assert "vocabulary.json" not in card


def test_a_graph_says_that_ids_are_bytes() -> None:
    """In the notes that ONNX's runtimes show."""
    onnx = pytest.importorskip("onnx")
    path = write_model(LanguageModel(make_reading_bytes()), "onnx")
    notes = {note.key: json.loads(note.value) for note in onnx.load(path).metadata_props}
    assert notes["bytes"] is True
    assert "characters" not in notes
