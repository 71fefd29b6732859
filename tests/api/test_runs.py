"""The table of runs from Python."""

from pathlib import Path

import pytest

import charrnn
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from tests.support import kinds


def test_runs_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of all kinds are found where the commands find them, the newest first."""
    assert charrnn.list_runs() == []
    folder = tmp_path / "elsewhere"
    for kind, name in ((LANGUAGE, "novel"), (CLASSIFIER, "critic")):
        kinds.write_epoch(kinds.make_run(folder, kind, name))
    found = charrnn.list_runs(folder)
    assert [(run.name, run.kind) for run in found] == [
        ("critic", "classifier"),
        ("novel", "language model"),
    ]
    assert all(isinstance(run, charrnn.RunSummary) for run in found)
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", str(folder))
    assert charrnn.list_runs() == found
    with pytest.raises(charrnn.CharrnnError, match="`checkpoints`"):
        charrnn.list_runs(7)  # type: ignore[arg-type]
