"""The seam of the house: one self-contained file per epoch, readable with h5py and NumPy alone.

The file has Keras's own `.weights.h5` layout, so `keras.Model.load_weights` reads it, and carries
what else a reader needs: as HDF5 attributes the network's configuration, a language model's
characters, the corpus's name and SHA-256, the epoch and its losses; as a dataset a classifier's
encoder.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.config.fields import read_mapping
from charrnn.config.language import NetworkConfig
from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.data.encoders import Encoder, parse_encoder
from charrnn.data.vocabulary import Vocabulary
from charrnn.runs import container
from charrnn.runs.history import format_number
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind

FORMAT = 1
SUFFIX = ".weights.h5"
_ENCODER = "encoder"

_Config = TypeVar("_Config", ClassifierConfig, WordModelConfig)

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Path in the file to values, in the order of `NetworkConfig.weight_shapes`."""


@dataclass(frozen=True)
class Provenance:
    """Which training wrote a checkpoint, and when in it.

    Attributes:
        corpus: the corpus's name.
        corpus_sha256: of the corpus's bytes.
        epoch: the epoch that had ended or, if `finished` is false, was under way.
        train_loss: mean over the epoch, nats per character.
        validation_loss: after the epoch, nats per character; None without validation text.
        finished: whether the epoch had ended.
        adapted: what the network read and learnt from afterwards, and how; empty for nothing.
    """

    corpus: str
    corpus_sha256: str
    epoch: int
    train_loss: float
    validation_loss: float | None
    finished: bool = True
    adapted: str = ""

    @property
    def moment(self) -> str:
        """The epoch after which, or in which, the checkpoint was written."""
        return f"epoch {self.epoch}" if self.finished else f"in epoch {self.epoch}"

    def describe_loss(self) -> str:
        """The loss that counts, in words: validation's if there is one."""
        if self.validation_loss is None:
            return f"training loss {format_number(self.train_loss)}"
        return f"validation loss {format_number(self.validation_loss)}"


@dataclass(frozen=True)
class Checkpoint:
    """A network with everything needed to use it."""

    network: NetworkConfig
    vocabulary: Vocabulary
    provenance: Provenance
    weights: Weights


@dataclass(frozen=True)
class Classifier:
    """A review classifier with everything needed to use it."""

    network: ClassifierConfig
    encoder: Encoder
    provenance: Provenance
    weights: Weights


@dataclass(frozen=True)
class WordModel:
    """A language model of words with everything needed to begin a classifier from it."""

    network: WordModelConfig
    encoder: Encoder
    provenance: Provenance
    weights: Weights


AnyCheckpoint = Checkpoint | Classifier | WordModel

_KINDS: dict[type[AnyCheckpoint], Kind] = {
    Checkpoint: LANGUAGE,
    Classifier: CLASSIFIER,
    WordModel: WORD_MODEL,
}


def write_checkpoint(path: Path, checkpoint: AnyCheckpoint) -> None:
    """Write a checkpoint of any kind to `path`, whole or not at all.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """

    def fill(file: Any) -> None:
        if isinstance(checkpoint, Checkpoint):
            file.attrs["vocabulary"] = json.dumps(checkpoint.vocabulary.characters)
        else:  # an attribute holds no more than 64 KiB
            file[_ENCODER] = np.frombuffer(checkpoint.encoder.to_json().encode(), np.uint8)
        file.attrs["network"] = json.dumps(asdict(checkpoint.network))
        file.attrs["provenance"] = json.dumps(asdict(checkpoint.provenance))
        for name, values in checkpoint.weights.items():
            file[name] = values

    container.write(path, _KINDS[type(checkpoint)].title, FORMAT, fill)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a language model, trusting nothing in the file.

    Raises:
        CheckpointError: no such file, or it is damaged, of another program or a newer format.
    """
    with container.open_verified(path, LANGUAGE.title, FORMAT) as file:
        network = read_mapping(NetworkConfig, json.loads(file.attrs["network"]))
        vocabulary = Vocabulary(json.loads(file.attrs["vocabulary"]))
        provenance = read_mapping(Provenance, json.loads(file.attrs["provenance"]))
        if len(vocabulary) != network.vocabulary_size or network.layers > len(file["layers"]):
            raise ValueError("vocabulary, network and layers don't fit together")
        return Checkpoint(network, vocabulary, provenance, _read_weights(file, network))


def read_classifier(path: Path) -> Classifier:
    """Read a classifier, trusting nothing in the file; errors as in `read_checkpoint`."""
    return Classifier(*_read_encoded(path, CLASSIFIER, ClassifierConfig))


def read_word_model(path: Path) -> WordModel:
    """Read a word model, trusting nothing in the file; errors as in `read_checkpoint`."""
    return WordModel(*_read_encoded(path, WORD_MODEL, WordModelConfig))


def is_word_model(path: Path) -> bool:
    """Whether a file says of itself that it is a word model."""
    return container.read_title(path) == WORD_MODEL.title


def _read_encoded(
    path: Path, kind: Kind, config: type[_Config]
) -> tuple[_Config, Encoder, Provenance, Weights]:
    with container.open_verified(path, kind.title, FORMAT) as file:
        network = read_mapping(config, json.loads(file.attrs["network"]))
        provenance = read_mapping(Provenance, json.loads(file.attrs["provenance"]))
        encoder = parse_encoder(network.tokens, file[_ENCODER][()].tobytes().decode())
        if len(encoder) > network.vocabulary_size:
            raise ValueError("encoder and network don't fit together")
        return network, encoder, provenance, _read_weights(file, network)


def _read_weights(
    file: Any, network: NetworkConfig | ClassifierConfig | WordModelConfig
) -> Weights:
    shapes = network.weight_shapes()
    return {name: read_weight(file, name, shape) for name, shape in shapes.items()}


def read_weight(file: Any, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Read the dataset `name`, rejected unless all of its values lie in this very file."""
    dataset = file[name]
    if dataset.shape != shape or dataset.dtype != np.float32:
        raise ValueError(f"{name} is {dataset.dtype} {dataset.shape}, not float32 {shape}")
    if dataset.file.filename != file.filename or dataset.external or dataset.is_virtual:
        raise ValueError(f"{name} lies in another file")
    if dataset.id.get_storage_size() != dataset.nbytes:
        raise ValueError(f"{name} has no values")
    values = np.empty(shape, np.float32)
    dataset.read_direct(values)
    return values
