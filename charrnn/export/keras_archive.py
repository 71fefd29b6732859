"""A `.keras` file of stock layers, which Keras opens with no code of ours.

Keras's own format is a zip archive: the layers as JSON, and the weights in HDF5. The weights are a
checkpoint as it is, with all that it says of itself; Keras passes over that. Nothing here imports
Keras. Dropouts, which act in training alone, are left out.
"""

import io
import json
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from charrnn.config.language import NetworkConfig
from charrnn.export.layers import KERAS_CLASSES
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.atomic import write_atomically
from charrnn.runs.checkpoint import pack_checkpoint

CONFIG, WEIGHTS = "config.json", "model.weights.h5"

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "rnn": {"activation": "tanh"},
    "lstm": {"activation": "tanh", "recurrent_activation": "sigmoid"},
    "gru": {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True},
}


def write_keras(model: LanguageModel, path: Path) -> None:
    """Write a network as a `.keras` file: ids (B, T) in, logits (B, T, V) out, from states of zero.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, values in (
            ("metadata.json", {"keras_version": version("keras")}),
            (CONFIG, describe_layers(model.checkpoint.network)),
        ):
            file.writestr(zipfile.ZipInfo(name), json.dumps(values, indent=1))
        file.writestr(zipfile.ZipInfo(WEIGHTS), pack_checkpoint(model.checkpoint))
    write_atomically(path, archive.getbuffer())


def describe_layers(config: NetworkConfig) -> dict[str, Any]:
    """Describe the network the way `keras.Sequential` describes itself."""
    names = [path.removeprefix("layers/") for path in map(config.layer_path, range(config.layers))]
    recurrent = {"units": config.units, "return_sequences": True, **_ARGUMENTS[config.cell]}
    layers = [
        _name("InputLayer", name="ids", batch_shape=[None, None], dtype="int32"),
        _name(
            "Embedding",
            name="embedding",
            input_dim=config.vocabulary_size,
            output_dim=config.embedding,
        ),
        *(_name(KERAS_CLASSES[config.cell], name=name, **recurrent) for name in names),
        _name("Dense", name="dense", units=config.vocabulary_size, activation="linear"),
    ]
    return _name("Sequential", "keras", name="charrnn", layers=layers)


def _name(class_name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    """Describe an object of Keras's."""
    described = {"dtype": "float32", **config} if module == "keras.layers" else config
    return {
        "module": module,
        "class_name": class_name,
        "config": described,
        "registered_name": None,
    }
