"""Matrices in 8 bits: what is lost, what is not, and files of a quarter of the size."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from charrnn.config.fields import CELLS
from charrnn.runs.checkpoint import (
    AnyCheckpoint,
    Checkpoint,
    read_checkpoint,
    read_classifier,
    read_word_model,
    write_checkpoint,
)
from charrnn.runs.int8 import Quantized, quantize
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from tests.support import kinds
from tests.support.checkpoints import assert_equal, edit, reject
from tests.support.networks import MakeCheckpoint

RECURRENT = "layers/gru/cell/vars/1"
SHAPE = (7, 21)  # of the recurrent kernel
BIASES = {"layers/gru/cell/vars/2", "layers/dense/vars/1"}

MATRICES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
)
TINY = np.finfo(np.float32).smallest_normal * 128


@pytest.fixture
def rounded(path: Path, make_checkpoint: MakeCheckpoint) -> Checkpoint:
    """A small GRU's checkpoint, written to `path` in int8."""
    made = make_checkpoint(cell="gru")
    write_checkpoint(path, made, int8=True)
    return made


@given(MATRICES)
def test_no_number_moves_far(matrix: Any) -> None:
    """Each number is off by half of a 127th of its column's largest at most."""
    rounded = quantize(matrix)
    assert rounded.values.dtype == np.int8
    assert rounded.scales.dtype == np.float32
    assert rounded.values.min() > -128
    exact, largest = matrix.astype(np.float64), np.abs(matrix).max(axis=0).astype(np.float64)
    errors = np.abs(rounded.dequantize().astype(np.float64) - exact)
    assert np.all(errors <= np.maximum(largest * 0.502 / 127, TINY))


@given(MATRICES)
def test_products_are_exact(matrix: Any) -> None:
    """A value times its scale is a float32 as it is, so that every engine has the same weights."""
    rounded = quantize(matrix)
    exact = rounded.values.astype(np.float64) * rounded.scales.astype(np.float64)
    assert np.array_equal(rounded.dequantize().astype(np.float64), exact)


@given(MATRICES)
def test_what_was_rounded_stays(matrix: Any) -> None:
    """Rounding once more changes no bit: a small file can be made into a page, or a small file."""
    once = quantize(matrix)
    again = quantize(once.dequantize())
    assert np.array_equal(again.values, once.values)
    assert again.scales.tobytes() == once.scales.tobytes()


@pytest.mark.parametrize("cell", CELLS)
def test_a_small_file_is_read_like_any_other(
    path: Path, make_checkpoint: MakeCheckpoint, cell: str
) -> None:
    """The reader gets float32 weights: matrices rounded, and biases as they were."""
    made = make_checkpoint(cell=cell, layers=2)
    write_checkpoint(path, made, int8=True)
    weights = {
        name: values if name in biases(made) else quantize(values).dequantize()
        for name, values in made.weights.items()
    }
    assert_equal(read_checkpoint(path), replace(made, weights=weights))


def biases(made: Checkpoint) -> set[str]:
    layers = (made.network.layer_path(layer) for layer in range(made.network.layers))
    return {"layers/dense/vars/1", *(f"{path}/cell/vars/2" for path in layers)}


@pytest.mark.parametrize(
    ("kind", "read"),
    [(LANGUAGE, read_checkpoint), (CLASSIFIER, read_classifier), (WORD_MODEL, read_word_model)],
    ids=["language model", "classifier", "word model"],
)
def test_every_kind_can_be_small(
    checkpoints: Path, path: Path, kind: Kind, read: Callable[[Path], AnyCheckpoint]
) -> None:
    """Networks of each kind come back with each weight near what it was."""
    made = read(kinds.write_epoch(kinds.make_run(checkpoints, kind, "mine")))
    write_checkpoint(path, made, int8=True)
    found = read(path)
    assert found.weights.keys() == made.weights.keys()
    for name, values in made.weights.items():
        np.testing.assert_allclose(found.weights[name], values, atol=0.02)


def test_a_small_file_is_a_quarter_of_a_large_one(
    path: Path, tmp_path: Path, make_checkpoint: MakeCheckpoint
) -> None:
    """All but the description, the biases and the scales takes a quarter of the place."""
    made, large = make_checkpoint(units=256, embedding=64), tmp_path / "large.weights.h5"
    write_checkpoint(large, made)
    write_checkpoint(path, made, int8=True)
    assert path.stat().st_size < 0.29 * large.stat().st_size


def test_keras_takes_no_small_file(path: Path, rounded: Checkpoint) -> None:
    """Numbers without their scales would be a wrong network: none lies where Keras looks for it."""
    import h5py

    with h5py.File(path) as file:
        assert rounded.weights.keys() - file.keys() == rounded.weights.keys()
        assert {name for name in rounded.weights if name in file} == BIASES


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_scales_that_are_no_numbers_are_refused(
    path: Path, rounded: Checkpoint, value: float
) -> None:
    """A scale that is not finite, or leads to a weight that isn't, is noticed without a warning."""
    size = path.stat().st_size
    content = path.read_bytes()
    scales = quantize(rounded.weights[RECURRENT]).scales
    changed = scales.copy()
    changed[4] = value
    assert content.count(scales.tobytes()) == 1
    path.write_bytes(content.replace(scales.tobytes(), changed.tobytes()))
    assert path.stat().st_size == size
    with edit(path):
        pass  # which seals it
    assert "NaN or infinity" in reject(path)


@pytest.mark.usefixtures("rounded")
@pytest.mark.parametrize(
    ("name", "dtype", "shape"),
    [
        (f"int8/{RECURRENT}", "|i1", SHAPE[::-1]),
        (f"int8/{RECURRENT}", "|i1", (SHAPE[0] * SHAPE[1],)),
        (f"int8/{RECURRENT}", "<f4", (1, SHAPE[1])),
        (f"int8/{RECURRENT}", "|u1", SHAPE),
        (f"scales/{RECURRENT}", "<f4", (SHAPE[1] - 1,)),
        (f"scales/{RECURRENT}", "<f4", (1, SHAPE[1])),
        (f"scales/{RECURRENT}", "<i4", (SHAPE[1],)),
        (f"scales/{RECURRENT}", "|i1", (SHAPE[1],)),
    ],
)
def test_arrays_of_another_kind_are_refused(
    path: Path, name: str, dtype: str, shape: tuple[int, ...]
) -> None:
    """What is not int8 of the weight's shape, with a float32 scale a column, is refused."""
    with edit(path) as values:
        values["arrays"][name][:2] = [dtype, shape]
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("rounded")
@pytest.mark.parametrize("name", [f"int8/{RECURRENT}", f"scales/{RECURRENT}"])
def test_every_array_is_needed(path: Path, name: str) -> None:
    """A small file that lacks values or scales is refused, and so is one with others."""
    with edit(path) as values:
        described = values["arrays"].pop(name)
    assert "damaged" in reject(path)
    with edit(path) as values:
        values["arrays"] |= {name: described, f"{name}x": described}
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("rounded")
def test_a_weight_stands_there_once(path: Path) -> None:
    """A file that has a weight in both forms is refused: readers could disagree about it."""
    with edit(path) as values:
        values["arrays"][RECURRENT] = ["<f4", SHAPE, 0]
    assert "damaged" in reject(path)


def test_zeros_stay_zeros() -> None:
    """A column without numbers above zero has no scale to divide by."""
    matrix = np.array([[0, 1e-44, -2], [0, 0, 1]], np.float32)
    rounded = quantize(matrix)
    assert rounded.scales[:2].tolist() == [0, 0]
    assert rounded.dequantize()[:, :2].tolist() == [[0, 0], [0, 0]]
    assert Quantized(rounded.values, rounded.scales).dequantize()[0, 2] == pytest.approx(-2)
