"""The seam of the house: one self-contained file per epoch, needing h5py and NumPy alone.

The file has Keras's own `.weights.h5` layout, so `keras.Model.load_weights` reads it, and carries
as HDF5 attributes what else a reader needs: the network's configuration, the vocabulary, the
corpus's name and SHA-256, the epoch and its losses.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from charrnn.config import NetworkConfig, from_mapping
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CharrnnError, CheckpointError
from charrnn.files import write_atomically

FORMAT = 1
SUFFIX = ".weights.h5"

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Path in the file to values, in the order of `NetworkConfig.weight_shapes`."""


@dataclass(frozen=True)
class Provenance:
    """Which training wrote a checkpoint, and when in it.

    Attributes:
        corpus: the corpus's name.
        corpus_sha256: of the corpus's bytes.
        epoch: the epoch that had ended, or, where `finished` is false, was under way.
        train_loss: mean over the epoch, nats per character.
        validation_loss: after the epoch, nats per character; None without validation text.
        finished: whether the epoch had ended.
    """

    corpus: str
    corpus_sha256: str
    epoch: int
    train_loss: float
    validation_loss: float | None
    finished: bool = True


@dataclass(frozen=True)
class Checkpoint:
    """A network with everything needed to use it."""

    network: NetworkConfig
    vocabulary: Vocabulary
    provenance: Provenance
    weights: Weights


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["charrnn_format"] = FORMAT
        file.attrs["network"] = json.dumps(asdict(checkpoint.network))
        file.attrs["vocabulary"] = json.dumps(checkpoint.vocabulary.characters)
        file.attrs["provenance"] = json.dumps(asdict(checkpoint.provenance))
        for name, values in checkpoint.weights.items():
            file[name] = values
    write_atomically(path, content.getbuffer())


def read(path: Path) -> Checkpoint:
    """Read a checkpoint, trusting nothing in it.

    Raises:
        CheckpointError: no such file, or it is damaged, of another program or a newer format.
    """
    try:
        with h5py.File(path) as file:
            return _read_open(path, file)
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint {path}") from None
    except PermissionError:
        raise CheckpointError(f"not allowed to read {path}") from None
    except CheckpointError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, CharrnnError) as error:
        raise _unreadable(path, error) from None


def _read_open(path: Path, file: Any) -> Checkpoint:
    _check_format(path, file.attrs)
    network = from_mapping(NetworkConfig, json.loads(file.attrs["network"]))
    vocabulary = Vocabulary(json.loads(file.attrs["vocabulary"]))
    if len(vocabulary) != network.vocabulary_size:
        raise ValueError("vocabulary and network differ in size")
    provenance = from_mapping(Provenance, json.loads(file.attrs["provenance"]))
    shapes = network.weight_shapes()
    weights = {name: _read_weight(file, name, shape) for name, shape in shapes.items()}
    return Checkpoint(network, vocabulary, provenance, weights)


def _check_format(path: Path, attributes: Mapping[str, Any]) -> None:
    if "charrnn_format" not in attributes:
        raise CheckpointError(
            f"{path} was not written by charrnn: it holds no vocabulary or settings"
        )
    found = int(attributes["charrnn_format"])
    if found > FORMAT:
        raise CheckpointError(
            f"{path} has format {found}, newer than this program's {FORMAT}: upgrade charrnn"
        )


def _read_weight(file: Any, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The dataset `name`, refused where its values don't lie in this very file."""
    dataset = file[name]
    if dataset.shape != shape or dataset.dtype != np.float32:
        raise ValueError(f"{name} is {dataset.dtype}{dataset.shape}, expected float32{shape}")
    if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
        raise ValueError(f"{name} lies in another file")
    values = np.empty(shape, np.float32)
    dataset.read_direct(values)
    return values


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    try:
        with path.open("rb") as file:
            is_hdf5 = file.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError as failure:
        return CheckpointError(f"can't read {path}: {failure.strerror}")
    if not is_hdf5:
        return CheckpointError(f"{path} is not a checkpoint: give a file ending in {SUFFIX}")
    return CheckpointError(f"{path} is damaged ({error}): use another epoch's file")
