"""Where a new classifier's embedding comes from: a run, a checkpoint, or word vectors."""

import os
from pathlib import Path

import numpy as np
import pytest

from charrnn.config.reviews import ClassifierConfig
from charrnn.data.subwords import Subwords
from charrnn.data.words import Words
from charrnn.errors import CharrnnError, NoRunError, RunError, UsageError
from charrnn.planning.borrow import borrow_embedding
from charrnn.planning.report import Silence
from charrnn.planning.transfer import EMBEDDING
from charrnn.runs.checkpoint import read_classifier, read_word_model
from charrnn.runs.kinds import CLASSIFIER, WORD_MODEL, Kind
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.reporting import RecordingReporter

NEW = Words(["bad", "new", "film"])  # two of which the networks of `kinds` know
NETWORK = ClassifierConfig(vocabulary_size=len(NEW), embedding=32)
RUNS = Path("checkpoints")
VECTORS = Path("vectors.txt")


def reject(source: str, kind: type[CharrnnError], width: int | None = None) -> str:
    return catch_message(
        kind, lambda: borrow_embedding(source, NEW, NETWORK, width, RUNS, Silence())
    )


@pytest.mark.parametrize("kind", [CLASSIFIER, WORD_MODEL], ids=lambda kind: kind.name)
@pytest.mark.parametrize("by", ["name", "folder", "file"])
def test_from_a_network(kind: Kind, by: str, reporter: RecordingReporter) -> None:
    """A run of either kind is found by its name, its folder or a file; known words keep rows."""
    run = kinds.make_run(RUNS, kind, "old")
    path = kinds.write_epoch(run)
    source = {"name": "old", "folder": str(run.folder), "file": str(path)}[by]
    network, weights = borrow_embedding(source, NEW, NETWORK, None, RUNS, reporter)
    old = (read_classifier if kind == CLASSIFIER else read_word_model)(path)
    table = old.weights[EMBEDDING]
    assert network.embedding == table.shape[1] == 2
    (found,) = weights.values()
    assert found.shape == (len(NEW), 2)
    for word in ("bad", "film"):
        np.testing.assert_array_equal(found[NEW.word_ids[word]], table[kinds.WORDS.word_ids[word]])
    assert reporter.notes == [f"{source}: vectors of 2 for 2 of the vocabulary's 7 entries"]


def test_from_word_vectors(reporter: RecordingReporter) -> None:
    """Words of the vocabulary get the vectors of the file."""
    VECTORS.write_text("film 1 2 3\ngood 4 5 6\n")
    network, weights = borrow_embedding(str(VECTORS), NEW, NETWORK, 3, RUNS, reporter)
    assert network.embedding == 3
    np.testing.assert_array_equal(weights[EMBEDDING][NEW.word_ids["film"]], [1, 2, 3])
    assert reporter.notes == ["vectors.txt: vectors of 3 for 1 of the vocabulary's 7 entries"]


@pytest.mark.timeout(20)
@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs pipes with names")
def test_from_a_pipe_of_word_vectors() -> None:
    """What a shell unpacks for `<(zcat vectors.gz)` is read once, as it comes."""
    read, write = os.pipe()
    os.write(write, b"film 1 2 3\n")
    os.close(write)
    network, weights = borrow_embedding(f"/dev/fd/{read}", NEW, NETWORK, None, RUNS, Silence())
    os.close(read)
    assert network.embedding == 3
    np.testing.assert_array_equal(weights[EMBEDDING][NEW.word_ids["film"]], [1, 2, 3])


def test_another_width_is_rejected() -> None:
    """A width that was chosen must be that of the vectors."""
    VECTORS.write_text("film 1 2 3\n")
    message = reject("vectors.txt", UsageError, width=5)
    assert message == "vectors.txt has vectors of 3, but `embedding` is 5: leave it out"


def test_subwords_have_no_word_vectors() -> None:
    """Vectors of words don't fit a network that reads subwords."""
    VECTORS.write_text("film 1 2 3\n")
    encoder = Subwords.learn(["the film is a good film"] * 4, 280)
    network = ClassifierConfig(tokens="subwords", vocabulary_size=280)
    message = catch_message(
        UsageError,
        lambda: borrow_embedding("vectors.txt", encoder, network, None, RUNS, Silence()),
    )
    assert message == "vectors.txt has vectors of words, and this network reads subwords"


def test_a_network_without_an_embedding_borrows_none() -> None:
    """Bigrams alone have no embedding; nothing is looked for."""
    network = ClassifierConfig(cell="none", units=(), bigrams=9)
    message = catch_message(
        UsageError, lambda: borrow_embedding("old", NEW, network, None, RUNS, Silence())
    )
    assert message == (
        "the new network has no embedding to take from old: leave out `embedding_from`"
    )


def test_two_runs_of_one_name_are_ambiguous() -> None:
    """A classifier and a word model may have one name; the error lists both folders."""
    for kind in (CLASSIFIER, WORD_MODEL):
        kinds.write_epoch(kinds.make_run(RUNS, kind, "old"))
    assert reject("old", RunError) == (
        "two runs are called old: give checkpoints/classify/old or checkpoints/pretrained/old"
    )


def test_a_run_can_be_named_by_any_path() -> None:
    """A run's folder names it wherever it lies, and a checkpoint whatever it is called."""
    for folder in (RUNS, Path("elsewhere")):
        run = kinds.make_run(folder, WORD_MODEL, "old")
        path = kinds.write_epoch(run)
        copy = Path("mine.bin")
        copy.write_bytes(path.read_bytes())
        for source in (f"{run.folder}/", f"./{run.folder}", str(run.folder.resolve()), str(copy)):
            network, _ = borrow_embedding(source, NEW, NETWORK, None, RUNS, Silence())
            assert network.embedding == 2


def test_an_unknown_source_is_answered_with_the_existing_ones() -> None:
    """The error lists the runs of both kinds, or says to train a word model."""
    with pytest.raises(NoRunError) as failure:
        borrow_embedding("odl", NEW, NETWORK, None, RUNS, Silence())
    assert str(failure.value) == (
        "no run or file odl to take an embedding from: there are none yet; train one"
    )
    assert (failure.value.kind, failure.value.empty) == (WORD_MODEL.name, True)
    kinds.write_epoch(kinds.make_run(RUNS, WORD_MODEL, "old"))
    assert reject("odl", RunError) == (
        "no run or file odl to take an embedding from: the only run is old"
    )
    kinds.write_epoch(kinds.make_run(RUNS, CLASSIFIER, "critic"))
    assert reject("odl", RunError).endswith(": the runs are critic, old; did you mean old?")
