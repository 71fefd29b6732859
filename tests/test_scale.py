"""docs/scale.md: its Ray Data script runs on a real local Ray, and gives what one process gives."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import charrnn
from tests.support.scored_words import compute_probability, write_classifier

ROOT = Path(charrnn.__file__).parent.parent
LINES = ["the king is good", "a bad bad film", "not to be\u2028 or", "great " * 40] * 60

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason='Ray is not installed, an extra: pip install -e ".[ray]"',
)


def read_script() -> str:
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(import ray\n.*?)```", page, re.DOTALL)
    return str(script)


def read_rows(folder: str) -> list[dict[str, Any]]:
    """What Ray wrote, in files in any order."""
    files = Path(folder).glob("*.json")
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_the_script_is_python() -> None:
    """What the page shows can at least be compiled where there is no Ray."""
    assert "map_batches" in compile(read_script(), "scale.md", "exec").co_names


@needs_ray
@pytest.mark.slow
def test_the_script_runs_on_ray() -> None:
    """Actors judge, score and write what this process does: the page's script, as it stands."""
    write_classifier("imdb-lstm")
    reviews = [{"number": number, "text": text} for number, text in enumerate(LINES)]
    lines = "".join(f"{json.dumps(review)}\n" for review in reviews)
    Path("reviews.jsonl").write_text(lines, encoding="utf-8")
    Path("script.py").write_text(read_script(), encoding="utf-8")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "script.py"], env=env, capture_output=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr.decode()

    judged = {row["number"]: row for row in read_rows("judged")}
    assert {number: row["text"] for number, row in judged.items()} == dict(enumerate(LINES))
    for row in judged.values():
        assert row["positive"] == pytest.approx(compute_probability(row["text"]), abs=1e-6)

    model = charrnn.load("shakespeare")
    right = {text: model.score(text, unknown="skip") for text in {*LINES}}
    scored = read_rows("scored")
    assert sorted(row["number"] for row in scored) == [*range(len(LINES))]
    assert all(row["loss"] == pytest.approx(right[row["text"]]) for row in scored)

    written = read_rows("written")
    assert len(written) == len({row["text"] for row in written}) == 10 * 64
    expected = model.generate("ROMEO:", length=100, num=64, seed=3)
    assert [row["text"] for row in written if row["seed"] == 3] == expected
