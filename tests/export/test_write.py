"""Giving a network away: what a file is called, and which files are never replaced."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from charrnn.errors import UsageError
from charrnn.export.formats import FORMATS
from charrnn.export.write import write_model
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.runs.int8 import quantize
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint, MakeRun


@pytest.mark.parametrize("to", FORMATS)
def test_files_are_named_after_the_run(make_run: MakeRun, tmp_path: Path, to: str) -> None:
    """A file is called like the run, in the working folder, or in the one that is given."""
    model = load_model(make_run("novel"))
    expected = f"novel{FORMATS[to].ending}"
    assert write_model(model, to) == Path(expected)
    (tmp_path / "gifts").mkdir()
    assert write_model(model, to, tmp_path / "gifts") == tmp_path / "gifts" / expected
    assert [path.name for path in tmp_path.glob("gifts/*")] == [expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("friend.weights.h5", "friend"), ("epoch-0009.weights.h5", "epoch-0009"), ("net", "net")],
)
def test_a_file_of_no_run_lends_its_own_name(
    make_run: MakeRun, tmp_path: Path, name: str, expected: str
) -> None:
    """A checkpoint that lies anywhere says nothing by its folder."""
    moved = make_run("novel", epoch=1).rename(tmp_path / name)
    assert write_model(load_model(moved), "int8").name == f"{expected}-int8.weights.h5"


def test_a_network_without_a_file_has_a_name(make_checkpoint: MakeCheckpoint) -> None:
    """What was adapted in Python, and kept nowhere, can be given away too."""
    model = LanguageModel(make_checkpoint())
    assert write_model(model, "int8").name == "network-int8.weights.h5"


def test_a_checkpoint_is_never_replaced(make_run: MakeRun) -> None:
    """Weights can't be had again: neither the network's own file nor another's is written over."""
    own, other = make_run("novel"), make_run("other")
    resume = kinds.write_resume_file(Run(other.parent, LANGUAGE))
    paths = (own, other, resume)
    before = [path.read_bytes() for path in paths]
    model = load_model(own)
    for path in paths:
        message = catch_message(UsageError, partial(write_model, model, "int8", path))
        assert "not replaced" in message
        assert "`file`" in message
    assert [path.read_bytes() for path in paths] == before


def test_the_same_network_in_8_bits_is_replaced(make_run: MakeRun) -> None:
    """What int8 wrote of a network it can write again; another network's file stays."""
    model = load_model(make_run("novel", epoch=1))
    path = write_model(model, "int8")
    before = path.read_bytes()
    assert write_model(model, "int8") == path
    assert path.read_bytes() == before
    other = load_model(make_run("other", cell="gru"))
    assert "not replaced" in catch_message(UsageError, partial(write_model, other, "int8", path))
    assert "not replaced" in catch_message(UsageError, partial(write_model, model, "onnx", path))
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))  # damaged: it may be anyone's
    assert "not replaced" in catch_message(UsageError, partial(write_model, model, "int8"))


def test_an_older_file_of_that_form_is_replaced(make_run: MakeRun, tmp_path: Path) -> None:
    """What is no network can be made again."""
    model, path = load_model(make_run("novel")), tmp_path / "gift.H5"
    path.write_text("a note", encoding="utf-8")
    assert write_model(model, "int8", path) == path
    assert load_model(path).vocabulary.to_values() == model.vocabulary.to_values()


@pytest.mark.parametrize("form", ["html", "keras"])
def test_what_was_exported_can_be_exported_again(make_run: MakeRun, form: str) -> None:
    """A page or a file for Keras takes the older one's place."""
    model = load_model(make_run("novel"))
    path = write_model(model, form)
    path.write_bytes(b"an older one")
    assert write_model(model, form) == path
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("form", FORMATS)
def test_another_file_is_not_replaced(make_run: MakeRun, tmp_path: Path, form: str) -> None:
    """A novel that is named by mistake is still there."""
    model, path = load_model(make_run("novel")), tmp_path / "novel.txt"
    path.write_text("It was a dark", encoding="utf-8")
    assert "not replaced" in catch_message(UsageError, partial(write_model, model, form, path))
    assert path.read_text(encoding="utf-8") == "It was a dark"


def test_an_unknown_form_is_rejected(make_run: MakeRun) -> None:
    """The error lists the forms there are."""
    model = load_model(make_run("novel"))
    message = catch_message(UsageError, partial(write_model, model, "pdf"))
    assert all(name in message for name in FORMATS)


def test_int8_has_the_rounded_weights(make_run: MakeRun) -> None:
    """The small network is the large one with its matrices rounded, and nothing else changed."""
    model = load_model(make_run("novel", cell="gru"))
    small = load_model(write_model(model, "int8")).checkpoint
    assert (small.network, small.provenance) == (
        model.checkpoint.network,
        model.checkpoint.provenance,
    )
    recurrent = "layers/gru/cell/vars/1"
    expected = quantize(model.checkpoint.weights[recurrent]).dequantize()
    assert np.array_equal(small.weights[recurrent], expected)


def test_a_small_network_can_be_exported_again(make_run: MakeRun) -> None:
    """An int8 file of an int8 file is the same file."""
    first = write_model(load_model(make_run("novel")), "int8")
    second = write_model(load_model(first), "int8", Path("again"))
    assert second.read_bytes() == first.read_bytes()
