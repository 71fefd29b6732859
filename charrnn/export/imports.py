"""A network of another program to a language model of ours, and to a run."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from charrnn.config.fields import require
from charrnn.config.language import NetworkConfig
from charrnn.data.corpus import Corpus
from charrnn.data.files import spell_plainly
from charrnn.data.vocabulary import Vocabulary, list_characters, to_code_points
from charrnn.errors import CheckpointError, say_count
from charrnn.export.foreign import read_contents, read_own
from charrnn.export.hdf5 import Contents
from charrnn.export.layers import build_network, check_description
from charrnn.inference.language_model import LanguageModel
from charrnn.runs import container
from charrnn.runs.checkpoint import (
    Checkpoint,
    Provenance,
    Weights,
    check_weights,
    write_checkpoint,
)
from charrnn.runs.claim import hold_lock
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.names import Note, make_run

MEASURED = 10_000
"""How many characters of its text a network that was imported is measured on."""

_EMBEDDING, _KERNEL, _BIAS = (
    "layers/embedding/vars/0",
    "layers/dense/vars/0",
    "layers/dense/vars/1",
)


@dataclass(frozen=True)
class Characters:
    """What the ids of a network mean.

    Attributes:
        ordered: the characters in the order of their ids, each once.
        corpus: the short name of the text that they are from; empty for none.
        corpus_sha256: of its bytes.
    """

    ordered: str
    corpus: str = ""
    corpus_sha256: str = ""


def import_model(
    path: Path,
    corpus: Corpus | None = None,
    vocabulary: str | None = None,
    note: Note = lambda _: None,
) -> LanguageModel:
    """Make a language model of another program's file, or of one that was exported.

    Args:
        path: Keras's weights (`.weights.h5` or, of Keras 2, `.h5`), a `.keras` or a `.safetensors`
            file, a folder that was exported, or a checkpoint.
        corpus: the text that the network learnt from: its ids are the places of the characters in
            sorted order.
        vocabulary: instead of `corpus`, the characters in the order of their ids.
        note: called with what the user should know.

    A network with one id more than there are characters has its first one for unknown characters,
    which is left out.

    Raises:
        UsageError: both `corpus` and `vocabulary`, or not the one that is needed; or a character
            stands twice in it.
        CheckpointError: the file is damaged, or a layer doesn't fit, or the number of characters.
    """
    require(corpus is None or vocabulary is None, "give `corpus` or `vocabulary`, not both")
    try:
        own = read_own(path)
        if own is not None:
            require(
                corpus is None and vocabulary is None,
                f"{path} has its own characters: leave out `corpus` and `vocabulary`",
            )
            return LanguageModel(own)
        contents = read_contents(path)
        characters = _choose_characters(path, corpus, vocabulary)
    except OSError as error:
        raise CheckpointError(f"can't read {path}: {error.strerror or error}") from error
    model = LanguageModel(_build_checkpoint(path, contents, characters, note))
    return model if corpus is None else _measure(model, corpus, note)


def keep_model(model: LanguageModel, checkpoints: Path, name: str | None, note: Note) -> Path:
    """Make a run of a model that was imported.

    Args:
        model: it.
        checkpoints: the folder of all runs.
        name: the run's; None for one made of the corpus and the cell.
        note: called with what the user should know of the name.

    Returns:
        The run's one checkpoint file.

    Raises:
        RunError: the name is taken.
        OSError: the disk is full or the folder can't be written.
    """
    source, cell = model.checkpoint.provenance, model.checkpoint.network.cell
    run = make_run(checkpoints, LANGUAGE, name, source.corpus, cell, note)
    path = run.epoch_file(source.epoch)
    with hold_lock(run):
        write_checkpoint(path, model.checkpoint)
    return path


def _choose_characters(path: Path, corpus: Corpus | None, vocabulary: str | None) -> Characters:
    if corpus is not None:
        ordered = corpus.text.vocabulary.characters
        return Characters(ordered, spell_plainly(corpus.name), corpus.sha256)
    require(
        bool(vocabulary),
        f"{path} doesn't say which characters its ids mean: give the text that the network learnt "
        "from as `corpus`, or the characters in the order of their ids as `vocabulary`",
    )
    ordered = vocabulary or ""
    twice = "".join(sorted({character for character in ordered if ordered.count(character) > 1}))
    require(not twice, f"each character stands once in `vocabulary`, but {list_characters(twice)}")
    return Characters(ordered)


def _build_checkpoint(
    path: Path, contents: Contents, characters: Characters, note: Note
) -> Checkpoint:
    name = spell_plainly(path.name)
    try:
        check_description(contents.config)
        network, weights = build_network(contents.arrays)
        network, weights = _sort_ids(network, weights, characters.ordered, note)
        size = sum(values.nbytes for values in contents.arrays.values())
        weights = check_weights(weights, network, size)
    except ValueError as error:
        raise CheckpointError(f"{path} doesn't fit: {container.explain(error)}") from error
    corpus = characters.corpus or "an unknown text"
    source = Provenance(corpus, characters.corpus_sha256, 1, None, None, imported=name)
    return Checkpoint(network, Vocabulary("".join(sorted(characters.ordered))), source, weights)


def _sort_ids(
    network: NetworkConfig, weights: Weights, characters: str, note: Note
) -> tuple[NetworkConfig, Weights]:
    """Put the ids in the order of the characters' code points, an unknown one left out."""
    extra = network.vocabulary_size - len(characters)
    if extra not in {0, 1}:
        raise ValueError(
            f"it knows {say_count(network.vocabulary_size, 'character')}, not the "
            f"{len(characters):,} given: give the text just as it was read, or its characters"
        )
    if extra:
        note("id 0 stands for unknown characters: it is left out, and the others move down by one")
    order = np.argsort(to_code_points(characters)) + extra
    sorted_weights = {
        **weights,
        _EMBEDDING: weights[_EMBEDDING][order],
        _KERNEL: np.ascontiguousarray(weights[_KERNEL][:, order]),
        _BIAS: weights[_BIAS][order],
    }
    return replace(network, vocabulary_size=len(characters)), sorted_weights


def _measure(model: LanguageModel, corpus: Corpus, note: Note) -> LanguageModel:
    """The same model, with its loss on the text's beginning as its training loss."""
    ids = corpus.text[:MEASURED].encode(model.vocabulary)
    loss = model.evaluate(ids).loss
    chance = math.log(len(model.vocabulary))
    if loss > chance:
        note(
            f"its loss on the text is {loss:.2f}, and guessing has {chance:.2f}: it learnt from "
            "another text, or its ids are in another order"
        )
    source = replace(model.checkpoint.provenance, train_loss=loss)
    return LanguageModel(replace(model.checkpoint, provenance=source))
