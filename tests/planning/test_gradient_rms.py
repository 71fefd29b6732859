"""The size of a network's gradients, measured on its training text."""

from pathlib import Path

import numpy as np
import pytest

from charrnn.data.text import Text
from charrnn.inference.adapt import measure_rms
from charrnn.planning import gradient_rms
from charrnn.planning.gradient_rms import cut_stretches, find_rms
from charrnn.planning.report import Silence
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.language_runs import LEARNT, write_trained


def test_stretches_are_spread_over_the_text() -> None:
    """Ten of equal length, the first at the start and the last at the end; a short text is one."""
    text = "".join(chr(256 + number) for number in range(10_000))
    stretches = [str(one) for one in cut_stretches(Text.of(text), 500)]
    assert [len(one) for one in stretches] == [51] * 10
    starts = [text.index(one) for one in stretches]
    assert starts[0] == 0
    assert starts[-1] == len(text) - 51
    assert set(np.diff(starts)) <= {1105, 1106}
    assert [str(one) for one in cut_stretches(Text.of("abc"), 3)] == ["abc"]


def test_training_text_is_measured_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once: later it is not read."""
    path = write_trained()
    checkpoint = read_checkpoint(path)
    found = find_rms(path, checkpoint, (), Path(), Silence(), 20)
    expected = measure_rms(checkpoint, [checkpoint.vocabulary.encode(LEARNT)], 20)
    assert found is not None
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    Path("novel.txt").unlink()
    monkeypatch.setattr(gradient_rms, "measure_rms", None)
    assert find_rms(path, checkpoint, (), Path(), Silence(), 20) is not None
    assert find_rms(path, checkpoint, (), Path(), Silence(), 19) is None


def test_what_can_not_be_kept_is_used_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that can't be written costs no figure."""
    path = write_trained()

    def refuse(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(gradient_rms, "write_rms", refuse)
    assert find_rms(path, read_checkpoint(path), (), Path(), Silence(), 20) is not None
    assert not list(path.parent.glob("*.rms"))
