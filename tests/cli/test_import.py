"""`charrnn import`: another program's network as a run that other commands use."""

from pathlib import Path

import numpy as np
import pytest

from charrnn.export.safetensors import pack_arrays
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import read_text
from tests.support.networks import CHARACTERS, MakeRun, make_checkpoint

TEXT = "a bad cab! each dad had a head\n" * 40 + CHARACTERS


@pytest.fixture
def foreign() -> Path:
    """A file of weights without characters."""
    arrays = {
        name.removeprefix("layers/"): values
        for name, values in make_checkpoint(cell="gru").weights.items()
    }
    Path("tutorial.safetensors").write_bytes(pack_arrays(arrays, {}))
    return Path("tutorial.safetensors")


def test_stdout_has_the_path_alone(invoke: Invoke, foreign: Path) -> None:
    """A script reads where the checkpoint is; a person reads what it is and what to do next."""
    Path("novel.txt").write_text(TEXT, encoding="utf-8")
    result = invoke("import", foreign, "--corpus", "novel.txt")
    path = Path(read_text(result).removesuffix("\n"))
    assert path == Path("checkpoints/novel-gru/epoch-0001.weights.h5")
    described, use = result.stderr.splitlines()[-2:]
    assert described.startswith("novel-gru, imported from tutorial.safetensors, training loss ")
    assert described.endswith(": gru, 437 parameters")
    assert use == "Read what it writes: charrnn sample --run novel-gru"


def test_the_run_is_used_like_any_other(invoke: Invoke, foreign: Path) -> None:
    """`sample` and `export` take it; its weights are the file's."""
    path = Path(
        read_text(invoke("import", foreign, "--vocabulary", CHARACTERS, "--run", "mine")).strip()
    )
    assert path.parent.name == "mine"
    weights = read_checkpoint(path).weights
    for name, values in make_checkpoint(cell="gru").weights.items():
        assert np.array_equal(weights[name], values)
    assert len(read_text(invoke("sample", "a", "--run", "mine", "--length", "9"))) >= 9
    folder = read_text(invoke("export", "mine", "--to", "safetensors")).strip()
    assert "imported from" in invoke("import", folder, "--run", "again").stderr


def test_one_that_was_exported_needs_no_text(invoke: Invoke, make_run: MakeRun) -> None:
    """Its folder has the characters; the new run is named after the text that it learnt from."""
    make_run("novel")
    folder = read_text(invoke("export", "novel", "--to", "huggingface")).strip()
    path = Path(read_text(invoke("import", folder)).strip())
    assert path == Path("checkpoints/test-lstm/epoch-0001.weights.h5")
    assert read_checkpoint(path).provenance.train_loss == 2.5


def test_errors_name_the_options(fails: Fails, foreign: Path, make_run: MakeRun) -> None:
    """What is missing or in the way is said in one line, before anything is written."""
    make_run("taken")
    missing = fails(2, "import", foreign)
    assert "--corpus" in missing
    assert "--vocabulary" in missing
    assert "not both" in fails(2, "import", foreign, "--corpus", "pydoc", "--vocabulary", "ab")
    assert "11 characters" in fails(1, "import", foreign, "--vocabulary", "ab")
    assert "--run" in fails(1, "import", foreign, "--vocabulary", CHARACTERS, "--run", "taken")
    assert "no.h5" in fails(1, "import", "no.h5", "--vocabulary", "ab")
    assert sorted(path.name for path in Path("checkpoints").iterdir()) == ["taken"]
