"""The embedding that a new classifier takes over from a trained network or from word vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn.config.reviews import ClassifierConfig
from charrnn.data.encoders import Encoder
from charrnn.data.vectors import read_vectors
from charrnn.errors import NoRunError, UsageError, say_count
from charrnn.planning.report import Reporter
from charrnn.planning.transfer import EMBEDDING, embed_vectors, transfer_embedding
from charrnn.runs.catalogue import choose_run, list_names, list_runs
from charrnn.runs.checkpoint import (
    SUFFIX,
    Classifier,
    WordModel,
    is_checkpoint,
    is_word_model,
    read_classifier,
    read_word_model,
)
from charrnn.runs.kinds import CLASSIFIER, WORD_MODEL
from charrnn.runs.run import Run


def borrow_embedding(
    source: str,
    encoder: Encoder,
    network: ClassifierConfig,
    width: int | None,
    checkpoints: Path,
    reporter: Reporter,
) -> tuple[ClassifierConfig, dict[str, npt.NDArray[np.float32]]]:
    """Find the embedding to borrow, and fit the network to its width.

    Args:
        source: a run's name, a checkpoint's path, or the path of a text file or pipe of word
            vectors.
        encoder: the new network's.
        network: the new network.
        width: of the `embedding`, if the user chose it; it must fit.
        checkpoints: where runs are kept.
        reporter: shows how many words have a vector.

    Raises:
        CharrnnError: there is no such thing, or it does not fit.
    """
    if not network.reads_sequence:
        raise UsageError(
            f"the new network has no embedding to take from {source}: leave out `embedding_from`"
        )
    table, count = _make_table(source, encoder, network.vocabulary_size, checkpoints)
    found = table.shape[1]
    if width not in {None, found}:
        raise UsageError(
            f"{source} has vectors of {found}, but `embedding` is {width}: leave it out"
        )
    reporter.note(
        f"{source}: vectors of {found} for {count:,} of the vocabulary's "
        f"{say_count(len(encoder), 'entry')}"
    )
    return replace(network, embedding=found), {EMBEDDING: table}


def _make_table(
    source: str, encoder: Encoder, rows: int, checkpoints: Path
) -> tuple[npt.NDArray[np.float32], int]:
    """The embedding, and how many entries it has a vector for."""
    path = Path(source)
    if path.is_fifo() or (path.is_file() and not _is_checkpoint(path)):
        if not encoder.word_ids:
            raise UsageError(f"{source} has vectors of words, and this network reads subwords")
        vectors = read_vectors(path, frozenset(encoder.word_ids))
        return embed_vectors(vectors, encoder, rows), len(vectors)
    network = _read_network(source, path, checkpoints)
    table = transfer_embedding(network, encoder, rows)
    shared = {*encoder.word_ids} & {*network.encoder.word_ids}
    return table, len(shared) if encoder.word_ids else len(encoder)


def _is_checkpoint(path: Path) -> bool:
    return path.name.endswith(SUFFIX) or is_checkpoint(path)


def _read_network(source: str, path: Path, checkpoints: Path) -> Classifier | WordModel:
    """The checkpoint, or the best epoch of the run, of either kind."""
    if not path.is_file():
        path = _find_run(source, checkpoints).choose_checkpoint()
    return read_word_model(path) if is_word_model(path) else read_classifier(path)


def _find_run(source: str, checkpoints: Path) -> Run:
    runs = [run for kind in (CLASSIFIER, WORD_MODEL) for run in list_runs(checkpoints, kind)]
    run = choose_run(source, runs, WORD_MODEL)
    if run is not None:
        return run
    raise NoRunError(
        f"no run or file {source} to take an embedding from: {list_names(runs, source)}",
        WORD_MODEL.name,
        empty=not runs,
    )
