"""What stands in a checkpoint is never trusted: settings, vocabulary and weights are checked."""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.language import NetworkConfig
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, Provenance, write_checkpoint
from tests.support.checkpoints import BLOCK, edit, reject, run_python, seal
from tests.support.networks import MakeCheckpoint

CELL = "layers/lstm/cell/vars"
PATHS = [
    "layers/embedding/vars/0",
    *(f"{CELL}/{place}" for place in range(3)),
    *(f"layers/dense/vars/{place}" for place in range(2)),
]
SHAPE = (7, 28)  # of the recurrent kernel, f"{CELL}/1"

limits_memory = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems don't limit a process's memory in this way"
)


READ_IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from charrnn.errors import CheckpointError
from charrnn.runs.checkpoint import read_checkpoint

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = used + 500_000_000  # so that the test itself takes no more
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
before = peak()
try:
    read_checkpoint(Path(sys.argv[1]))
except CheckpointError as error:
    print(peak() - before, error)
"""


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("name", ["network", "vocabulary", "provenance"])
def test_every_attribute_is_needed(path: Path, name: str) -> None:
    """A file that lacks one of its attributes is refused."""
    with edit(path) as file:
        del file.attrs[name]
    assert "damaged" in reject(path)


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
    """Anything but JSON in the place of JSON makes the file rejected in one line."""
    with edit(path) as file:
        file.attrs[name] = value
    reject(path)


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
    write_checkpoint(path, make_checkpoint())
    with edit(path) as file:
        file.attrs[name] = json.dumps(value)
    assert "damaged" in reject(path)


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
    with edit(path) as file:
        file.attrs[name] = json.dumps(values | change)
    assert "damaged" in reject(path)


@pytest.mark.parametrize(
    "characters", ["\n !abcdefg", "\n !abcdefghi", "\n !hgfedcba", "", "a" * 11]
)
def test_vocabulary_must_fit_the_network(path: Path, written: Checkpoint, characters: str) -> None:
    """A vocabulary that is too small, too large or out of order is refused."""
    assert len(written.vocabulary) == 11
    with edit(path) as file:
        file.attrs["vocabulary"] = json.dumps(characters)
    assert "damaged" in reject(path)


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
    with edit(path) as file:
        replace_weight(file, put)
    assert "damaged" in reject(path)


@pytest.mark.parametrize("name", PATHS)
def test_every_weight_is_needed(path: Path, written: Checkpoint, name: str) -> None:
    """A file that lacks one weight is refused."""
    assert list(written.weights) == PATHS
    with edit(path) as file:
        del file[name]
    assert "damaged" in reject(path)


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
    with edit(path) as file:
        replace_weight(file, put)
        readable = file[f"{CELL}/1"][()]
        assert readable.shape == SHAPE  # HDF5 itself would follow
    monkeypatch.chdir(path.parent)
    assert "another file" in reject(path)


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
    with edit(path) as file:
        file.attrs["network"] = json.dumps(asdict(written.network) | {"layers": 10**9})
    check_refused_in_little_memory(path)
