"""`charrnn classify compare`: a row for each finished classifier."""

import json
import shutil

import pytest

from charrnn.config.presets import REVIEW_PRESETS
from charrnn.runs.outcome import read_outcome
from tests.support.commands import Fails, Invoke
from tests.support.reviews import RUNS, Finished, find_classifier_run


@pytest.fixture
def compared(finished: Finished) -> list[str]:
    """Three runs, the last unfinished; the better of the others was made later."""
    names = ["reviews-lstm-32", "better", "unfinished"]
    first = finished.folder / RUNS / names[0]
    for name in names[1:]:
        shutil.copytree(first, RUNS / name)
    (RUNS / "unfinished/result.json").unlink()
    path = RUNS / "better/result.json"
    values = json.loads(path.read_text())
    changed = {"run": "better", "preset": "gru-32", "changes": "", "test_accuracy": 1.5}
    path.write_text(json.dumps(values | changed))
    return names


def first_words(rows: list[str]) -> list[str]:
    """Each row's run."""
    return [row.split()[0] for row in rows]


def test_compare_as_a_table(compared: list[str], invoke: Invoke) -> None:
    """Finished runs come best first, with what their articles report; named ones in their order."""
    head, *rows = invoke("classify", "compare").stdout.splitlines()
    assert head.split()[:4] == ["run", "network", "parameters", "epochs"]
    assert head.endswith("reported")
    assert first_words(rows) == ["better", "reviews-lstm-32"]
    assert "150.00%" in rows[0]
    named = invoke("classify", "compare", *compared[:2]).stdout.splitlines()
    assert first_words(named[1:]) == ["reviews-lstm-32", "better"]


@pytest.mark.usefixtures("compared")
def test_compare_in_a_narrow_terminal(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row stays a line: the columns that matter least are left out, and no figure is cut."""
    monkeypatch.setattr("charrnn.cli.columns.measure_room", lambda: 50)
    head, *rows = invoke("classify", "compare").stdout.splitlines()
    assert head.split() == ["run", "validation", "test", "loss", "test"]
    assert first_words(rows) == ["better", "reviews-lstm-32"]
    assert max(map(len, [head, *rows])) <= 50


def test_compare_as_markdown(compared: list[str], invoke: Invoke) -> None:
    """Each line of the Markdown table has the same cells, and the figures are the outcomes'."""
    lines = invoke("classify", "compare", "--format", "markdown").stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(row) for row in cells}) == 1
    assert cells[1] == ["---", "---", *["---:"] * (len(cells[0]) - 3), "---"]
    outcome = read_outcome(find_classifier_run(compared[0]))
    assert outcome is not None
    expected = {
        "run": outcome.run,
        "network": f"lstm-32 {outcome.changes}",
        "parameters": "25",
        "epochs": f"{outcome.best_epoch} of 3",
        "s/epoch": f"{outcome.seconds_per_epoch:.1f}",
        "validation": f"{100 * outcome.validation_accuracy:.2f}%",
        "test loss": f"{outcome.test_loss:.4f}",
        "test": f"{100 * outcome.test_accuracy:.2f}%",
        "after last": f"{100 * outcome.last_test_accuracy:.2f}%",
        "reported": "",
    }
    found = dict(zip(cells[0], cells[3], strict=True))
    assert found | expected == found


def test_compare_as_json(compared: list[str], invoke: Invoke) -> None:
    """A line of JSON is what result.json holds, and what was reported."""
    lines = invoke("classify", "compare", "--format", "json", *compared[:2]).stdout.splitlines()
    for name, line in zip(compared[:2], lines, strict=True):
        row = json.loads(line)
        assert row.pop("reported") == ""
        assert row == json.loads((RUNS / name / "result.json").read_text())


def test_reported_figures(compared: list[str], invoke: Invoke) -> None:
    """The article's figures are shown for the article's reviews, and for no others."""
    path = RUNS / compared[0] / "result.json"
    kept = path.read_text()
    path.write_text(json.dumps(json.loads(kept) | {"reviews": "imdb", "changes": ""}))
    row = json.loads(invoke("classify", "compare", "--format", "json", compared[0]).stdout)
    path.write_text(kept)
    assert row["reported"] == REVIEW_PRESETS["lstm-32"].reported


def test_what_can_not_be_compared(compared: list[str], fails: Fails) -> None:
    """An unfinished run, an unknown one, a damaged outcome and no run at all get a line each."""
    line = fails(1, "classify", "compare", "unfinished")
    assert line.endswith("resume it with charrnn classify imdb --resume unfinished")
    assert "better" in fails(1, "classify", "compare", "nobody")
    (RUNS / compared[0] / "result.json").write_text("{")
    assert "result.json is damaged" in fails(1, "classify", "compare")
    line = fails(1, "classify", "compare", "--checkpoints", "nowhere")
    assert "nowhere/classify" in line
    assert "charrnn classify imdb" in line
