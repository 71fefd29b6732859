"""Named arrays of another program's file to a network: what each layer is, by its shapes.

Letters for shapes: E embedding size, H units, V vocabulary size.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.config.fields import CELLS, GATES
from charrnn.config.language import NetworkConfig
from charrnn.data.json_files import require_few_values
from charrnn.export.safetensors import Array
from charrnn.runs.checkpoint import Weights

_PLACES = ("embeddings", "kernel", "recurrent_kernel", "bias")  # in Keras's order
_FOLDERS = {"layers", "_layer_checkpoint_dependencies", "model_weights", "vars", "cell", ""}
KERAS_CLASSES = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_NO_WEIGHTS = {"InputLayer", "Dropout", "SpatialDropout1D", "Softmax"}
_RECURRENT = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "reset_after": True,
    "use_bias": True,
    "go_backwards": False,
}
_EXPECTED: dict[str, dict[str, Any]] = {
    "Embedding": {},
    "Dense": {"use_bias": True},
    "SimpleRNN": _RECURRENT,
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
}
_KINDS = {(2,): "embedding", (2, 1): "dense", (2, 2, 1): "recurrent", (2, 2, 2): "recurrent"}
_MOST_SHOWN = 4  # shapes in a message
_OUTPUTS = {None, "linear", "softmax"}  # whose order and differences are the logits'


@dataclass(frozen=True)
class Layer:
    """One layer's arrays, in Keras's order.

    Attributes:
        name: what messages call it.
        arrays: kernel, recurrent kernel, bias, as far as it has them.
    """

    name: str
    arrays: list[Array]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Its arrays' shapes."""
        return [values.shape for values in self.arrays]

    @property
    def kind(self) -> str:
        """What it is, by the number and the axes of its arrays; empty for anything else."""
        return _KINDS.get(tuple(len(shape) for shape in self.shapes), "")


def build_network(arrays: Mapping[str, Array]) -> tuple[NetworkConfig, Weights]:
    """Work out a network's cell and sizes, and put its weights in our order.

    Args:
        arrays: path in the file to array, layers in their order.

    Raises:
        ValueError: a layer doesn't fit; the message names it.
    """
    layers = _group_layers(arrays)
    for layer in layers:
        if not layer.kind:
            raise ValueError(
                f"layer {layer.name} has arrays of {_list_shapes(layer)}: it is none of "
                "Embedding, SimpleRNN, LSTM, GRU and Dense with a bias"
            )
    embedding, dense = _take_one(layers, "embedding"), _take_one(layers, "dense")
    recurrent = [layer for layer in layers if layer.kind == "recurrent"]
    if not recurrent:
        raise ValueError("there is no SimpleRNN, LSTM or GRU layer")
    rows, width = embedding.shapes[0]
    cell, units = _find_cell(recurrent[0]), recurrent[0].shapes[1][0]
    for layer in recurrent:
        _check_recurrent(layer, cell, width, units)
        width = units
    if dense.shapes != [(units, rows), (rows,)]:
        raise ValueError(
            f"layer {dense.name} has arrays of {_list_shapes(dense)}, not {(units, rows)} and "
            f"{(rows,)}: logits for the {rows} rows of layer {embedding.name}"
        )
    config = NetworkConfig(rows, cell, embedding.shapes[0][1], units, len(recurrent))
    ordered = [values for layer in (embedding, *recurrent, dense) for values in layer.arrays]
    with np.errstate(over="ignore"):  # what is not finite is refused with all other weights
        plain = [np.ascontiguousarray(values, np.float32) for values in ordered]
    return config, dict(zip(config.weight_shapes(), plain, strict=True))


def check_description(text: str) -> None:
    """Refuse a model whose own description has layers that compute something else.

    Args:
        text: JSON, as Keras 2 or 3 writes it; empty if there is none.

    Raises:
        ValueError: a layer doesn't fit, or it is no JSON.
    """
    if not text:
        return
    require_few_values(text)
    try:
        layers = json.loads(text)["config"]["layers"]
    except RecursionError as error:
        raise ValueError("its description is lists in lists in lists") from error
    except (KeyError, TypeError):
        return  # a class of the user's own, which says nothing of its layers
    for layer in layers if isinstance(layers, list) else []:
        _check_layer(layer)


def _check_layer(layer: Any) -> None:
    if not isinstance(layer, dict) or not isinstance(config := layer.get("config"), dict):
        raise ValueError("a layer has no description")  # noqa: TRY004 - of a file
    kind, name = str(layer.get("class_name")), str(config.get("name"))[:40]
    if kind == "TimeDistributed":
        _check_layer(config.get("layer"))
        return
    if kind in _NO_WEIGHTS:
        return
    if kind in {"Activation", "Dense"} and _name(config.get("activation")) not in _OUTPUTS:
        raise ValueError(
            f"layer {name} has the activation {_name(config['activation'])}, not softmax"
        )
    if kind == "Activation":
        return
    if kind not in _EXPECTED:
        raise ValueError(f"layer {name} is a {kind[:40]}, which charrnn's networks don't have")
    for setting, expected in _EXPECTED[kind].items():
        found = _name(config.get(setting, expected))
        if found != expected:
            raise ValueError(f"layer {name} has {setting}={found}, where charrnn has {expected}")


def _name(value: Any) -> Any:
    """A setting; a function of Keras's by its name."""
    if isinstance(value, dict):
        value = value.get("config", value.get("class_name"))
    return value if isinstance(value, bool | None) else str(value)[:40]


def _group_layers(arrays: Mapping[str, Array]) -> list[Layer]:
    groups: dict[str, list[tuple[int, Array]]] = {}
    for path, values in arrays.items():
        folder, _, name = path.rpartition("/")
        groups.setdefault(folder, []).append((_find_place(name), values))
    found = []
    for folder, members in groups.items():
        members.sort(key=lambda member: member[0])
        found.append(Layer(_name_layer(folder), [values for _, values in members]))
    return found


def _find_place(name: str) -> int:
    """Where a variable comes in its layer: Keras 3 numbers them, Keras 2 names them."""
    plain = name.split(":", maxsplit=1)[0]
    if re.fullmatch(r"\d{1,3}", plain):
        return int(plain)
    return _PLACES.index(plain) if plain in _PLACES else len(_PLACES)


def _name_layer(folder: str) -> str:
    parts = [part for part in folder.split("/") if part not in _FOLDERS]
    return "/".join(dict.fromkeys(parts))[:80] or "without a name"


def _take_one(layers: list[Layer], kind: str) -> Layer:
    """The one layer of a kind."""
    found = [layer for layer in layers if layer.kind == kind]
    title = kind.capitalize()
    if not found:
        raise ValueError(f"there is no {title} layer")
    if len(found) > 1:
        raise ValueError(
            f"layers {found[0].name} and {found[1].name} both look like {title}: charrnn's "
            "networks have one Embedding, a matrix, and one Dense, a matrix and a bias"
        )
    return found[0]


def _find_cell(layer: Layer) -> str:
    """Which cell it is, by how many times H its kernels are wide."""
    (_, columns), (units, _), bias = layer.shapes
    for cell in CELLS:
        if units and columns == GATES[cell] * units:
            if cell == "gru" and len(bias) == 1:
                raise ValueError(
                    f"layer {layer.name} is a GRU with reset_after=False, which charrnn doesn't "
                    "compute: train it with reset_after=True, the default since TensorFlow 2"
                )
            return cell
    raise ValueError(
        f"layer {layer.name} has arrays of {_list_shapes(layer)}: it is no SimpleRNN, LSTM or GRU"
    )


def _check_recurrent(layer: Layer, cell: str, width: int, units: int) -> None:
    found, own = _find_cell(layer), layer.shapes[1][0]
    if found != cell:
        raise ValueError(
            f"layer {layer.name} is {KERAS_CLASSES[found]}, those before it {KERAS_CLASSES[cell]}: "
            "charrnn's networks have layers of one kind"
        )
    if own != units:
        raise ValueError(
            f"layer {layer.name} has {own} units, those before it {units}: charrnn's networks have "
            "layers of one size"
        )
    gates = GATES[cell] * units
    bias = (2, gates) if cell == "gru" else (gates,)
    if layer.shapes != [(width, gates), (units, gates), bias]:
        raise ValueError(
            f"layer {layer.name} has arrays of {_list_shapes(layer)}, not {(width, gates)}, "
            f"{(units, gates)} and {bias}"
        )


def _list_shapes(layer: Layer) -> str:
    more = " and more" if len(layer.arrays) > _MOST_SHOWN else ""
    return ", ".join(map(str, layer.shapes[:_MOST_SHOWN])) + more
