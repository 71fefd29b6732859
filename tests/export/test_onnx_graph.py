"""ONNX files: onnxruntime computes what NumPy does, whole texts and step by step."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from charrnn.errors import UsageError
from charrnn.export import onnx_graph
from charrnn.export.onnx_graph import write_onnx
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import Checkpoint
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint

NETWORKS = [(cell, layers) for cell in ("rnn", "lstm", "gru") for layers in (1, 2)]
CLOSE = 1e-4

Arrays = dict[str, npt.NDArray[np.float32]]


def open_graph(checkpoint: Checkpoint, folder: Path) -> onnxruntime.InferenceSession:
    write_onnx(LanguageModel(checkpoint), path := folder / "net.onnx")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, **inputs: object) -> Arrays:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def take_states(found: Arrays) -> Arrays:
    return {
        name.removeprefix("next_"): values
        for name, values in found.items()
        if name.startswith("next_")
    }


@pytest.mark.parametrize(("cell", "layers"), NETWORKS)
def test_a_whole_text_needs_no_states(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, cell: str, layers: int
) -> None:
    """Any batch and length, from a state of zero: NumPy's logits."""
    checkpoint = make_checkpoint(cell=cell, layers=layers)
    session = open_graph(checkpoint, tmp_path)
    for shape in ((1, 1), (3, 9)):
        ids = np.random.default_rng(0).integers(0, len(checkpoint.vocabulary), shape)
        found = run(session, ids=ids)["logits"]
        expected = NumpyStepper(checkpoint, shape[0]).read(ids)
        np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(("cell", "layers"), NETWORKS)
def test_a_step_carries_its_states(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, cell: str, layers: int
) -> None:
    """Character by character, what a step gives is what the next one takes."""
    checkpoint = make_checkpoint(cell=cell, layers=layers)
    session, stepper = open_graph(checkpoint, tmp_path), NumpyStepper(checkpoint, 2)
    states: Arrays = {}
    for ids in np.random.default_rng(0).integers(0, len(checkpoint.vocabulary), (8, 2)):
        found = run(session, ids=ids[:, np.newaxis], **states)
        states = take_states(found)
        np.testing.assert_allclose(found["logits"][:, 0], stepper.step(ids), rtol=0, atol=CLOSE)
        for state, expected in zip(states.values(), stepper.copy_states(), strict=True):
            np.testing.assert_allclose(state, expected, rtol=0, atol=CLOSE)


def test_one_state_serves_all_texts(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """A prompt is read once, and written on several times."""
    checkpoint = make_checkpoint(cell="lstm", layers=2)
    session = open_graph(checkpoint, tmp_path)
    states = take_states(run(session, ids=np.array([[1, 2, 3]])))
    assert list(states) == ["h0", "c0", "h1", "c1"]
    found = run(session, ids=np.array([[4], [5]]), **states)["logits"]
    both = np.array([[1, 2, 3, 4], [1, 2, 3, 5]])
    expected = NumpyStepper(checkpoint, 2).read(both)[:, -1:]
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE)


def test_the_file_says_what_it_is(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """Characters, sizes and provenance are in its metadata; its states have defaults."""
    checkpoint = make_checkpoint("aä\ud83d\U0001f600", cell="gru")
    session = open_graph(checkpoint, tmp_path)
    notes = {
        name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()
    }
    assert notes["characters"] == checkpoint.vocabulary.to_values()
    assert notes["network"]["cell"] == "gru"
    assert notes["provenance"]["corpus"] == "test"
    assert [entry.name for entry in session.get_inputs()] == ["ids"]
    assert [entry.name for entry in session.get_overridable_initializers()] == ["h0"]
    onnx.checker.check_model(onnx.load(tmp_path / "net.onnx"), full_check=True)


def test_without_the_package_one_line_says_what_to_install(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = LanguageModel(make_checkpoint())
    message = catch_message(UsageError, partial(write_onnx, model, tmp_path / "net.onnx"))
    assert "pip install onnx" in message
    assert not (tmp_path / "net.onnx").exists()


def test_a_network_that_is_too_large_is_refused(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protocol buffers end at 2 GiB."""
    model = LanguageModel(make_checkpoint())
    monkeypatch.setattr(onnx_graph, "MOST", 100)
    message = catch_message(UsageError, partial(write_onnx, model, tmp_path / "net.onnx"))
    assert "2 GiB" in message
