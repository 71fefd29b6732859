"""Networks of Keras, and our own exports, become language models of ours."""

import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from charrnn.data.corpus import make_corpus
from charrnn.errors import CheckpointError, UsageError
from charrnn.export.imports import MEASURED, import_model, keep_model
from charrnn.export.keras_archive import CONFIG, WEIGHTS
from charrnn.export.write import write_model
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel, load_model
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint

CHARACTERS = "\n !abcdefgh"
IDS = np.random.default_rng(1).integers(0, len(CHARACTERS), (2, 9))
TEXT = "a bad cab! each day\n".replace("y", "h") * 30 + CHARACTERS
CELLS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}

Logits = dict[str, npt.NDArray[np.float32]]


def build_sequential(keras: Any, cell: str, rows: int) -> Any:
    """As tutorials build it; the layers' names are in the order that the alphabet has not."""
    make = getattr(keras.layers, CELLS[cell])
    return keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(rows, 6, name="z"),
            make(6, return_sequences=True, name="y"),
            keras.layers.Dropout(0.5, name="b"),
            make(6, return_sequences=True, name="x"),
            keras.layers.Dense(rows, name="a"),
        ]
    )


def build_subclass(keras: Any, rows: int) -> Any:
    """As TensorFlow's tutorial on generating text builds it."""

    class MyModel(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = keras.layers.Embedding(rows, 5)
            self.gru = keras.layers.GRU(7, return_sequences=True, return_state=True)
            self.dense = keras.layers.Dense(rows)

        def call(self, inputs: Any) -> Any:
            return self.dense(self.gru(self.embedding(inputs))[0])

    model = MyModel()
    model(IDS)
    return model


def copy_weights(full: Path, path: Path) -> None:
    """What `save_weights` of Keras 2 writes: what a whole model has in one of its groups."""
    with h5py.File(full) as source, h5py.File(path, "w") as file:
        for name in source["model_weights"]:
            source.copy(source["model_weights"][name], file, name)
        file.attrs.update(source["model_weights"].attrs)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Logits]:
    """A folder with files of stock Keras, and the logits of each network for `IDS`."""
    import keras

    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    folder, logits = tmp_path_factory.mktemp("keras"), {}
    with warnings.catch_warnings(action="ignore"):  # Keras's own, of NumPy
        for cell in CELLS:
            model = build_sequential(keras, cell, len(CHARACTERS))
            model.compile("adam", "mse")
            model.optimizer.build(model.trainable_variables)
            model.set_weights([2 * weight for weight in model.get_weights()])
            logits[cell] = np.asarray(model(IDS))
            model.save_weights(folder / f"{cell}.weights.h5")
            model.save(folder / f"{cell}.keras")
            model.save(folder / f"{cell}.h5")
            copy_weights(folder / f"{cell}.h5", folder / f"{cell}-2.h5")
        model = build_subclass(keras, len(CHARACTERS) + 1)
        logits["tutorial"] = np.asarray(model(IDS + 1))[:, :, 1:]
        model.save_weights(folder / "tutorial.weights.h5")
        model.save(folder / "tutorial.keras")
    return folder, logits


def read_logits(model: LanguageModel) -> npt.NDArray[np.float32]:
    return NumpyStepper(model.checkpoint, len(IDS)).read(IDS)


@pytest.mark.parametrize("ending", [".weights.h5", ".keras", ".h5", "-2.h5"])
@pytest.mark.parametrize("cell", CELLS)
def test_files_of_keras_become_our_networks(
    made: tuple[Path, Logits], cell: str, ending: str
) -> None:
    """Weights of Keras 3 and of Keras 2, whole models and `.keras` files: the same logits."""
    folder, logits = made
    model = import_model(folder / f"{cell}{ending}", vocabulary=CHARACTERS)
    np.testing.assert_allclose(read_logits(model), logits[cell], rtol=0, atol=1e-5)
    config = model.checkpoint.network
    assert (config.cell, config.embedding, config.units, config.layers) == (cell, 6, 6, 2)
    assert model.checkpoint.provenance.imported == f"{cell}{ending}"
    assert "loss unknown" in repr(model)


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_an_id_for_unknown_characters_is_left_out(made: tuple[Path, Logits], ending: str) -> None:
    """TensorFlow's tutorial has it at 0, and its characters one further on."""
    folder, logits = made
    notes: list[str] = []
    corpus = make_corpus(TEXT)
    model = import_model(folder / f"tutorial{ending}", corpus, note=notes.append)
    assert model.vocabulary.to_values() == CHARACTERS
    np.testing.assert_allclose(read_logits(model), logits["tutorial"], rtol=0, atol=1e-5)
    assert "id 0 stands for unknown characters" in notes[0]


def test_characters_in_any_order_are_sorted(made: tuple[Path, Logits]) -> None:
    """Ids of the file are places in the vocabulary that is given; ours are sorted."""
    folder, logits = made
    given = CHARACTERS[::-1]
    model = import_model(folder / "lstm.keras", vocabulary=given)
    assert model.vocabulary.to_values() == CHARACTERS
    text = model.vocabulary.encode("".join(given[place] for place in IDS[0]))
    found = NumpyStepper(model.checkpoint, 1).read(text[None])[0]
    back = model.vocabulary.encode(given)
    np.testing.assert_allclose(found[:, back], logits["lstm"][0], rtol=0, atol=1e-5)


def test_the_text_is_remembered_and_measured(made: tuple[Path, Logits]) -> None:
    """Its hash is kept, and the loss on its beginning stands for the training loss."""
    folder, _ = made
    corpus = make_corpus(TEXT * 30, "novel")
    model = import_model(folder / "gru.weights.h5", corpus)
    source = model.checkpoint.provenance
    assert (source.corpus, source.corpus_sha256) == ("novel", corpus.sha256)
    expected = import_model(folder / "gru.keras", vocabulary=CHARACTERS)
    assert source.train_loss == pytest.approx(expected.score((TEXT * 30)[:MEASURED]), abs=1e-6)
    assert "imported from gru.weights.h5, training loss" in repr(model)


def test_a_loss_worse_than_guessing_is_noted(made: tuple[Path, Logits]) -> None:
    """An order of ids that is wrong can't be seen, but heard."""
    folder, _ = made
    notes: list[str] = []
    import_model(folder / "rnn.keras", make_corpus("".join(sorted(TEXT))), note=notes.append)
    assert [note for note in notes if "ids are in another order" in note]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "`vocabulary`"),
        ({"vocabulary": ""}, "`corpus`"),
        ({"vocabulary": "abab"}, "'a' 'b'"),
        ({"vocabulary": CHARACTERS, "corpus": make_corpus("a")}, "not both"),
    ],
)
def test_the_characters_are_asked_for(
    made: tuple[Path, Logits], changes: dict[str, Any], reason: str
) -> None:
    """Weights don't say what their ids mean."""
    folder, _ = made
    message = catch_message(UsageError, partial(import_model, folder / "rnn.keras", **changes))
    assert reason in message


@pytest.mark.parametrize("vocabulary", ["ab", CHARACTERS + "xy"])
def test_another_number_of_characters_is_refused(
    made: tuple[Path, Logits], vocabulary: str
) -> None:
    """Both numbers are in the message."""
    folder, _ = made
    path = folder / "rnn.keras"
    message = catch_message(CheckpointError, partial(import_model, path, vocabulary=vocabulary))
    assert "11 characters" in message
    assert f"the {len(vocabulary)} given" in message


@pytest.mark.parametrize("to", ["int8", "keras", "safetensors", "huggingface"])
def test_what_was_exported_comes_back(make_checkpoint: MakeCheckpoint, to: str) -> None:
    """With its characters and provenance, so that no text has to be given."""
    checkpoint = make_checkpoint(cell="gru", layers=2, dropout=0.5)
    path = write_model(LanguageModel(checkpoint), to)
    again = import_model(path).checkpoint
    assert again.vocabulary.to_values() == checkpoint.vocabulary.to_values()
    assert (again.network, again.provenance) == (checkpoint.network, checkpoint.provenance)
    if to != "int8":
        for name, values in checkpoint.weights.items():
            assert np.array_equal(again.weights[name], values)
    refuse = partial(import_model, path, vocabulary="a")
    assert "leave out" in catch_message(UsageError, refuse)


def test_a_safetensors_file_alone_needs_characters(make_checkpoint: MakeCheckpoint) -> None:
    """Without its folder it is only weights."""
    checkpoint = make_checkpoint(cell="lstm", layers=2)
    path = write_model(LanguageModel(checkpoint), "safetensors") / "model.safetensors"
    model = import_model(path, vocabulary=CHARACTERS)
    assert np.array_equal(read_logits(model), read_logits(LanguageModel(checkpoint)))


def rewrite(path: Path, **changes: bytes | None) -> None:
    """Change members of a zip archive; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, **changes}.items():
            if content is not None:
                archive.writestr(name, content)


def compress(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CONFIG, "{}")
        archive.writestr(WEIGHTS, b"\0" * 10**6)


def misname(path: Path) -> None:
    """Give a member a name that is said to be UTF-8, and isn't."""
    rewrite(path, é=b"")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "damaged"),
        (lambda path: path.write_bytes(b"PK\3\4"), "damaged"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"), "damaged"),
        (lambda path: path.write_bytes(b"something"), "no file of Keras's"),
        (lambda path: path.write_bytes(b""), "no file of Keras's"),
        (lambda path: path.unlink(), "No such file"),
        (lambda path: rewrite(path, **{WEIGHTS: None}), "no .keras file"),
        (lambda path: rewrite(path, **{WEIGHTS: b"x"}), "damaged"),
        (lambda path: rewrite(path, **{CONFIG: b"[" * 10**5}), "lists in lists"),
        (lambda path: rewrite(path, **{CONFIG: b" " * 10**6}), "too long"),
        (compress, "compressed"),
        (misname, "damaged"),
    ],
)
def test_damage_is_refused(
    made: tuple[Path, Logits], tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    """One line, with the file's name; nothing in the file is believed."""
    path = tmp_path / "net.keras"
    path.write_bytes((made[0] / "rnn.keras").read_bytes())
    damage(path)
    message = catch_message(CheckpointError, partial(import_model, path, vocabulary=CHARACTERS))
    assert reason in message
    assert str(path) in message
    assert len(message.splitlines()) == 1


def test_weights_that_diverged_are_refused(make_checkpoint: MakeCheckpoint) -> None:
    """NaN is found when it is read, not when it writes."""
    checkpoint = make_checkpoint()
    broken = {name: values * np.float32(np.nan) for name, values in checkpoint.weights.items()}
    path = write_model(LanguageModel(checkpoint), "safetensors")
    from charrnn.export.safetensors import pack_arrays

    names = ("embedding/0", "lstm/0", "lstm/1", "lstm/2", "dense/0", "dense/1")
    arrays = dict(zip(names, broken.values(), strict=True))
    (path / "net.safetensors").write_bytes(pack_arrays(arrays, {}))
    use = partial(import_model, path / "net.safetensors", vocabulary=CHARACTERS)
    assert "NaN" in catch_message(CheckpointError, use)


def test_a_model_is_kept_as_a_run(made: tuple[Path, Logits], tmp_path: Path) -> None:
    """Named after the text and the cell unless a name is given; a taken name gets a number."""
    model = import_model(made[0] / "gru.keras", make_corpus(TEXT, "novel"))
    notes: list[str] = []
    paths = [
        keep_model(model, tmp_path / "runs", name, notes.append) for name in (None, None, "mine")
    ]
    assert [path.parent.name for path in paths] == ["novel-gru", "novel-gru-2", "mine"]
    assert notes == ["novel-gru exists: this run is novel-gru-2"]
    again = load_model(paths[0])
    assert again.checkpoint.provenance == model.checkpoint.provenance
    assert again.generate("a", 20, seed=1) == model.generate("a", 20, seed=1)
