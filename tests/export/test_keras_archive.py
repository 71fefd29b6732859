"""`.keras` files: stock Keras opens them, and computes what this program computes."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.export.keras_archive import WEIGHTS, write_keras
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.networks import MakeCheckpoint


def load(path: Path) -> Any:
    import keras

    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    return keras.saving.load_model(path)


@pytest.mark.parametrize(("cell", "layers"), [("rnn", 1), ("lstm", 2), ("gru", 3)])
def test_stock_keras_computes_the_same(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, cell: str, layers: int
) -> None:
    """Layers of Keras alone, any batch size and length, and the logits that NumPy has."""
    dropouts: dict[str, Any] = {"dropout": 0.3, "weight_drop": 0.2, "embedding_dropout": 0.1}
    checkpoint = make_checkpoint(cell=cell, layers=layers, **dropouts)
    write_keras(LanguageModel(checkpoint), path := tmp_path / "net.keras")
    model = load(path)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    for shape in ((1, 1), (3, 9)):
        ids = np.random.default_rng(0).integers(0, len(checkpoint.vocabulary), shape)
        expected = NumpyStepper(checkpoint, shape[0]).read(ids)
        np.testing.assert_allclose(model(ids), expected, rtol=0, atol=1e-5)


def test_a_file_is_whole_for_keras_and_for_us(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """The weights within are a checkpoint, with vocabulary and provenance."""
    checkpoint = make_checkpoint("äöü\U0001f600")
    write_keras(LanguageModel(checkpoint), path := tmp_path / "net.keras")
    with zipfile.ZipFile(path) as archive:
        (tmp_path / WEIGHTS).write_bytes(archive.read(WEIGHTS))
    again = read_checkpoint(tmp_path / WEIGHTS)
    assert again.vocabulary.to_values() == checkpoint.vocabulary.to_values()
    assert (again.network, again.provenance) == (checkpoint.network, checkpoint.provenance)
    assert all(
        np.array_equal(again.weights[name], checkpoint.weights[name]) for name in again.weights
    )


def test_the_same_network_gives_the_same_file(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """No date and no random name is in it: files can be compared by their hash."""
    paths = [tmp_path / "1.keras", tmp_path / "2.keras"]
    for path in paths:
        write_keras(LanguageModel(make_checkpoint()), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert zipfile.ZipFile(io.BytesIO(paths[0].read_bytes())).testzip() is None
