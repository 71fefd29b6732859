"""Checkpoints: what is written is read bit by bit, by Keras too, and replaced in one step."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.config.fields import CELLS
from charrnn.config.language import DROPOUTS, NetworkConfig
from charrnn.errors import CheckpointError
from charrnn.runs.checkpoint import (
    SUFFIX,
    AnyCheckpoint,
    Checkpoint,
    Provenance,
    is_word_model,
    read_checkpoint,
    read_classifier,
    read_word_model,
    write_checkpoint,
)
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from tests.support import kinds
from tests.support.checkpoints import assert_equal, edit, reject, run_python
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint

# Keras 3.15 hands its variables to NumPy 2 in a way that NumPy warns of.
keras_saves = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

WRITE_ON_A_FULL_DISK = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from charrnn.runs.checkpoint import read_checkpoint, write_checkpoint

path = Path(sys.argv[1])
old = read_checkpoint(path)
limit = path.stat().st_size // 2
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write_checkpoint(path, replace(old, provenance=replace(old.provenance, epoch=99)))
except OSError as error:
    print(error.strerror)
"""


CHARACTERS = st.sets(st.characters(exclude_categories=()), min_size=1, max_size=8)
PROVENANCES = st.builds(
    Provenance,
    corpus=st.text(max_size=8),
    corpus_sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    epoch=st.integers(1, 10**6),
    train_loss=st.floats(),
    validation_loss=st.none() | st.floats(),
    step=st.none() | st.integers(1, 10**6),
    steps=st.none() | st.integers(1, 10**6),
)


@pytest.mark.slow
@settings(deadline=None)
@given(
    characters=CHARACTERS,
    provenance=PROVENANCES,
    cell=st.sampled_from(CELLS),
    sizes=st.fixed_dictionaries({n: st.integers(1, 5) for n in ("embedding", "units", "layers")}),
    drops=st.fixed_dictionaries({n: st.floats(0, 1, exclude_max=True) for n in DROPOUTS}),
)
@example({"\0", "\ud800", "\U0010ffff"}, Provenance("\0", "", 1, 1.0, None), "gru", {}, {})
def test_reading_undoes_writing(
    make_checkpoint: MakeCheckpoint,
    characters: set[str],
    provenance: Provenance,
    cell: str,
    sizes: dict[str, Any],
    drops: dict[str, Any],
) -> None:
    """Any network comes back bit by bit, with its settings, vocabulary and provenance."""
    made = make_checkpoint("".join(sorted(characters)), cell=cell, **drops, **sizes)
    made = replace(made, provenance=provenance)
    path = Path(f"any{SUFFIX}")
    write_checkpoint(path, made)
    assert_equal(read_checkpoint(path), made)


def test_checkpoints_from_before_weight_drop_are_read(path: Path, written: Checkpoint) -> None:
    """A network that was written before a setting existed is read with the setting's default."""
    with edit(path) as values:
        assert values["content"]["network"].pop("weight_drop") == 0
    assert_equal(read_checkpoint(path), written)


@pytest.mark.parametrize(
    ("kind", "read"),
    [(LANGUAGE, read_checkpoint), (CLASSIFIER, read_classifier), (WORD_MODEL, read_word_model)],
    ids=["language model", "classifier", "word model"],
)
def test_every_kind_is_written_and_read(
    checkpoints: Path, kind: Kind, read: Callable[[Path], AnyCheckpoint]
) -> None:
    """One function writes each kind, its own one reads it back, and the others say what it is."""
    run = kinds.make_run(checkpoints, kind, "mine")
    found = read(kinds.write_epoch(run))
    recipe = kinds.RECIPES[kind]
    assert found.network == recipe.network
    assert found.provenance == Provenance(recipe.corpus, recipe.corpus_sha256, 1, 2.5, 2.25)
    random = np.random.default_rng(1)
    assert list(found.weights) == list(recipe.network.weight_shapes())
    for name, shape in recipe.network.weight_shapes().items():
        expected = random.normal(size=shape).astype(np.float32)
        np.testing.assert_array_equal(found.weights[name], expected)
    assert is_word_model(run.epoch_file(1)) == (kind == WORD_MODEL)
    for other in {read_checkpoint, read_classifier, read_word_model} - {read}:
        message = catch_message(CheckpointError, partial(other, run.epoch_file(1)))
        assert message.endswith(f" but a {kind.title}")


@pytest.mark.parametrize("kind", [CLASSIFIER, WORD_MODEL], ids=lambda kind: kind.name)
def test_an_encoder_comes_back(checkpoints: Path, kind: Kind) -> None:
    """The words that a network of reviews knows are in its file."""
    path = kinds.write_epoch(kinds.make_run(checkpoints, kind, "mine"))
    found = read_classifier(path) if kind == CLASSIFIER else read_word_model(path)
    assert found.encoder.word_ids == kinds.WORDS.word_ids


@pytest.mark.parametrize(
    ("step", "validation", "moment", "loss"),
    [
        (None, 2.25, "epoch 3", "validation loss 2.2500"),
        (None, None, "epoch 3", "training loss 2.5000"),
        (40, 2e9, "stopped at step 40 of 172 of epoch 3", "validation loss 2.0e+09"),
    ],
)
def test_a_checkpoint_describes_its_origin(
    step: int | None, validation: float | None, moment: str, loss: str
) -> None:
    """When a checkpoint was written and how good it is are said in words, validation first."""
    source = Provenance("test", "0" * 64, 3, 2.5, validation, step, 172)
    assert (source.moment, source.describe_loss()) == (moment, loss)


def test_vocabulary_of_20000_characters_is_kept(
    path: Path, make_checkpoint: MakeCheckpoint
) -> None:
    """A vocabulary far beyond what HDF5 takes as a plain attribute comes back whole."""
    characters = "\0\n" + "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    write_checkpoint(path, make_checkpoint(characters, embedding=2, units=2))
    assert read_checkpoint(path).vocabulary.to_values() == characters


def test_special_floats_are_kept(path: Path, written: Checkpoint) -> None:
    """Weights that are subnormal, negative zeros or huge are read as they were."""
    odd = np.array([-0.0, 1e-45, -1e-45, 3.4e38, -3.4e38], np.float32)
    weights = dict(written.weights) | {"layers/dense/vars/1": np.resize(odd, 11)}
    write_checkpoint(path, replace(written, weights=weights))
    read = read_checkpoint(path).weights["layers/dense/vars/1"]
    assert read.tobytes() == np.resize(odd, 11).tobytes()


def test_file_moves_alone(path: Path, written: Checkpoint, tmp_path: Path) -> None:
    """A checkpoint needs no file beside it: under another name, elsewhere, it is the same."""
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / "friend.bin")
    assert_equal(read_checkpoint(moved), written)


def stock_model(keras: Any, config: NetworkConfig) -> Any:
    """The network of `config`, built of nothing but Keras's own layers."""
    layers = keras.layers
    kind = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}[config.cell]
    model = keras.Sequential([keras.Input((None,))])
    model.add(layers.Embedding(config.vocabulary_size, config.embedding))
    for _ in range(config.layers):
        model.add(kind(config.units, return_sequences=True))
        model.add(layers.Dropout(config.dropout))
    model.add(layers.Dense(config.vocabulary_size))
    return model


@keras_saves
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_stock_keras_loads_the_file(
    keras: Any, path: Path, make_checkpoint: MakeCheckpoint, cell: str, layers: int
) -> None:
    """`keras.Model.load_weights` puts every weight of a checkpoint in its place."""
    made = make_checkpoint(cell=cell, layers=layers, dropout=0.25)
    write_checkpoint(path, made)
    model = stock_model(keras, made.network)
    model.load_weights(path)
    loaded = model.get_weights()
    assert len(loaded) == len(made.weights) == 3 + 3 * layers
    for values, (name, expected) in zip(loaded, made.weights.items(), strict=True):
        assert np.array_equal(values, expected), name


@keras_saves
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_layout_is_the_one_that_stock_keras_writes(
    keras: Any, path: Path, cell: str, layers: int
) -> None:
    """Keras saves the same network's weights under the same paths, in the same shapes."""
    config = NetworkConfig(11, cell, embedding=5, units=7, layers=layers, dropout=0.25)
    stock_model(keras, config).save_weights(path)
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and "seed_generator" not in name:  # dropout's
            shapes[name] = item.shape

    with h5py.File(path) as file:
        file.visititems(note)
    assert shapes == config.weight_shapes()


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", 1_395_009), ("lstm", 5_330_241), ("gru", 4_021_569)]
)
def test_parameters_are_those_that_stock_keras_counts(
    keras: Any, cell: str, parameters: int
) -> None:
    """The tutorial's networks have as many parameters as Keras counts and the article prints."""
    config = NetworkConfig(65, cell, embedding=256, units=1024)
    assert stock_model(keras, config).count_params() == parameters
    assert config.parameters == parameters


@keras_saves
def test_weights_that_keras_alone_saved_are_no_checkpoint(keras: Any, path: Path) -> None:
    """The error about a `.weights.h5` of Keras says what it lacks."""
    stock_model(keras, NetworkConfig(11, embedding=5, units=7)).save_weights(path)
    assert reject(path) == (
        f"{path} is not a charrnn checkpoint: another program's HDF5 file has no vocabulary or "
        "settings"
    )


def test_full_disk_leaves_the_last_good_checkpoint(path: Path, written: Checkpoint) -> None:
    """If the disk is full, writing fails and the checkpoint before it can still be read."""
    child = run_python(WRITE_ON_A_FULL_DISK, str(path))
    assert child.stdout == "File too large\n"
    assert_equal(read_checkpoint(path), written)
    assert list(path.parent.iterdir()) == [path]


def test_checkpoint_is_replaced_in_one_step(
    path: Path, written: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new content is on disk a reader finds the old checkpoint, then the new one."""
    seen: list[int] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        seen.append(read_checkpoint(path).provenance.epoch)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    later = replace(written, provenance=replace(written.provenance, epoch=2))
    write_checkpoint(path, later)
    assert seen == [1, 2]  # the file is synced, then its name
    assert_equal(read_checkpoint(path), later)
