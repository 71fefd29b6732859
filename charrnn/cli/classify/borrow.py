"""What `--embedding-from` names, and the embedding that is taken from it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import (
    SUFFIX,
    Classifier,
    WordModel,
    is_word_model,
    read_classifier,
    read_word_model,
)
from charrnn.classifiers import ClassifierConfig
from charrnn.cli.plan import Places
from charrnn.data.encoders import Encoder
from charrnn.data.vectors import read_vectors
from charrnn.data.words import Words
from charrnn.errors import RunError, UsageError
from charrnn.runs import CLASSIFIERS, PRETRAINED, Run, runs
from charrnn.transfer import EMBEDDING, embedding_of_network, embedding_of_vectors

_MOST_NAMES = 10  # in an error message


def borrow(
    source: str,
    encoder: Encoder,
    network: ClassifierConfig,
    given: Mapping[str, Any],
    places: Places,
) -> tuple[ClassifierConfig, dict[str, npt.NDArray[np.float32]]]:
    """The network with an embedding as wide as the borrowed one, and that one by its path.

    Args:
        source: a run's name, a checkpoint's path, or the path of a text file of word vectors.
        encoder: the new network's.
        network: the new network.
        given: the flags; an `--embedding` that does not fit is refused.
        places: where runs are kept, and where to say how much was found.

    Raises:
        CharrnnError: there is no such thing, or it does not fit.
    """
    if network.cell == "none":
        raise UsageError(f"--embedding-from {source}: this network has no embedding")
    table, found = _table(source, encoder, network.vocabulary_size, places.checkpoints)
    width = table.shape[1]
    if given.get("embedding", width) != width:
        raise UsageError(
            f"{source} has vectors of {width}, not of --embedding {given['embedding']}"
        )
    places.terminal.note(
        f"{source}: vectors of {width} for {found:,} of the vocabulary's {len(encoder):,} entries"
    )
    return replace(network, embedding=width), {EMBEDDING: table}


def _table(
    source: str, encoder: Encoder, rows: int, checkpoints: Path
) -> tuple[npt.NDArray[np.float32], int]:
    """The embedding, and for how many entries it has a vector."""
    path = Path(source)
    if path.is_file() and not path.name.endswith(SUFFIX):
        if not isinstance(encoder, Words):
            raise UsageError(f"{source} has vectors of words, and this network reads subwords")
        vectors = read_vectors(path, frozenset(encoder.words))
        return embedding_of_vectors(vectors, encoder, rows), len(vectors)
    network = _network(source, path, checkpoints)
    table = embedding_of_network(network, encoder, rows)
    if isinstance(encoder, Words) and isinstance(network.encoder, Words):
        return table, len({*encoder.words} & {*network.encoder.words})
    return table, len(encoder)


def _network(source: str, path: Path, checkpoints: Path) -> Classifier | WordModel:
    """The checkpoint, or the best epoch of the run, of either kind."""
    if not path.is_file():
        path = _run(source, checkpoints).checkpoint_file()
    if is_word_model(path):
        return read_word_model(path)
    return read_classifier(path)


def _run(source: str, checkpoints: Path) -> Run:
    there = [run for folder in (CLASSIFIERS, PRETRAINED) for run in runs(checkpoints / folder)]
    named = [run for run in there if source in {run.name, str(run.folder)}]
    if len(named) == 1:
        return named[0]
    if named:
        folders = " or ".join(str(run.folder) for run in named)
        raise RunError(f"two runs are called {source}: give {folders}")
    names = ", ".join(run.name for run in there[:_MOST_NAMES])
    raise RunError(
        f"no run or file {source} to take an embedding from: "
        + (f"there is {names}" if there else "train one first, with charrnn classify pretrain")
    )
