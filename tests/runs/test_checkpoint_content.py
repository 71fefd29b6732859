"""What stands in a checkpoint is never trusted: settings, vocabulary and weights are checked."""

import math
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.runs.checkpoint import SUFFIX, Checkpoint, read_checkpoint, write_checkpoint
from tests.support.checkpoints import assert_equal, edit, reject, run_python
from tests.support.networks import MakeCheckpoint, make_reading_bytes

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
def test_every_part_is_needed(path: Path, name: str) -> None:
    """A file that lacks a part of its content is refused."""
    with edit(path) as values:
        del values["content"][name]
    assert "damaged" in reject(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@pytest.mark.slow
@settings(deadline=None)
@given(value=JSON, name=st.sampled_from(["network", "vocabulary", "provenance"]))
def test_any_json_in_the_wrong_place_is_refused(
    make_checkpoint: MakeCheckpoint, value: Any, name: str
) -> None:
    """JSON of any shape is not mistaken for settings."""
    path = Path(f"odd{SUFFIX}")
    write_checkpoint(path, make_checkpoint())
    with edit(path) as values:
        values["content"][name] = value
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
        ("network", {"layers": 10**9}),
        ("network", {"cell": "gru"}),
        ("network", {"vocabulary_size": 12}),
        ("network", {"dropout": math.nan}),
        ("network", {"attention": 1}),
        ("network", {"two\nlines": 1}),
        ("network", {"cell": "two\nlines"}),
        ("provenance", {"epoch": "one"}),
        ("provenance", {"train_loss": "low"}),
        ("provenance", {"train_loss": 10**400}),
        ("provenance", {"corpus": "half \ud83d"}),
        ("provenance", {"step": 1.5}),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    path: Path, written: Checkpoint, name: str, change: dict[str, Any]
) -> None:
    """Settings of another network, out of range or of the wrong type are noticed."""
    assert written.network.units == 7
    with edit(path) as values:
        values["content"][name] |= change
    assert "damaged" in reject(path)


@pytest.mark.parametrize(
    "characters",
    ["\n !abcdefg", "\n !abcdefghi", "\n !hgfedcba", "", "a" * 11, {"bytes": True}, {"bytes": 1}],
)
def test_vocabulary_must_fit_the_network(path: Path, written: Checkpoint, characters: Any) -> None:
    """A vocabulary that is too small, too large or out of order is refused; bytes are 256."""
    assert len(written.vocabulary) == 11
    with edit(path) as values:
        values["content"]["vocabulary"] = characters
    assert "damaged" in reject(path)


def test_a_network_of_bytes_is_written_and_read(path: Path) -> None:
    """It comes back as it was, in 8 bits too; characters instead of bytes are refused."""
    made = make_reading_bytes()
    for int8 in (False, True):
        write_checkpoint(path, made, int8=int8)
        again = read_checkpoint(path)
        assert again.vocabulary == made.vocabulary
        assert again.network == made.network
    with edit(path) as values:
        assert values["content"]["vocabulary"] == {"bytes": True}
        values["content"]["vocabulary"] = "abc"
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        ("<f4", SHAPE[::-1]),
        ("<f4", (1, SHAPE[1])),
        ("<f4", (SHAPE[0] * SHAPE[1],)),
        ("<f4", (*SHAPE, 1)),
        ("<f8", SHAPE),
        ("<i4", SHAPE),
        ("<u4", SHAPE),
    ],
)
def test_weights_of_another_kind_are_refused(
    path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    """What is not a float32 array of the right shape is not taken for weights."""
    with edit(path) as values:
        values["arrays"][f"{CELL}/1"][:2] = [dtype, shape]
    assert "damaged" in reject(path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(
    path: Path, make_checkpoint: MakeCheckpoint, value: float
) -> None:
    """A network that diverged can't be used, or begun from, in silence."""
    made = make_checkpoint()
    made.weights[f"{CELL}/1"][3, 5] = value
    write_checkpoint(path, made)
    assert reject(path).endswith(
        "NaN or infinity: it diverged in training; choose an earlier epoch"
    )


@pytest.mark.parametrize("name", PATHS)
def test_every_weight_is_needed(path: Path, written: Checkpoint, name: str) -> None:
    """A file that lacks one weight is refused, and so is one with another."""
    assert list(written.weights) == PATHS
    with edit(path) as values:
        described = values["arrays"].pop(name)
    assert "damaged" in reject(path)
    with edit(path) as values:
        values["arrays"] |= {name: described, "more": described}
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("written")
def test_what_a_stranger_wrote_is_quoted_briefly(path: Path) -> None:
    """A setting's name of 10,000 characters doesn't fill the screen, and a terminal obeys none."""
    with edit(path) as values:
        values["content"]["network"]["\x1b[2J" + "x" * 10_000] = 1
    message = reject(path)
    assert len(message) < 300 + len(str(path))
    assert message.isprintable()


def test_the_order_in_the_file_does_not_matter(path: Path, written: Checkpoint) -> None:
    """Weights come in the network's order."""
    with edit(path) as values:
        values["arrays"] = dict(reversed(values["arrays"].items()))
    assert_equal(read_checkpoint(path), written)


def check_refused_in_little_memory(path: Path) -> None:
    child = run_python(READ_IN_LITTLE_MEMORY, str(path))
    assert child.stderr == ""
    megabytes, _, message = child.stdout.partition(" ")
    assert int(megabytes) < 100
    assert "MemoryError" not in message  # refused by what it claims, not by the limit


@limits_memory
@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("units", [20_000, 1_000_000])
def test_giant_declared_sizes_take_no_memory(path: Path, units: int) -> None:
    """A small file that claims to hold terabytes is refused without setting them aside."""
    with edit(path) as values:
        values["content"]["network"] |= {"units": units}
        for described in values["arrays"].values():
            described[1] = [units, units]
    check_refused_in_little_memory(path)


@limits_memory
def test_a_billion_declared_layers_take_no_memory(path: Path, written: Checkpoint) -> None:
    """A file that claims more layers than it can hold is refused before they are listed."""
    assert written.network.layers == 1
    with edit(path) as values:
        values["content"]["network"] |= {"layers": 10**9}
    check_refused_in_little_memory(path)
