"""The size of a network's gradients, kept beside its checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.runs.checkpoint import Checkpoint, read_checkpoint
from charrnn.runs.gradient_rms import GradientRms, read_rms, write_rms
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support.networks import MakeCheckpoint, MakeRun


def make_rms(checkpoint: Checkpoint) -> dict[str, Any]:
    return {name: np.abs(values) for name, values in checkpoint.weights.items()}


@pytest.fixture
def kept(make_run: MakeRun) -> tuple[Path, Checkpoint, GradientRms]:
    """A checkpoint, and what is kept beside it."""
    path = make_run()
    checkpoint = read_checkpoint(path)
    write_rms(path, checkpoint, 20, make_rms(checkpoint))
    return path, checkpoint, make_rms(checkpoint)


def test_what_was_kept_is_read_again(kept: tuple[Path, Checkpoint, GradientRms]) -> None:
    """To the bit; the file is neither an epoch nor a checkpoint."""
    path, checkpoint, rms = kept
    found = read_rms(path, checkpoint, 20)
    assert found is not None
    for name, values in rms.items():
        np.testing.assert_array_equal(found[name], values)
    assert path.with_name("epoch-0001.rms").exists()
    assert Run(path.parent, LANGUAGE).list_epochs() == [1]
    assert len(list(path.parent.glob("*.h5"))) == 1


def test_others_are_not_used(
    kept: tuple[Path, Checkpoint, GradientRms], make_checkpoint: MakeCheckpoint
) -> None:
    """Those of other pieces or of another network, damaged ones and none at all count as none."""
    path, checkpoint, _ = kept
    assert read_rms(path, checkpoint, 21) is None
    assert read_rms(path, make_checkpoint(seed=1), 20) is None
    file = path.with_name("epoch-0001.rms")
    file.write_bytes(file.read_bytes()[:-1])
    assert read_rms(path, checkpoint, 20) is None
    file.unlink()
    assert read_rms(path, checkpoint, 20) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_only_usable_numbers_are_used(make_run: MakeRun, bad: float) -> None:
    """NaN, infinity, or a sign would spoil every step."""
    path = make_run()
    checkpoint = read_checkpoint(path)
    rms = make_rms(checkpoint)
    rms["layers/dense/vars/1"][3] = bad
    write_rms(path, checkpoint, 20, rms)
    assert read_rms(path, checkpoint, 20) is None
