"""The compiled Adam is Keras's, which is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.training.adam import CompiledAdam
from tests.support.slow import slow_except

SMALL, LARGE = ((3, 5), (5,), (4, 1)), ((400, 250), (5,), (4, 1))


def take_steps(kind: Any, shapes: tuple[tuple[int, ...], ...], **options: Any) -> list[Any]:
    """The weights, moments and count of steps after five steps with changing rates."""
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape)) for shape in shapes]
    optimizer = kind(0.01, **options)
    optimizer.build(variables)
    for step in range(5):
        optimizer.learning_rate.assign(0.01 / (step + 1))
        gradients = [keras.ops.convert_to_tensor(rng.normal(size=v.shape)) for v in variables]
        optimizer.apply([keras.ops.cast(one, "float32") for one in gradients], variables)
    assert int(optimizer.iterations) == 5
    return [np.asarray(one) for one in (*variables, *optimizer.variables)]


@pytest.mark.parametrize(
    "options",
    slow_except(
        [
            {},
            {"global_clipnorm": 0.5},
            {"weight_decay": 0.2},
            {"global_clipnorm": 1, "weight_decay": 0.1},
        ],
        {"global_clipnorm": 1, "weight_decay": 0.1},
    ),
    ids=["plain", "clipped", "decayed", "both"],
)
def test_steps_are_kerass(options: Any) -> None:
    """Compiled steps end with Keras's weights, moments and count of steps."""
    results = (take_steps(kind, LARGE, **options) for kind in (keras.optimizers.Adam, CompiledAdam))
    for stock, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, stock, rtol=1e-5, atol=1e-7)


def test_few_weights_are_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network's steps are Keras's own, to the last bit."""

    def compile_nothing(*_: Any, **__: Any) -> None:
        raise AssertionError

    stock = take_steps(keras.optimizers.Adam, SMALL)
    monkeypatch.setattr(tf, "function", compile_nothing)
    for expected, values in zip(stock, take_steps(CompiledAdam, SMALL), strict=True):
        np.testing.assert_array_equal(values, expected)
    with pytest.raises(AssertionError):
        take_steps(CompiledAdam, LARGE)
