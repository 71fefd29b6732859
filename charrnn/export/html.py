"""A page that writes by itself, in one file: the network, an engine for it, and what one sees."""

import base64
import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.byte_vocabulary import AnyVocabulary
from charrnn.data.corpus import SHAKESPEARE
from charrnn.data.utf8 import NEXT_STATE
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import UsageError, say_count
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.atomic import write_atomically
from charrnn.runs.checkpoint import Checkpoint, Provenance, Weights
from charrnn.runs.int8 import quantize

_PAGE = Path(__file__).with_name("page")
_IMPOSSIBLE = -1e30  # a logit whose exp is 0
_MOST_PARAMETERS = 2**26  # a page of 90 MB, of which a browser holds several copies


def write_page(model: LanguageModel, path: Path) -> None:
    """Write a page whose network has the weights of an int8 checkpoint.

    Raises:
        UsageError: the network is too large.
        OSError: the disk is full or the folder can't be written.
    """
    parameters = model.checkpoint.network.parameters
    if parameters > _MOST_PARAMETERS:
        raise UsageError(
            f"{say_count(parameters, 'parameter')} are too many for a page, which can have "
            f"{_MOST_PARAMETERS:,}: give a smaller network"
        )
    write_atomically(path, render_page(model.checkpoint).encode())


def render_page(checkpoint: Checkpoint) -> str:
    """Fill the page's places."""
    places = {
        "title": html.escape(f"A network that has read {_name_text(checkpoint.provenance)}"),
        "invitation": _invite(checkpoint.provenance),
        "about": html.escape(_describe(checkpoint)),
        "unit": checkpoint.vocabulary.unit,
        "style": _read("page.css"),
        "network": encode_network(checkpoint),
        "kernel": base64.b64encode((_PAGE / "kernel.wasm").read_bytes()).decode(),
        "engine": _read("engine.js"),
        "script": _read("page.js"),
    }
    parts = _read("page.html").split("{{")
    filled = (part.split("}}", 1) for part in parts[1:])
    return parts[0] + "".join(places[name] + rest for name, rest in filled)


def _read(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8").rstrip("\n")


def _is_shakespeare(source: Provenance) -> bool:
    return source.corpus_sha256 == SHAKESPEARE.sha256


def _name_text(source: Provenance) -> str:
    return "Shakespeare" if _is_shakespeare(source) else f"“{source.corpus}”"


def _invite(source: Provenance) -> str:
    example = ", for example ROMEO:," if _is_shakespeare(source) else ","
    return f"Type how the text begins{example} or leave this empty"


def _describe(checkpoint: Checkpoint) -> str:
    network, source = checkpoint.network, checkpoint.provenance
    layers = "" if network.layers == 1 else f"{network.layers} layers of "
    return (
        f"The network: {layers}{network.cell.upper()} {network.units}, {network.parameters:,} "
        f"numbers, {source.moment}, {source.describe_loss()}."
    )


def encode_network(checkpoint: Checkpoint) -> str:
    """The network as JSON, in which nothing can end the element that it stands in."""
    network, weights, vocabulary = checkpoint.network, checkpoint.weights, checkpoint.vocabulary
    bias = _rule_out(weights["layers/dense/vars/1"], vocabulary.unknown)
    paths = [f"{network.layer_path(layer)}/cell/vars" for layer in range(network.layers)]
    page = {
        "cell": network.cell,
        **_describe_ids(vocabulary),
        "embedding": _encode_matrix(weights, "layers/embedding/vars/0"),
        "layers": [
            {
                "kernel": _encode_matrix(weights, f"{path}/0"),
                "recurrent": _encode_matrix(weights, f"{path}/1"),
                "bias": _encode(weights[f"{path}/2"]),
            }
            for path in paths
        ],
        "dense": {
            "kernel": _encode_matrix(weights, "layers/dense/vars/0"),
            "bias": _encode(bias),
        },
    }
    return json.dumps(page)


def _describe_ids(vocabulary: AnyVocabulary) -> dict[str, Any]:
    """What ids mean: characters or, if they are bytes, which of them may follow each other."""
    if isinstance(vocabulary, Vocabulary):
        return {"characters": [ord(character) for character in vocabulary.characters]}
    return {"nextState": _encode(NEXT_STATE)}


def _rule_out(bias: npt.NDArray[np.float32], never: int | None) -> npt.NDArray[np.float32]:
    """The logits' bias (V,) with which the page never writes, or guesses, an id."""
    result = bias.copy()
    if never is not None:
        result[never] = _IMPOSSIBLE
    return result


def _encode_matrix(weights: Weights, name: str) -> dict[str, Any]:
    rounded = quantize(weights[name])
    rows, columns = rounded.values.shape
    numbers = {"values": _encode(rounded.values), "scales": _encode(rounded.scales)}
    return {"rows": rows, "columns": columns} | numbers


def _encode(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
