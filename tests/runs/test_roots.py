"""The roots of a network's gradients, kept beside its checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.roots import read_roots, write_roots
from charrnn.runs.run import Run
from tests.support.networks import MakeRun


@pytest.fixture
def kept(make_run: MakeRun) -> tuple[Path, Any, Any]:
    """A checkpoint, its weights' shapes, and the roots that are kept beside it."""
    path = make_run()
    checkpoint = read_checkpoint(path)
    roots = {name: np.abs(values) for name, values in checkpoint.weights.items()}
    write_roots(path, 20, roots)
    return path, checkpoint.network.weight_shapes(), roots


def test_what_was_kept_is_read_again(kept: tuple[Path, Any, Any]) -> None:
    """To the bit; the file is neither an epoch nor a checkpoint."""
    path, shapes, roots = kept
    found = read_roots(path, 20, shapes)
    assert found is not None
    for name, values in roots.items():
        np.testing.assert_array_equal(found[name], values)
    assert path.with_name("epoch-0001.roots").exists()
    assert Run(path.parent, LANGUAGE).list_epochs() == [1]
    assert len(list(path.parent.glob("*.h5"))) == 1


def test_others_are_not_used(kept: tuple[Path, Any, Any], make_run: MakeRun) -> None:
    """Roots of other pieces or of another network, damaged ones and none at all count as none."""
    path, shapes, _ = kept
    assert read_roots(path, 21, shapes) is None
    make_run(seed=1)
    assert read_roots(path, 20, shapes) is None
    file = path.with_name("epoch-0001.roots")
    file.write_bytes(file.read_bytes()[:-1])
    assert read_roots(path, 20, shapes) is None
    file.unlink()
    assert read_roots(path, 20, shapes) is None


def test_roots_must_be_usable(make_run: MakeRun) -> None:
    """NaN, or a sign, would spoil every step."""
    path = make_run()
    checkpoint = read_checkpoint(path)
    for bad in (np.nan, -1.0):
        roots = {name: np.abs(values) for name, values in checkpoint.weights.items()}
        roots["layers/dense/vars/1"][3] = bad
        write_roots(path, 20, roots)
        assert read_roots(path, 20, checkpoint.network.weight_shapes()) is None
