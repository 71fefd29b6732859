"""The compiled Adam is Keras's, which is the oracle."""

from typing import Any

import keras
import numpy as np
import pytest

from charrnn.training.adam import CompiledAdam


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"global_clipnorm": 0.5},
        {"weight_decay": 0.2},
        {"global_clipnorm": 1, "weight_decay": 0.1},
    ],
    ids=["plain", "clipped", "decayed", "both"],
)
def test_steps_are_kerass(options: Any) -> None:
    """Five steps with changing rates end with the same weights, moments and count of steps."""
    results = []
    for kind in (keras.optimizers.Adam, CompiledAdam):
        rng = np.random.default_rng(0)
        variables = [keras.Variable(rng.normal(size=shape)) for shape in ((3, 5), (5,), (4, 1))]
        optimizer = kind(0.01, **options)
        optimizer.build(variables)
        for step in range(5):
            optimizer.learning_rate.assign(0.01 / (step + 1))
            gradients = [keras.ops.convert_to_tensor(rng.normal(size=v.shape)) for v in variables]
            optimizer.apply([keras.ops.cast(one, "float32") for one in gradients], variables)
        assert int(optimizer.iterations) == 5
        results.append([np.asarray(one) for one in (*variables, *optimizer.variables)])
    for stock, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, stock, rtol=1e-5, atol=1e-7)
