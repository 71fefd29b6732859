"""What `--embedding-from` names, and the embedding that is taken from it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import SUFFIX, Classifier, WordModel, read_classifier, read_word_model
from charrnn.classifiers import ClassifierConfig
from charrnn.data.encoders import Encoder
from charrnn.data.vectors import read_vectors
from charrnn.data.words import Words
from charrnn.errors import CheckpointError, RunError, UsageError
from charrnn.runs import CLASSIFIERS, PRETRAINED, Run, runs
from charrnn.transfer import EMBEDDING, embedding_of_network, embedding_of_vectors


def borrow(
    source: str,
    encoder: Encoder,
    network: ClassifierConfig,
    given: Mapping[str, Any],
    checkpoints: Path,
) -> tuple[ClassifierConfig, dict[str, npt.NDArray[np.float32]]]:
    """The network with an embedding as wide as the borrowed one, and that one by its path.

    Args:
        source: a run's name, a checkpoint's path, or the path of a text file of word vectors.
        encoder: the new network's.
        network: the new network.
        given: the flags; an `--embedding` that does not fit is refused.
        checkpoints: where runs are kept.

    Raises:
        CharrnnError: there is no such thing, or it does not fit.
    """
    if network.cell == "none":
        raise UsageError(f"--embedding-from {source}: this network has no embedding")
    table = _table(source, encoder, network.vocabulary_size, checkpoints)
    width = table.shape[1]
    if given.get("embedding", width) != width:
        raise UsageError(
            f"{source} has vectors of {width}, not of --embedding {given['embedding']}"
        )
    return replace(network, embedding=width), {EMBEDDING: table}


def _table(source: str, encoder: Encoder, rows: int, checkpoints: Path) -> npt.NDArray[np.float32]:
    path = Path(source)
    if path.is_file() and not path.name.endswith(SUFFIX):
        if not isinstance(encoder, Words):
            raise UsageError(f"{source} has vectors of words, and this network reads subwords")
        vectors = read_vectors(path, frozenset(encoder.words))
        return embedding_of_vectors(vectors, encoder, rows)
    return embedding_of_network(_network(source, path, checkpoints), encoder, rows)


def _network(source: str, path: Path, checkpoints: Path) -> Classifier | WordModel:
    if path.is_file():
        try:
            return read_word_model(path)
        except CheckpointError:
            return read_classifier(path)
    for folder in (CLASSIFIERS, PRETRAINED):
        run = Run(checkpoints / folder / source)
        if run.folder.is_dir() and "/" not in source:
            read = read_classifier if folder == CLASSIFIERS else read_word_model
            return read(run.checkpoint_file())
    names = [run.name for folder in (CLASSIFIERS, PRETRAINED) for run in runs(checkpoints / folder)]
    there = f"there is {', '.join(names[:10])}" if names else "train one first"
    raise RunError(f"no run or file {source} to take an embedding from: {there}")
