"""A folder with a network in plain files: safetensors, and JSON."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from charrnn.config.fields import read_mapping
from charrnn.config.language import NetworkConfig
from charrnn.data.byte_vocabulary import AnyVocabulary, parse_vocabulary
from charrnn.data.files import read_bounded
from charrnn.data.json_files import read_json
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CharrnnError, CheckpointError
from charrnn.export.safetensors import pack_arrays, parse_arrays
from charrnn.inference.language_model import LanguageModel
from charrnn.runs import container
from charrnn.runs.atomic import write_atomically
from charrnn.runs.checkpoint import Checkpoint, Provenance, check_weights

WEIGHTS, CONFIG, VOCABULARY = "model.safetensors", "config.json", "vocabulary.json"

MOST_WEIGHTS = 2**33  # bytes
_MOST_CONFIG = 2**20
_MOST_VOCABULARY = 2**24  # each of Unicode's characters, spelt out

_VARIABLES = {
    "embedding/vars": ("embeddings",),
    "cell/vars": ("kernel", "recurrent_kernel", "bias"),
    "dense/vars": ("kernel", "bias"),
}


def write_safetensors(model: LanguageModel, path: Path) -> None:
    """Write a folder with the weights, the configuration and the vocabulary.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    write_files(path, describe_files(model.checkpoint))


def describe_files(checkpoint: Checkpoint) -> dict[str, bytes]:
    """The files of a network's folder, name to content."""
    names = name_tensors(checkpoint.network)
    arrays = {names[path]: values for path, values in checkpoint.weights.items()}
    config = {
        "model_type": "charrnn",
        "network": asdict(checkpoint.network),
        "provenance": asdict(checkpoint.provenance),
    }
    return {
        WEIGHTS: pack_arrays(arrays, {"format": "keras"}),
        CONFIG: _to_json(config),
        VOCABULARY: _to_json(describe_vocabulary(checkpoint.vocabulary)),
    }


def describe_vocabulary(vocabulary: AnyVocabulary) -> dict[str, Any]:
    """What a network's ids mean, for JSON: its characters in their order, or bytes."""
    if isinstance(vocabulary, Vocabulary):
        return {"characters": vocabulary.characters}
    values: dict[str, Any] = vocabulary.to_values()
    return values


def name_tensors(config: NetworkConfig) -> dict[str, str]:
    """Path in a checkpoint to name in a safetensors file: Keras's layer and variable."""
    return {path: _name_tensor(path) for path in config.weight_shapes()}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder's files, each whole; a folder that is new is there with all of them or none.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        for name, content in files.items():
            write_atomically(folder / name, content)
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def read_folder(folder: Path) -> Checkpoint:
    """Read what `write_safetensors` wrote, trusting nothing in it.

    Raises:
        CheckpointError: a file is missing, damaged or another program's.
    """
    try:
        content = read_json(folder / CONFIG, _MOST_CONFIG)
        described = read_json(folder / VOCABULARY, _MOST_VOCABULARY)
        vocabulary = parse_vocabulary(described.get("characters", described))
        data = read_bounded(folder / WEIGHTS, MOST_WEIGHTS)
        return _build_checkpoint(content, vocabulary, data)
    except OSError as error:
        raise CheckpointError(f"can't read {error.filename}: {error.strerror}") from error
    except (CharrnnError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = container.explain(error)
        raise CheckpointError(f"{folder} has no network of charrnn's: {reason}") from error


def _build_checkpoint(content: Any, vocabulary: AnyVocabulary, data: bytes) -> Checkpoint:
    network = read_mapping(NetworkConfig, content["network"])
    if network.parameters > len(data):  # before a list of their shapes grows large
        raise ValueError("the network is larger than the file")
    if len(vocabulary) != network.vocabulary_size:
        raise ValueError("vocabulary and network don't fit together")
    provenance = read_mapping(Provenance, content["provenance"])
    paths = {name: path for path, name in name_tensors(network).items()}
    arrays = {paths.get(name, name): values for name, values in parse_arrays(data).arrays.items()}
    return Checkpoint(network, vocabulary, provenance, check_weights(arrays, network, len(data)))


def _name_tensor(path: str) -> str:
    """For example lstm_1.kernel for layers/lstm_1/cell/vars/0."""
    _, layer, *_, place = path.split("/")
    variables = next(names for ending, names in _VARIABLES.items() if ending in path)
    return f"{layer}.{variables[int(place)]}"


def _to_json(values: Any) -> bytes:
    return json.dumps(values, indent=1).encode() + b"\n"
