"""The seam of the house: one self-contained file per epoch, readable with NumPy alone.

The file has Keras's own `.weights.h5` layout, so `keras.Model.load_weights` reads it. What else a
reader needs stands as JSON before it: the network's configuration, a language model's vocabulary or
a classifier's encoder, the corpus's name and SHA-256, the epoch and its losses.

A file of a quarter of the size has matrices in int8, `int8/NAME`, and a scale for each of their
columns, `scales/NAME`: no layout of Keras's, so that Keras can't mistake them for weights.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.config.fields import read_mapping
from charrnn.config.language import NetworkConfig
from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.data.byte_vocabulary import AnyVocabulary, parse_vocabulary
from charrnn.data.encoders import Encoder, parse_encoder
from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.history import format_number
from charrnn.runs.int8 import Quantized, quantize
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind

FORMAT = 2
SUFFIX = ".weights.h5"

_INT8, _SCALES = "int8/", "scales/"
_GRU_BIAS = "/cell/vars/2"

_Config = TypeVar("_Config", ClassifierConfig, WordModelConfig)

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Path in the file to values, in the order of `NetworkConfig.weight_shapes`."""


@dataclass(frozen=True)
class Provenance:
    """Which training wrote a checkpoint, and when in it.

    Attributes:
        corpus: the corpus's name.
        corpus_sha256: of the corpus's bytes.
        epoch: the epoch that had ended or, if there is a step, was under way.
        train_loss: mean over the epoch, nats per character; None if another program trained it and
            the text is not known.
        validation_loss: after the epoch, nats per character; None without validation text.
        step: the last step taken in an epoch that was stopped; None if the epoch had ended.
        steps: how many steps that epoch has; None likewise.
        adapted: what the network read and learnt from afterwards, and how; empty for nothing.
        imported: the file of another program that the weights come from; empty for none.
        per_byte: whether both losses are in nats per byte instead.
    """

    corpus: str
    corpus_sha256: str
    epoch: int
    train_loss: float | None
    validation_loss: float | None
    step: int | None = None
    steps: int | None = None
    adapted: str = ""
    imported: str = ""
    per_byte: bool = False

    @property
    def moment(self) -> str:
        """The epoch after which, or the step in it at which, the checkpoint was written."""
        if self.imported:
            return f"imported from {self.imported}"
        if self.step is None:
            return f"epoch {self.epoch}"
        return f"stopped at step {self.step} of {self.steps} of epoch {self.epoch}"

    @property
    def loss(self) -> float | None:
        """The loss that epochs are ranked by: validation's if there is one; None if unknown."""
        return self.train_loss if self.validation_loss is None else self.validation_loss

    def describe_loss(self) -> str:
        """The loss that counts, in words: validation's if there is one."""
        if self.train_loss is None:
            return "loss unknown"
        unit = " per byte" if self.per_byte else ""
        if self.validation_loss is None:
            return f"training loss {format_number(self.train_loss)}{unit}"
        return f"validation loss {format_number(self.validation_loss)}{unit}"


@dataclass(frozen=True)
class Checkpoint:
    """A network with everything needed to use it."""

    network: NetworkConfig
    vocabulary: AnyVocabulary
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
AnyNetwork = NetworkConfig | ClassifierConfig | WordModelConfig

NETWORKS: dict[Kind, type[AnyNetwork]] = {
    LANGUAGE: NetworkConfig,
    CLASSIFIER: ClassifierConfig,
    WORD_MODEL: WordModelConfig,
}
"""What a network of each kind is defined by."""

_KINDS: dict[type[AnyCheckpoint], Kind] = {
    Checkpoint: LANGUAGE,
    Classifier: CLASSIFIER,
    WordModel: WORD_MODEL,
}


def write_checkpoint(path: Path, checkpoint: AnyCheckpoint, *, int8: bool = False) -> None:
    """Write a checkpoint of any kind to `path`, whole or not at all.

    Args:
        path: the file to create or replace.
        checkpoint: the network.
        int8: round its matrices to 8 bits, for a file of a quarter of the size, not for Keras.

    Raises:
        CheckpointError: its vocabulary is too large.
        OSError: the disk is full or the folder can't be written.
    """
    title, content = _describe(checkpoint)
    arrays = _round_matrices(checkpoint.weights) if int8 else checkpoint.weights
    container.write(path, title, FORMAT, content, arrays)


def pack_checkpoint(checkpoint: AnyCheckpoint) -> memoryview:
    """Make the bytes of a checkpoint's file, to be put into another one."""
    title, content = _describe(checkpoint)
    return container.pack(title, FORMAT, content, checkpoint.weights)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a language model, trusting nothing in the file.

    Raises:
        CheckpointError: no such file, or it is damaged, of another program or a newer format.
    """
    contents = container.read(path, LANGUAGE.title, FORMAT)
    with container.name_damage(path):
        content = contents.content
        network = read_mapping(NetworkConfig, content["network"])
        vocabulary = parse_vocabulary(content["vocabulary"])
        provenance = read_mapping(Provenance, content["provenance"])
        if len(vocabulary) != network.vocabulary_size:
            raise ValueError("vocabulary, network and weights don't fit together")
        return Checkpoint(network, vocabulary, provenance, _take_weights(contents, network))


def read_classifier(path: Path) -> Classifier:
    """Read a classifier, trusting nothing in the file; errors as in `read_checkpoint`."""
    return Classifier(*_read_encoded(path, CLASSIFIER, ClassifierConfig))


def read_word_model(path: Path) -> WordModel:
    """Read a word model, trusting nothing in the file; errors as in `read_checkpoint`."""
    return WordModel(*_read_encoded(path, WORD_MODEL, WordModelConfig))


def read_header(path: Path, kind: Kind) -> tuple[AnyNetwork, Provenance]:
    """Read what a checkpoint says of itself, and pass over its weights: quick, and unverified.

    Raises:
        CheckpointError: as `read_checkpoint`, as far as that shows.
    """
    content = container.read_content(path, kind.title, FORMAT)
    with container.name_damage(path):
        network = read_mapping(NETWORKS[kind], content["network"])
        return network, read_mapping(Provenance, content["provenance"])


def check_weights(arrays: Mapping[str, container.Array], network: AnyNetwork, size: int) -> Weights:
    """The arrays as weights, if they are just the network's, in its order.

    Args:
        arrays: path in the file to array.
        network: says which there must be.
        size: of the file, in bytes.

    Raises:
        ValueError: they are others, or not finite.
    """
    if network.parameters > size:  # before a list of their shapes grows large
        raise ValueError("the network is larger than the file")
    left = dict(arrays)
    shapes = network.weight_shapes()
    weights = {name: _take_weight(left, name, shape) for name, shape in shapes.items()}
    if left:
        raise ValueError("the weights are not the network's")
    return weights


def is_checkpoint(path: Path) -> bool:
    """Whether a file says of itself that it is a network's, of any kind, whatever it is called."""
    with contextlib.suppress(CheckpointError):
        return container.read_title(path) in {kind.title for kind in KINDS}
    return False


def is_rounded(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether a file holds a language model with its matrices in int8, and just as they would be.

    Raises:
        CheckpointError: it is no language model's, or damaged.
    """
    contents = container.read(path, LANGUAGE.title, FORMAT)
    _, content = _describe(checkpoint)
    arrays = _round_matrices(checkpoint.weights)
    return (
        contents.content == content
        and contents.arrays.keys() == arrays.keys()
        and all(np.array_equal(contents.arrays[name], arrays[name]) for name in arrays)
    )


def is_word_model(path: Path) -> bool:
    """Whether a file says of itself that it is a word model."""
    return container.read_title(path) == WORD_MODEL.title


def _describe(checkpoint: AnyCheckpoint) -> tuple[str, dict[str, Any]]:
    """What a file says that it is, and all of its content but the arrays."""
    if isinstance(checkpoint, Checkpoint):
        names: dict[str, Any] = {"vocabulary": checkpoint.vocabulary.to_values()}
    else:
        names = {"encoder": checkpoint.encoder.to_values()}
    content = names | {
        "network": asdict(checkpoint.network),
        "provenance": asdict(checkpoint.provenance),
    }
    return _KINDS[type(checkpoint)].title, content


def _read_encoded(
    path: Path, kind: Kind, config: type[_Config]
) -> tuple[_Config, Encoder, Provenance, Weights]:
    contents = container.read(path, kind.title, FORMAT)
    with container.name_damage(path):
        content = contents.content
        network = read_mapping(config, content["network"])
        provenance = read_mapping(Provenance, content["provenance"])
        encoder = parse_encoder(network.tokens, content["encoder"])
        if len(encoder) > network.vocabulary_size:
            raise ValueError("encoder and network don't fit together")
        return network, encoder, provenance, _take_weights(contents, network)


def _round_matrices(weights: Weights) -> dict[str, container.Array]:
    """The arrays of an int8 file: biases, which are few, stay as they are."""
    arrays: dict[str, container.Array] = {}
    for name, values in weights.items():
        if values.ndim == 1 or name.endswith(_GRU_BIAS):
            arrays[name] = values
        else:
            arrays[_INT8 + name], arrays[_SCALES + name] = quantize(values)
    return arrays


def _take_weights(contents: container.Contents, network: AnyNetwork) -> Weights:
    return check_weights(contents.arrays, network, contents.size)


def _take_weight(
    left: dict[str, container.Array], name: str, shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Take a weight out of the arrays; one that was rounded to 8 bits is multiplied out."""
    if _INT8 + name in left:
        values = _take(left, _INT8 + name, np.int8, shape)
        scales = _take(left, _SCALES + name, np.float32, shape[-1:])
        weight = Quantized(values, scales).dequantize()
    else:
        weight = _take(left, name, np.float32, shape)
    if not np.isfinite(weight).all():
        raise ValueError(
            "it holds NaN or infinity: it diverged in training; choose an earlier epoch"
        )
    return weight


def _take(
    left: dict[str, container.Array], name: str, dtype: type, shape: tuple[int, ...]
) -> container.Array:
    if name not in left:
        raise ValueError("the weights are not the network's")
    values = left.pop(name)
    if values.shape != shape or values.dtype != dtype:
        wanted = np.dtype(dtype).name
        raise ValueError(f"{name} is {values.dtype} {values.shape}, not {wanted} {shape}")
    return values
