"""The NumPy cells against cells written naively with Python's math module."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from charrnn.config.fields import GATES
from charrnn.inference.cells import CELL_CLASSES, Array, Cell

Row = Sequence[float]
Naive = Callable[[Row, list[list[Row]]], list[list[float]]]

INPUTS, UNITS = 3, 5


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _times(x: Row, matrix: Sequence[Row]) -> list[float]:
    """x W, column by column."""
    return [math.fsum(a * row[j] for a, row in zip(x, matrix, strict=True)) for j in _of(matrix)]


def _of(matrix: Sequence[Row]) -> range:
    return range(len(matrix[0]))


def naive_rnn(inputs: Sequence[Row], kernel: Array, recurrent: Array, bias: Array) -> list[Row]:
    h: list[float] = [0.0] * len(recurrent)
    outputs: list[Row] = []
    for x in inputs:
        xw, hu = _times(x, kernel.tolist()), _times(h, recurrent.tolist())
        h = [math.tanh(a + b + c) for a, b, c in zip(xw, hu, bias.tolist(), strict=True)]
        outputs.append(h)
    return outputs


def naive_lstm(inputs: Sequence[Row], kernel: Array, recurrent: Array, bias: Array) -> list[Row]:
    units = len(recurrent)
    h, c = [0.0] * units, [0.0] * units
    outputs: list[Row] = []
    for x in inputs:
        xw, hu = _times(x, kernel.tolist()), _times(h, recurrent.tolist())
        z = [a + b + d for a, b, d in zip(xw, hu, bias.tolist(), strict=True)]
        for j in range(units):
            i, f = _sigmoid(z[j]), _sigmoid(z[units + j])
            new, o = math.tanh(z[2 * units + j]), _sigmoid(z[3 * units + j])
            c[j] = f * c[j] + i * new
            h[j] = o * math.tanh(c[j])
        outputs.append(list(h))
    return outputs


def naive_gru(inputs: Sequence[Row], kernel: Array, recurrent: Array, bias: Array) -> list[Row]:
    units = len(recurrent)
    h = [0.0] * units
    outputs: list[Row] = []
    for x in inputs:
        xw, hu = _times(x, kernel.tolist()), _times(h, recurrent.tolist())
        a = [v + b for v, b in zip(xw, bias[0].tolist(), strict=True)]
        p = [v + b for v, b in zip(hu, bias[1].tolist(), strict=True)]
        for j in range(units):
            z, r = _sigmoid(a[j] + p[j]), _sigmoid(a[units + j] + p[units + j])
            new = math.tanh(a[2 * units + j] + r * p[2 * units + j])
            h[j] = z * h[j] + (1 - z) * new
        outputs.append(list(h))
    return outputs


NAIVE = {"rnn": naive_rnn, "lstm": naive_lstm, "gru": naive_gru}

every_cell = pytest.mark.parametrize("name", CELL_CLASSES)


def _weights(name: str, seed: int = 0) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    width = GATES[name] * UNITS
    shapes = [(INPUTS, width), (UNITS, width), (2, width) if name == "gru" else (width,)]
    kernel, recurrent, bias = (random.normal(0, 0.6, s).astype(np.float32) for s in shapes)
    return kernel, recurrent, bias


def _inputs(steps: int, batch_size: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(9).normal(0, 1, (steps, batch_size, INPUTS)).astype(np.float32)


def _read(cell: Cell, inputs: Array) -> Array:
    """The outputs (N, B, H) of a cell's next steps; each is valid only until the next."""
    return np.array([cell.step(x @ cell.kernel + cell.bias).copy() for x in inputs])


@every_cell
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_cell_computes_its_formula(name: str, batch_size: int) -> None:
    """Each cell computes its published formula, in every row of the batch."""
    weights, inputs = _weights(name), _inputs(25, batch_size)
    outputs = _read(CELL_CLASSES[name](*weights, batch_size), inputs)
    for row in range(batch_size):
        expected = NAIVE[name](inputs[:, row].tolist(), *weights)
        np.testing.assert_allclose(outputs[:, row], expected, atol=2e-6)


@every_cell
def test_reset_forgets_everything(name: str) -> None:
    """After a reset a cell answers like one that has read nothing."""
    weights, inputs = _weights(name), _inputs(6, 2)
    cell = CELL_CLASSES[name](*weights, 2)
    first, second = _read(cell, inputs), _read(cell, inputs)
    cell.reset()
    np.testing.assert_array_equal(_read(cell, inputs), first)
    assert not np.allclose(second[0], first[0])


@every_cell
def test_the_weights_are_only_read(name: str) -> None:
    """Neither making nor stepping a cell changes the weights, which others may share."""
    weights = _weights(name)
    before = [values.copy() for values in weights]
    _read(CELL_CLASSES[name](*weights, 2), _inputs(3, 2))
    for values, kept in zip(weights, before, strict=True):
        np.testing.assert_array_equal(values, kept)


@every_cell
def test_a_step_leaves_its_input_alone(name: str) -> None:
    """A step does not write into the projected input, a row of a table that is used again."""
    kernel, recurrent, bias = _weights(name)
    projected = _inputs(1, 2)[0] @ kernel
    before = projected.copy()
    CELL_CLASSES[name](kernel, recurrent, bias, 2).step(projected)
    np.testing.assert_array_equal(projected, before)


@every_cell
@pytest.mark.parametrize("sign", [-1, 1])
def test_saturated_gates_stay_finite(name: str, sign: int) -> None:
    """Inputs far beyond a sigmoid's range give outputs in [-1, 1] without a warning."""
    kernel, recurrent, bias = _weights(name)
    cell = CELL_CLASSES[name](kernel, recurrent, bias, 1)
    projected = np.full((1, GATES[name] * UNITS), sign * 1e30, np.float32)
    outputs = np.array([cell.step(projected).copy() for _ in range(3)])
    assert np.isfinite(outputs).all()
    assert np.abs(outputs).max() <= 1
