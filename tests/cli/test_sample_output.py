"""`charrnn sample`: what goes to stdout and stderr, as text, as JSON and in a terminal."""

import json
import re
from pathlib import Path

import pytest

from tests.support.commands import Invoke, run_command
from tests.support.language_runs import read_text
from tests.support.networks import CHARACTERS, MakeRun
from tests.support.screens import Watch


def test_stdout_is_prompt_and_text(invoke: Invoke, make_run: MakeRun) -> None:
    """stdout holds the prompt and what follows it, and nothing else; notes go to stderr."""
    make_run()
    result = invoke("sample", "a bad", "--length", 40, "--seed", 1)
    text = read_text(result)
    assert len(text) == 5 + 40
    assert text.startswith("a bad")
    assert set(text) <= set(CHARACTERS)
    assert re.fullmatch(r"tiny, epoch 1, validation loss 2\.2500, seed 1\n", result.stderr)


def test_loudness(invoke: Invoke, make_run: MakeRun) -> None:
    """-q leaves stderr empty, -v adds how fast it went; stdout stays as it is."""
    make_run()
    words = ["sample", "abc", "--length", 20, "--seed", 1]
    normal, quiet, verbose = (invoke(*words, *flag) for flag in ([], ["-q"], ["-v"]))
    assert read_text(quiet) == read_text(normal) == read_text(verbose)
    assert quiet.stderr == ""
    note, detail = verbose.stderr.splitlines()
    assert note == normal.stderr.strip()
    assert re.fullmatch(r"20 characters in \d+\.\d\d s, [\d,]+ a second", detail)


def test_json(invoke: Invoke, make_run: MakeRun) -> None:
    """--json prints an object a line with the text and everything needed to repeat it."""
    path = make_run()
    words = ["sample", "ab", "--length", 40, "--seed", 9, "--num", 2]
    words += ["--temp", 0.5, "--top-k", 5, "--top-p", 0.9]
    rows = [json.loads(line) for line in read_text(invoke(*words, "--json")).splitlines()]
    plain = read_text(invoke(*words)).split("\n\n---\n\n")
    assert [row["prompt"] + row["text"] for row in rows] == plain
    for row in rows:
        del row["text"]
        assert row == {
            "prompt": "ab",
            "checkpoint": str(path.relative_to(Path.cwd())),
            "epoch": 1,
            "temperature": 0.5,
            "top_k": 5,
            "top_p": 0.9,
            "seed": 9,
        }


def test_json_of_any_character_is_one_line(invoke: Invoke, make_run: MakeRun) -> None:
    """Line ends and characters of any script survive JSON."""
    make_run(characters="\n\r\x85\u2028水")
    (line,) = read_text(invoke("sample", "水", "--length", 50, "--seed", 1, "--json")).splitlines()
    assert set(json.loads(line)["text"]) == set("\n\r\x85\u2028水")


@pytest.mark.parametrize(
    ("options", "added"),
    [
        (["abc", "--length", 20], "\n"),
        (["abc", "--length", 20, "--num", 2], "\n"),
        (["abc", "--length", 400, "--stop", "\n"], ""),
        (["abc", "--length", 400, "--stop", "\n", "--num", 2], ""),
        (["abc", "--length", 0], "\n"),
        (["abc\n", "--length", 0], ""),
        (["abc\n", "--length", 0, "--num", 2], ""),
        (["abc", "--length", 20, "--json"], ""),
    ],
    ids=str,
)
def test_last_line_ends_once_in_a_terminal(
    invoke: Invoke,
    make_run: MakeRun,
    watch: Watch,
    options: list[object],
    added: str,
) -> None:
    """In a terminal the last line ends once, whatever the text ends with; a pipe gets the text."""
    make_run()
    words = ["sample", "--seed", 1, "-q", *options]
    piped = read_text(invoke(*words))
    assert piped.endswith("\n") is not bool(added)
    assert watch(run_command(*words, code=0)) == piped + added
