"""Checkpoints: what is written is read, by Keras too, and nothing else is ever trusted."""

import hashlib
import json
import math
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, Provenance
from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig
from charrnn.errors import CheckpointError

MakeCheckpoint = Callable[..., Checkpoint]

CELL = "layers/lstm/cell/vars"
PATHS = [
    "layers/embedding/vars/0",
    *(f"{CELL}/{place}" for place in range(3)),
    *(f"layers/dense/vars/{place}" for place in range(2)),
]
BLOCK = 512  # bytes before the HDF5 content
SHAPE = (7, 28)  # of the recurrent kernel, f"{CELL}/1"

# Keras 3.15 hands its variables to NumPy 2 in a way that NumPy warns of.
keras_saves = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

limits_memory = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems don't limit a process's memory in this way"
)

READ_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from charrnn.runs import checkpoint
from charrnn.errors import CheckpointError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = used + 500_000_000  # so that the test itself takes no more
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = peak()
try:
    checkpoint.read(Path(sys.argv[1]))
except CheckpointError as error:
    print(peak() - before, error)
"""

WRITE_ON_A_FULL_DISK = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from charrnn.runs import checkpoint

path = Path(sys.argv[1])
old = checkpoint.read(path)
limit = path.stat().st_size // 2
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    checkpoint.write(path, replace(old, provenance=replace(old.provenance, epoch=99)))
except OSError as error:
    print(error.strerror)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"net{SUFFIX}"


@pytest.fixture
def written(path: Path, make_checkpoint: MakeCheckpoint) -> Checkpoint:
    """A small LSTM's checkpoint, written to `path`."""
    made = make_checkpoint()
    checkpoint.write(path, made)
    return made


@pytest.fixture(scope="module")
def keras() -> Any:
    import_module("charrnn.networks")  # starts TensorFlow quietly
    import keras

    return keras


def run_python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def seal(path: Path, *, form: str = "format 1") -> None:
    """Give a file the header of a whole checkpoint, so that its inside is looked at."""
    content = path.read_bytes()
    digest = hashlib.sha256(content[BLOCK:]).hexdigest()
    header = f"charrnn checkpoint\n{form}\nsha256 {digest}\n".encode()
    path.write_bytes(header.ljust(BLOCK, b"\0") + content[BLOCK:])


@contextmanager
def edited(path: Path) -> Iterator[Any]:
    """The open HDF5 file, sealed again after the change, as only someone who means it does."""
    with h5py.File(path, "r+") as file:
        yield file
    seal(path)


def refusal(path: Path) -> str:
    """The one line with which `path` is refused."""
    with pytest.raises(CheckpointError) as failure:
        checkpoint.read(path)
    message = str(failure.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def assert_equal(read: Checkpoint, made: Checkpoint) -> None:
    assert read.network == made.network
    assert read.vocabulary.characters == made.vocabulary.characters
    assert repr(read.provenance) == repr(made.provenance)  # NaN does not equal itself
    assert list(read.weights) == list(made.weights)
    for name, values in made.weights.items():
        assert read.weights[name].dtype == np.float32
        assert np.array_equal(read.weights[name], values), name


CHARACTERS = st.sets(st.characters(exclude_categories=()), min_size=1, max_size=8)
PROVENANCES = st.builds(
    Provenance,
    corpus=st.text(max_size=8),
    corpus_sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    epoch=st.integers(1, 10**6),
    train_loss=st.floats(),
    validation_loss=st.none() | st.floats(),
    finished=st.booleans(),
)


@settings(deadline=None)
@given(
    characters=CHARACTERS,
    provenance=PROVENANCES,
    cell=st.sampled_from(CELLS),
    sizes=st.fixed_dictionaries({n: st.integers(1, 5) for n in ("embedding", "units", "layers")}),
    drops=st.fixed_dictionaries(
        {
            n: st.floats(0, 1, exclude_max=True)
            for n in ("dropout", "weight_drop", "embedding_dropout")
        }
    ),
)
@example({"\0", "\ud800", "\U0010ffff"}, Provenance("\0", "", 1, 1.0, None), "gru", {}, {})
def test_reading_undoes_writing(
    make_checkpoint: MakeCheckpoint,
    characters: set[str],
    provenance: Provenance,
    cell: str,
    sizes: dict[str, int],
    drops: dict[str, float],
) -> None:
    """Any network comes back bit by bit, with its settings, vocabulary and provenance."""
    made = make_checkpoint("".join(sorted(characters)), cell=cell, **drops, **sizes)
    made = replace(made, provenance=provenance)
    path = Path(f"any{SUFFIX}")
    checkpoint.write(path, made)
    assert_equal(checkpoint.read(path), made)


def test_checkpoints_from_before_weight_drop_are_read(path: Path, written: Checkpoint) -> None:
    """A network that was written before a setting existed is read as one without it."""
    with edited(path) as file:
        network = json.loads(file.attrs["network"])
        assert network.pop("weight_drop") == 0
        file.attrs["network"] = json.dumps(network)
    assert_equal(checkpoint.read(path), written)


def test_vocabulary_of_20000_characters_is_kept(
    path: Path, make_checkpoint: MakeCheckpoint
) -> None:
    """A vocabulary far beyond what HDF5 takes as a plain attribute comes back whole."""
    characters = "\0\n" + "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    checkpoint.write(path, make_checkpoint(characters, embedding=2, units=2))
    assert checkpoint.read(path).vocabulary.characters == characters


def test_special_floats_are_kept(path: Path, written: Checkpoint) -> None:
    """Weights that are subnormal, infinite or no number are read as they were."""
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], np.float32)
    weights = dict(written.weights) | {"layers/dense/vars/1": np.resize(odd, 11)}
    checkpoint.write(path, replace(written, weights=weights))
    read = checkpoint.read(path).weights["layers/dense/vars/1"]
    assert read.tobytes() == np.resize(odd, 11).tobytes()


def test_file_moves_alone(path: Path, written: Checkpoint, tmp_path: Path) -> None:
    """A checkpoint needs no file beside it: under another name, elsewhere, it is the same."""
    (tmp_path / "elsewhere").mkdir()
    moved = path.rename(tmp_path / "elsewhere" / "friend.bin")
    assert_equal(checkpoint.read(moved), written)


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
    checkpoint.write(path, made)
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
def test_weights_that_keras_alone_saved_are_told_from_ours(keras: Any, path: Path) -> None:
    """A `.weights.h5` without vocabulary and settings is said to be none of charrnn's."""
    stock_model(keras, NetworkConfig(11, embedding=5, units=7)).save_weights(path)
    assert "is not a charrnn checkpoint" in refusal(path)


def test_missing_file_is_said_to_be_missing(path: Path) -> None:
    """No file is not a damaged file."""
    assert "no file" in refusal(path)


def test_folder_is_no_checkpoint(tmp_path: Path) -> None:
    """A folder given as a checkpoint is one line too."""
    assert f"can't read {tmp_path}: Is a directory" in refusal(tmp_path)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that HDF5 has been asked to parse."""
    opened: list[Path] = []
    real = h5py.File

    def note(path: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(h5py, "File", note)
    return opened


def test_truncated_file_is_refused_at_every_length(
    path: Path, written: Checkpoint, parsed: list[Path]
) -> None:
    """A file that was cut off, anywhere, is never taken for a whole one, nor parsed at all."""
    content = path.read_bytes()
    lengths = {0, 1, 7, 8, 9, 100, len(content) - 1, *range(0, len(content), len(content) // 97)}
    for length in sorted(lengths):
        path.write_bytes(content[:length])
        refusal(path)
    assert parsed == []
    path.write_bytes(content)
    assert_equal(checkpoint.read(path), written)
    assert parsed == [path]


@pytest.mark.usefixtures("written")
def test_truncated_file_is_said_to_be_damaged(path: Path) -> None:
    """The message tells a checkpoint's remains from a file that never was one."""
    os.truncate(path, path.stat().st_size // 2)
    assert "damaged" in refusal(path)


def test_longer_file_is_refused(path: Path, written: Checkpoint) -> None:
    """What was appended to a file is noticed too."""
    assert_equal(checkpoint.read(path), written)
    with path.open("ab") as file:
        file.write(b"\0")
    assert "damaged" in refusal(path)


@pytest.mark.usefixtures("written")
def test_flipped_bits_are_found_before_hdf5_sees_them(path: Path, parsed: list[Path]) -> None:
    """One changed bit, which can bring HDF5 down or hang it, is found without its help."""
    content = path.read_bytes()
    random = np.random.default_rng(0)
    header = range(content.index(b"\0"))
    for place in [*header, *random.integers(BLOCK, len(content), 400), len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        refusal(path)
    assert parsed == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"All: Hello\n" * 1000,
        b"\x89HDF\r\n\x1a\n",
        b"\x89HDF\r\n\x1a\n" + bytes(5000),
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        bytes(100_000),
    ],
)
def test_other_files_are_no_checkpoints(path: Path, content: bytes) -> None:
    """A text, a picture, nothing at all: each is one line."""
    path.write_bytes(content)
    assert "not a charrnn checkpoint" in refusal(path)


@settings(deadline=None)
@given(content=st.binary(max_size=3000))
def test_junk_is_no_checkpoint(content: bytes) -> None:
    """Random bytes are refused as what they are."""
    path = Path(f"junk{SUFFIX}")
    path.write_bytes(content)
    assert "is not a charrnn checkpoint" in refusal(path)


def test_keras_archive_is_no_checkpoint(tmp_path: Path) -> None:
    """A `.keras` file, which is a zip, is said to be no checkpoint."""
    archive = tmp_path / "model.keras"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", "{}")
    assert "is not a charrnn checkpoint" in refusal(archive)


def test_other_programs_hdf5_is_told_from_ours(path: Path) -> None:
    """An HDF5 file with other things in it is said to be another program's."""
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(5)
    assert "another program's" in refusal(path)


@pytest.mark.usefixtures("written")
def test_newer_format_asks_for_an_upgrade(path: Path) -> None:
    """A file of a later charrnn is not guessed at."""
    seal(path, form="format 2")
    assert "upgrade charrnn" in refusal(path)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("form", ["", "format", "format one", "format 1.0", "format 1 or so"])
def test_unknown_formats_are_refused(path: Path, form: str) -> None:
    """A format that is not written as ours is not taken for ours."""
    seal(path, form=form)
    assert "format" in refusal(path)


def test_header_says_what_the_file_is(path: Path, written: Checkpoint) -> None:
    """The first lines are text that a person, or `sha256sum`, can check without this program."""
    content = path.read_bytes()
    title, form, digest, _ = content[:BLOCK].split(b"\n")
    assert (title, form) == (b"charrnn checkpoint", b"format 1")
    assert digest == b"sha256 " + hashlib.sha256(content[BLOCK:]).hexdigest().encode()
    seal(path)
    assert path.read_bytes() == content
    assert_equal(checkpoint.read(path), written)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", ["network", "vocabulary", "provenance"])
def test_every_attribute_is_needed(path: Path, name: str) -> None:
    """A file that lacks one of its attributes is refused."""
    with edited(path) as file:
        del file.attrs[name]
    assert "damaged" in refusal(path)


ODD_ATTRIBUTES = [
    "",
    "{",
    "null",
    "7",
    "[[1, 2], 3]",
    '["a", "b"]',
    '{"a": 1}',
    '"\\ud800"',
    "[" * 100_000,
    b"\xff\xfe",
    3,
    np.float64("inf"),
    np.float64("nan"),
    np.arange(4),
    h5py.Empty("f"),
]


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", ["network", "vocabulary", "provenance"])
@pytest.mark.parametrize("value", ODD_ATTRIBUTES)
def test_attributes_of_other_kinds_are_refused(path: Path, name: str, value: Any) -> None:
    """Whatever stands where JSON is expected, the file is refused in one line."""
    with edited(path) as file:
        file.attrs[name] = value
    refusal(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(value=JSON, name=st.sampled_from(["network", "vocabulary", "provenance"]))
def test_any_json_in_the_wrong_place_is_refused(
    make_checkpoint: MakeCheckpoint, value: Any, name: str
) -> None:
    """JSON of any shape is not mistaken for settings."""
    path = Path(f"odd{SUFFIX}")
    checkpoint.write(path, make_checkpoint())
    with edited(path) as file:
        file.attrs[name] = json.dumps(value)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("network", {"cell": "transformer"}),
        ("network", {"units": 8}),
        ("network", {"units": 0}),
        ("network", {"units": True}),
        ("network", {"units": 10**400}),
        ("network", {"layers": 2}),
        ("network", {"cell": "gru"}),
        ("network", {"vocabulary_size": 12}),
        ("network", {"dropout": math.nan}),
        ("network", {"attention": 1}),
        ("network", {"two\nlines": 1}),
        ("network", {"cell": "two\nlines"}),
        ("provenance", {"epoch": "one"}),
        ("provenance", {"train_loss": None}),
        ("provenance", {"finished": 1}),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    path: Path, written: Checkpoint, name: str, change: dict[str, Any]
) -> None:
    """Settings of another network, out of range or of the wrong type are noticed."""
    values = asdict(written.network if name == "network" else written.provenance)
    with edited(path) as file:
        file.attrs[name] = json.dumps(values | change)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    "characters", ["\n !abcdefg", "\n !abcdefghi", "\n !hgfedcba", "", "a" * 11]
)
def test_vocabulary_must_fit_the_network(path: Path, written: Checkpoint, characters: str) -> None:
    """A vocabulary that is too small, too large or out of order is refused."""
    assert len(written.vocabulary) == 11
    with edited(path) as file:
        file.attrs["vocabulary"] = json.dumps(characters)
    assert "damaged" in refusal(path)


def replace_weight(file: Any, put: Callable[[Any, str], None]) -> None:
    name = f"{CELL}/1"
    del file[name]
    put(file, name)


def as_other_shape(file: Any, name: str) -> None:
    file[name] = np.zeros(SHAPE[::-1], np.float32)


def as_one_row(file: Any, name: str) -> None:
    file[name] = np.zeros((1, SHAPE[1]), np.float32)  # h5py would repeat it


def as_float64(file: Any, name: str) -> None:
    file[name] = np.zeros(SHAPE, np.float64)


def as_big_endian(file: Any, name: str) -> None:
    file.create_dataset(name, data=np.ones(SHAPE), dtype=">f4")


def as_integers(file: Any, name: str) -> None:
    file[name] = np.zeros(SHAPE, np.int32)


def as_text(file: Any, name: str) -> None:
    file[name] = "weights"


def as_nothing(file: Any, name: str) -> None:
    file[name] = h5py.Empty("f4")


def as_group(file: Any, name: str) -> None:
    file.create_group(name)


def as_named_type(file: Any, name: str) -> None:
    file[name] = np.dtype("f4")


def as_endless_link(file: Any, name: str) -> None:
    file[name] = h5py.SoftLink(f"/{name}")


def as_dangling_link(file: Any, name: str) -> None:
    file[name] = h5py.ExternalLink("nowhere.h5", "x")


def as_nothing_at_all(file: Any, name: str) -> None:
    assert name not in file


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "put",
    [
        as_other_shape,
        as_one_row,
        as_float64,
        as_big_endian,
        as_integers,
        as_text,
        as_nothing,
        as_group,
        as_named_type,
        as_endless_link,
        as_dangling_link,
        as_nothing_at_all,
    ],
)
def test_weights_of_another_kind_are_refused(path: Path, put: Callable[[Any, str], None]) -> None:
    """What is not a float32 array of the right shape is not taken for weights."""
    with edited(path) as file:
        replace_weight(file, put)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("name", PATHS)
def test_every_weight_is_needed(path: Path, written: Checkpoint, name: str) -> None:
    """A file that lacks one weight is refused."""
    assert list(written.weights) == PATHS
    with edited(path) as file:
        del file[name]
    assert "damaged" in refusal(path)


def as_external_link(file: Any, name: str) -> None:
    file[name] = h5py.ExternalLink("secret.h5", "secret")


def as_link_to_a_whole_file(file: Any, name: str) -> None:
    file.copy(file["layers/dense"], "kept")
    group = name.split("/")[1]
    del file[f"layers/{group}"]
    file[f"layers/{group}"] = h5py.ExternalLink("secret.h5", f"layers/{group}")


def as_external_storage(file: Any, name: str) -> None:
    external = [("secret.raw", 0, h5py.h5f.UNLIMITED)]
    file.create_dataset(name, SHAPE, "f4", external=external)


def as_virtual(file: Any, name: str) -> None:
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[:] = h5py.VirtualSource("secret.h5", "secret", SHAPE)
    file.create_virtual_dataset(name, layout)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "put", [as_external_link, as_link_to_a_whole_file, as_external_storage, as_virtual]
)
def test_weights_in_other_files_are_not_read(
    path: Path,
    put: Callable[[Any, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A checkpoint from a stranger can't make the program read the user's other files."""
    secret = np.full(SHAPE, 42, np.float32)
    with h5py.File("secret.h5", "w") as file:
        file["secret"] = secret
        for place, shape in enumerate([(5, 28), SHAPE, (28,)]):
            file[f"{CELL}/{place}"] = np.zeros(shape, np.float32)
    Path("secret.raw").write_bytes(secret.tobytes())
    with edited(path) as file:
        replace_weight(file, put)
        readable = file[f"{CELL}/1"][()]
        assert readable.shape == SHAPE  # HDF5 itself would follow
    monkeypatch.chdir(path.parent)
    assert "another file" in refusal(path)


def write_declaring(path: Path, network: NetworkConfig, **stored: Any) -> None:
    """A small file that declares weights as large as those of `network`, without any values."""
    with h5py.File(path, "w", userblock_size=BLOCK) as file:
        file.attrs["network"] = json.dumps(asdict(network))
        file.attrs["vocabulary"] = json.dumps("\nab"[: network.vocabulary_size])
        file.attrs["provenance"] = json.dumps(asdict(Provenance("x", "0" * 64, 1, 1.0, None)))
        for name, shape in network.weight_shapes().items():
            file.create_dataset(name, shape, "f4", **stored)
    seal(path)


def check_refused_in_little_memory(path: Path) -> None:
    child = run_python(READ_IN_LITTLE_MEMORY, str(path))
    assert child.stderr == ""
    megabytes, _, message = child.stdout.partition(" ")
    assert int(megabytes) < 100
    assert "MemoryError" not in message  # refused by what it claims, not by the limit


@limits_memory
@pytest.mark.parametrize("stored", [{}, {"chunks": True}], ids=["plain", "chunked"])
@pytest.mark.parametrize("units", [20_000, 1_000_000])
def test_giant_declared_sizes_take_no_memory(
    path: Path, stored: dict[str, Any], units: int
) -> None:
    """A small file that claims to hold terabytes is refused without setting them aside."""
    write_declaring(path, NetworkConfig(3, "lstm", embedding=2, units=units), **stored)
    assert path.stat().st_size < 1_000_000
    check_refused_in_little_memory(path)


@limits_memory
def test_a_billion_declared_layers_take_no_memory(path: Path, written: Checkpoint) -> None:
    """A file that claims more layers than it can hold is refused before they are listed."""
    with edited(path) as file:
        file.attrs["network"] = json.dumps(asdict(written.network) | {"layers": 10**9})
    check_refused_in_little_memory(path)


def test_full_disk_leaves_the_last_good_checkpoint(path: Path, written: Checkpoint) -> None:
    """Where the disk is full the writing fails and the checkpoint before it can be read."""
    child = run_python(WRITE_ON_A_FULL_DISK, str(path))
    assert child.stdout == "File too large\n"
    assert_equal(checkpoint.read(path), written)
    assert list(path.parent.iterdir()) == [path]


def test_checkpoint_is_replaced_in_one_step(
    path: Path, written: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new content is on disk a reader finds the old checkpoint, then the new one."""
    seen: list[int] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        seen.append(checkpoint.read(path).provenance.epoch)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    later = replace(written, provenance=replace(written.provenance, epoch=2))
    checkpoint.write(path, later)
    assert seen == [1]
    assert_equal(checkpoint.read(path), later)
