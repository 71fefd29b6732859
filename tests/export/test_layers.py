"""Which network arrays are, by their shapes alone; and which layer doesn't fit."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import NetworkConfig
from charrnn.export.layers import build_network, check_description
from charrnn.export.safetensors import Array
from tests.support.messages import catch_message

V, E, H = 11, 5, 7
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def make_arrays(cell: str = "lstm", layers: int = 1) -> dict[str, Array]:
    """As Keras 3 writes them, in the order of the alphabet."""
    config = NetworkConfig(V, cell, E, H, layers)
    random = np.random.default_rng(0)
    return {
        path: random.normal(size=shape) for path, shape in sorted(config.weight_shapes().items())
    }


@pytest.mark.parametrize(("cell", "layers"), [("rnn", 1), ("lstm", 2), ("gru", 12)])
def test_sizes_and_cell_follow_from_the_shapes(cell: str, layers: int) -> None:
    """Numbers are those of the file, in our order and as float32."""
    arrays = make_arrays(cell, layers)
    names = sorted(arrays, key=lambda path: (len(path), path))  # lstm_2 before lstm_10
    config, weights = build_network({name: arrays[name] for name in names})
    assert config == NetworkConfig(V, cell, E, H, layers)
    assert list(weights) == list(config.weight_shapes())
    for name, values in weights.items():
        assert values.dtype == np.float32
        assert np.array_equal(values, arrays[name].astype(np.float32))


def test_names_say_which_array_is_which() -> None:
    """Of Keras 2 by their names, whatever their order, also if kernels have one shape."""
    random = np.random.default_rng(0)
    arrays = {
        "embedding_1/model/embedding_1/embeddings:0": random.normal(size=(V, H)),
        "lstm_1/model/lstm_1/lstm_cell/bias:0": random.normal(size=4 * H),
        "lstm_1/model/lstm_1/lstm_cell/recurrent_kernel:0": random.normal(size=(H, 4 * H)),
        "lstm_1/model/lstm_1/lstm_cell/kernel:0": random.normal(size=(H, 4 * H)),
        "time_distributed/dense/bias": random.normal(size=V),
        "time_distributed/dense/kernel": random.normal(size=(H, V)),
    }
    config, weights = build_network(arrays)
    assert config == NetworkConfig(V, "lstm", H, H)
    for path, name in (("0", "kernel:0"), ("1", "recurrent_kernel:0"), ("2", "bias:0")):
        given = arrays[f"lstm_1/model/lstm_1/lstm_cell/{name}"]
        assert np.array_equal(weights[f"layers/lstm/cell/vars/{path}"], given.astype(np.float32))


def replace(**shapes: Any) -> dict[str, Array]:
    """Change arrays of a network of two layers: name of the layer and number to shape or None."""
    arrays = make_arrays("lstm", 2)
    for key, shape in shapes.items():
        layer, place = key.rsplit("_", 1)
        inside = "cell/" if layer.startswith("lstm") else ""
        path = f"layers/{layer}/{inside}vars/{place}"
        if shape is None:
            del arrays[path]
        else:
            arrays[path] = np.zeros(shape)
    return arrays


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "there is no Embedding layer"),
        (replace(embedding_0=None), "there is no Embedding layer"),
        (replace(dense_0=None, dense_1=None), "there is no Dense layer"),
        (replace(dense_1=None), "layers dense and embedding both look like Embedding"),
        (replace(dense_2=(3,)), "layer dense has arrays of (7, 11), (11,), (3,)"),
        (replace(lstm_2=None), "layer lstm has arrays of (5, 28), (7, 28): it is none of"),
        (replace(more_0=(7, 7), more_1=(7,)), "layers dense and more both look like Dense"),
        (replace(lstm_2=(8,)), "layer lstm has arrays of (5, 28), (7, 28), (8,), not (5, 28)"),
        (replace(lstm_0=(6, 28)), "layer lstm has arrays of (6, 28)"),
        (replace(lstm_1_0=(6, 28)), "layer lstm_1 has arrays of (6, 28)"),
        (
            replace(lstm_1_0=(7, 7), lstm_1_1=(7, 7)),
            "layer lstm_1 is SimpleRNN, those before it LSTM",
        ),
        (replace(lstm_1_0=(7, 32), lstm_1_1=(8, 32)), "layer lstm_1 has 8 units"),
        (replace(lstm_0=(5, 14), lstm_1=(7, 14)), "it is no SimpleRNN, LSTM or GRU"),
        (replace(lstm_0=(5, 21), lstm_1=(7, 21), lstm_2=(21,)), "reset_after=False"),
        (replace(lstm_0=(0, 0), lstm_1=(0, 0), lstm_2=(0,)), "it is no SimpleRNN"),
        (replace(embedding_0=(12, 5)), "layer dense has arrays of (7, 11), (11,), not (7, 12)"),
        (replace(embedding_0=(11,)), "layer embedding has arrays of (11,)"),
        (replace(conv_0=(3, 5, 7), conv_1=(7,)), "layer conv has arrays of (3, 5, 7), (7,)"),
        ({"x" * 1000: np.zeros(3)}, "layer without a name"),
    ],
)
def test_the_layer_that_does_not_fit_is_named(arrays: Mapping[str, Array], reason: str) -> None:
    """The first that another network has is in the message, with what it has."""
    message = catch_message(ValueError, partial(build_network, arrays))
    assert reason in message
    assert len(message.splitlines()) == 1


def describe(*layers: tuple[str, dict[str, Any]]) -> str:
    listed = [{"class_name": kind, "config": {"name": "x"} | more} for kind, more in layers]
    return json.dumps({"class_name": "Sequential", "config": {"layers": listed}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        json.dumps({"class_name": "MyModel", "config": {}}),
        json.dumps({"class_name": "MyModel"}),
        json.dumps([]),
        describe(
            ("InputLayer", {}),
            ("Embedding", {"mask_zero": True}),
            ("LSTM", {"activation": "tanh", "recurrent_activation": "sigmoid", "units": 3}),
            ("GRU", {"reset_after": True, "use_bias": True}),
            ("SimpleRNN", {"activation": {"class_name": "function", "config": "tanh"}}),
            ("Dropout", {"rate": 0.5}),
            ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"name": "x"}}}),
            ("Dense", {"activation": "softmax"}),
            ("Activation", {"activation": "softmax"}),
        ),
    ],
)
def test_networks_like_ours_are_accepted(text: str) -> None:
    """What computes the same, up to a softmax that gives no other order."""
    check_description(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (describe(("LSTM", {"activation": "relu"})), "layer x has activation=relu"),
        (describe(("LSTM", {"recurrent_activation": "hard_sigmoid"})), "=hard_sigmoid"),
        (describe(("GRU", {"reset_after": False})), "layer x has reset_after=False"),
        (describe(("LSTM", {"go_backwards": True})), "layer x has go_backwards=True"),
        (describe(("Bidirectional", {})), "layer x is a Bidirectional"),
        (describe(("Dense", {"activation": "relu"})), "layer x has the activation relu"),
        (describe(("TimeDistributed", {"layer": {}})), "a layer has no description"),
        (describe(("TimeDistributed", {"layer": None})), "a layer has no description"),
        (json.dumps({"config": {"layers": [3]}}), "a layer has no description"),
        ("{", "Expecting"),
        ("[" * 100_000, "lists in lists"),
        ("[" * 2_000_000, "values"),
    ],
)
def test_networks_that_compute_something_else_are_refused(text: str, reason: str) -> None:
    """Shapes don't say it, but a model's own description does."""
    message = catch_message(ValueError, partial(check_description, text))
    assert reason in message
