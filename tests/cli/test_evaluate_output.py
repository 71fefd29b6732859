"""`charrnn evaluate`: what goes to stdout and stderr."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from charrnn.cli import bars
from charrnn.inference.language import NumpyStepper
from tests.support.commands import Invoke
from tests.support.language_runs import HELD_BACK, read_rows, write_trained


def test_json(invoke: Invoke) -> None:
    """--json prints an object a line: what was measured, with which network, on which text."""
    path = write_trained(epoch=3)
    stream, crops = read_rows(invoke("evaluate", "--json"))
    nats = stream["nats_per_character"]
    assert stream == {
        "run": "tiny",
        "epoch": 3,
        "checkpoint": str(path),
        "text": "validation",
        "mode": "stream",
        "characters": len(HELD_BACK) - 1,
        "nats_per_character": nats,
        "perplexity": pytest.approx(math.exp(nats)),
        "bits_per_character": pytest.approx(nats * math.log2(math.e)),
    }
    assert set(crops) == {*stream, "crop_length"}
    assert crops["mode"] == "crops"


def test_plain(invoke: Invoke) -> None:
    """stdout holds a table with a header; stderr says which network read how many characters."""
    write_trained()
    found = {row["mode"]: row for row in read_rows(invoke("evaluate", "--json"))}
    result = invoke("evaluate")
    header, *lines = result.stdout.splitlines()
    assert re.split(r"  +", header) == [
        "mode",
        "nats/char",
        "perplexity",
        "bits/char",
        "characters",
    ]
    for line, mode in zip(lines, ["stream", "crops"], strict=True):
        row = found[mode]
        assert line.split() == [
            mode,
            f"{row['nats_per_character']:.4f}",
            f"{row['perplexity']:.4f}",
            f"{row['bits_per_character']:.4f}",
            str(len(HELD_BACK) - 1),
        ]
        assert len(line) == len(header)
    assert result.stderr == (
        f"tiny, epoch 1, validation loss 2.2500; its validation text, {len(HELD_BACK)} characters\n"
    )


def test_loudness(invoke: Invoke) -> None:
    """-q leaves stderr empty, -v adds how fast it went; stdout stays as it is."""
    write_trained()
    normal, quiet, verbose = (invoke("evaluate", *flag) for flag in ([], ["-q"], ["-v"]))
    assert normal.stdout == quiet.stdout == verbose.stdout != ""
    assert quiet.stderr == ""
    note, *details = verbose.stderr.splitlines()
    assert note == normal.stderr.strip()
    for mode, detail in zip(["stream", "crops"], details, strict=True):
        pattern = rf"{mode}: {len(HELD_BACK) - 1} characters in \d+\.\d\d s, [\d,]+ a second"
        assert re.fullmatch(pattern, detail)


def test_a_long_text_says_how_long(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of reading says on stderr how long it takes; the first names the option for less."""
    monkeypatch.setattr(bars, "_MEASURED", 0)
    monkeypatch.setattr(bars, "_LONG", -1)
    write_trained()

    def list_times(*words: object) -> list[str]:
        lines = re.findall(r".*about \d+ s in all.*", invoke(*words).stderr)
        return [re.sub(r"\d+ s", "S s", line) for line in lines]

    first, *others = list_times("evaluate", "--adapt")
    limit = "; --limit N reads only the first N characters"
    assert first == f"stream: about S s in all{limit}"
    assert others == ["adapt: about S s in all", "crops: about S s in all"]
    assert list_times("evaluate", "--mode", "crops", "--limit", 50) == ["crops: about S s in all"]
    adapting = list_times("sample", "--adapt", "novel.txt", "--length", 1)
    assert adapting == ["adapting: about S s in all"]
    assert list_times("evaluate", "-q") == []


def test_note_about_a_learnt_text(invoke: Invoke) -> None:
    """A note says so if the text is the one that the network learnt from."""
    write_trained()
    Path("other.txt").write_text(HELD_BACK, encoding="utf-8")
    learnt = "the network learnt from this text"
    assert learnt in invoke("evaluate", "tiny", "novel.txt").stderr
    assert learnt not in invoke("evaluate", "tiny", "other.txt").stderr


def test_no_tensorflow() -> None:
    """The NumPy engine reads a run's own text without TensorFlow, Keras or Matplotlib."""
    write_trained()
    code = """
import atexit, sys
heavy = {"keras", "matplotlib", "requests", "tensorflow", "tokenizers"}
atexit.register(lambda: print("loaded:", *heavy & {*sys.modules}))
sys.argv = ["charrnn", "evaluate", "-q", "--json"]
from charrnn.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    *lines, last = done.stdout.splitlines()
    assert [json.loads(line)["mode"] for line in lines] == ["stream", "crops"]
    assert last == "loaded:"


def test_ctrl_c_ends_quietly(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a text is read ends with 130; what was measured before is printed."""
    write_trained()
    (stream,) = read_rows(invoke("evaluate", "--mode", "stream", "--json"))
    read = NumpyStepper.read

    def interrupted(self: NumpyStepper, ids: Any) -> Any:
        if len(ids) > 1:
            raise KeyboardInterrupt
        return read(self, ids)

    monkeypatch.setattr(NumpyStepper, "read", interrupted)
    result = invoke("evaluate", "--crop-length", 50, "--json", "-q")
    assert (result.exit_code, result.stderr.strip()) == (130, "")
    assert json.loads(result.stdout) == stream
