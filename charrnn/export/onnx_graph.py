"""A network as an ONNX graph, of ONNX's own recurrent operators.

One graph serves for a step and for a whole text: it reads ids (B, T) of any B and T from states
that are given, or from zeros, and gives the states after them. Shapes: B batch, T time, H units, V
vocabulary.

The operators' equations: https://onnx.ai/onnx/operators/onnx__LSTM.html, onnx__GRU.html (with
`linear_before_reset`, Keras's `reset_after`) and onnx__RNN.html.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.errors import UsageError
from charrnn.export.folder import describe_vocabulary
from charrnn.export.safetensors import Array
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.atomic import write_atomically
from charrnn.runs.checkpoint import Checkpoint

if TYPE_CHECKING:
    import onnx

MOST = 2**31 - 2**24  # bytes of weights: the file's format ends at 2 GiB

_OPSET, _IR = 17, 8  # of 2022: what runtimes have read for years
_OPERATORS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
_GATES = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [0, 1, 2]}  # Keras's, in ONNX's order
_STATES = {"rnn": "h", "lstm": "hc", "gru": "h"}


def write_onnx(model: LanguageModel, path: Path) -> None:
    """Write a network as ONNX: ids and states in; logits and the next states out.

    Raises:
        UsageError: the package onnx is not installed, or the network is larger than such a file.
        OSError: the disk is full or the folder can't be written.
    """
    try:
        import onnx
    except ImportError as error:
        raise UsageError("an ONNX file needs the package onnx: pip install onnx") from error
    size = 4 * model.checkpoint.network.parameters
    if size > MOST:
        raise UsageError(f"an ONNX file has 2 GiB at most, and the network {size:,} bytes")
    graph = build_graph(model.checkpoint)
    onnx.checker.check_model(graph)
    write_atomically(path, graph.SerializeToString())


def build_graph(checkpoint: Checkpoint) -> "onnx.ModelProto":
    """Build the graph, with what there is to know of the network as its metadata."""
    from onnx import TensorProto, helper, numpy_helper

    config = checkpoint.network
    graph = _Graph(config.units)
    for layer in range(config.layers):
        path = f"{config.layer_path(layer)}/cell/vars"
        arrays = [checkpoint.weights[f"{path}/{place}"] for place in range(3)]
        graph.add_layer(config.cell, layer, *arrays)
    graph.add_ends(checkpoint)
    states = [f"{state}{layer}" for layer in range(config.layers) for state in _STATES[config.cell]]
    number = TensorProto.FLOAT
    built = helper.make_graph(
        [helper.make_node(kind, inputs, outputs, **more) for kind, inputs, outputs, more in graph],
        "charrnn",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "time"]),
            *(
                helper.make_tensor_value_info(name, number, ["states", config.units])
                for name in states
            ),
        ],
        [
            helper.make_tensor_value_info(
                "logits", number, ["batch", "time", config.vocabulary_size]
            ),
            *(
                helper.make_tensor_value_info(f"next_{name}", number, ["batch", config.units])
                for name in states
            ),
        ],
        [numpy_helper.from_array(values, name) for name, values in graph.arrays.items()],
    )
    model = helper.make_model(
        built, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="charrnn"
    )
    model.ir_version = _IR
    notes = {
        **describe_vocabulary(checkpoint.vocabulary),
        "network": asdict(config),
        "provenance": asdict(checkpoint.provenance),
    }
    helper.set_model_props(model, {name: json.dumps(value) for name, value in notes.items()})
    return model


class _Graph:
    """The nodes in their order, each as operator, inputs, outputs and attributes.

    A state that is not given has its default: one row of zeros, which every text begins with.

    Args:
        units: H.

    Attributes:
        arrays: the weights and other constants, by name.
    """

    def __init__(self, units: int) -> None:
        self._units = units
        self._nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self._signal = "vectors"  # what the next layer reads, (T, B, ...)
        self.arrays: dict[str, Array] = {
            "units": np.array([units], np.int64),
            "first": np.array([0], np.int64),
            "second": np.array([1], np.int64),
        }
        self._add("Transpose", ["ids"], "ids_by_time", perm=[1, 0])
        self._add("Gather", ["embedding", "ids_by_time"], "vectors")
        self._add("Shape", ["ids"], "batch", end=1)
        self._add("Concat", ["batch", "units"], "state_shape", axis=0)

    def __iter__(self) -> Iterator[tuple[str, list[str], list[str], dict[str, Any]]]:
        return iter(self._nodes)

    def add_layer(
        self, cell: str, layer: int, kernel: Array, recurrent: Array, bias: Array
    ) -> None:
        """Add a recurrent layer, with its states' way in and out.

        Args:
            cell: its name.
            layer: its number, from 0.
            kernel: (inputs, gates H), in Keras's order of gates.
            recurrent: (H, gates H).
            bias: (gates H,), or (2, gates H) if the recurrent product has its own.
        """
        biases = bias if bias.ndim > 1 else np.stack([bias, np.zeros_like(bias)])
        values = [_order(part, cell) for part in (kernel, recurrent, biases)]
        values[2] = values[2].T.reshape(1, -1)  # the input's, then the recurrent product's
        names = [f"{name}{layer}" for name in ("kernel", "recurrent_kernel", "bias")]
        self.arrays |= {
            names[0]: values[0][np.newaxis],
            names[1]: values[1][np.newaxis],
            names[2]: values[2],
        }
        states = [f"{state}{layer}" for state in _STATES[cell]]
        for state in states:
            self.arrays[state] = np.zeros((1, self._units), np.float32)
            self._add("Expand", [state, "state_shape"], f"{state}_rows")
            self._add("Unsqueeze", [f"{state}_rows", "first"], f"{state}_begins")
        outputs = [f"outputs{layer}", *(f"{state}_ends" for state in states)]
        begins = [f"{state}_begins" for state in states]
        more = {"linear_before_reset": 1} if cell == "gru" else {}
        self._nodes.append(
            (
                _OPERATORS[cell],
                [self._signal, *names, "", *begins],
                outputs,
                {"hidden_size": self._units, **more},
            )
        )
        self._signal = f"signal{layer}"  # (T, 1, B, H) to (T, B, H)
        self._add("Squeeze", [f"outputs{layer}", "second"], self._signal)
        for state in states:
            self._add("Squeeze", [f"{state}_ends", "first"], f"next_{state}")

    def add_ends(self, checkpoint: Checkpoint) -> None:
        """Add the embedding's table, and the logits."""
        self.arrays["embedding"] = checkpoint.weights["layers/embedding/vars/0"]
        self.arrays["dense"] = checkpoint.weights["layers/dense/vars/0"]
        self.arrays["dense_bias"] = checkpoint.weights["layers/dense/vars/1"]
        self._add("MatMul", [self._signal, "dense"], "products")
        self._add("Add", ["products", "dense_bias"], "logits_by_time")
        self._add("Transpose", ["logits_by_time"], "logits", perm=[1, 0, 2])

    def _add(self, kind: str, inputs: list[str], output: str, **more: Any) -> None:
        self._nodes.append((kind, inputs, [output], more))


def _order(values: Array, cell: str) -> Array:
    """Keras's (N, gates H) as ONNX's (gates H, N), gates in its order."""
    gates = _GATES[cell]
    blocks = np.split(values, len(gates), axis=1)
    return np.ascontiguousarray(np.concatenate([blocks[gate] for gate in gates], axis=1).T)
