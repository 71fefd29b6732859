"""`charrnn sample`: what it rejects, and what it says then."""

import dataclasses
import re
from pathlib import Path

import click
import h5py
import numpy as np
import pytest

from charrnn.runs.checkpoint import read_checkpoint, write_checkpoint
from tests.support.commands import Fails, Invoke, parse_command
from tests.support.language_runs import read_text, write_epoch
from tests.support.networks import MakeRun


def test_unknown_characters_are_an_error(fails: Fails, make_run: MakeRun) -> None:
    """A prompt with characters outside the vocabulary is rejected, and each of them is named."""
    make_run()
    line = fails(1, "sample", "abc xyß")
    assert all(repr(character) in line for character in "xyß")
    assert "'a'" not in line
    assert line.endswith("; to leave them out, set --unknown to skip")
    assert line == fails(1, "sample", "abc xyß", "--unknown", "error")


def test_prompt_that_is_not_utf8(fails: Fails, make_run: MakeRun) -> None:
    """A prompt that is not UTF-8 text is rejected with the name of where it came from."""
    make_run()
    Path("latin.txt").write_bytes(b"caf\xe9")
    assert "latin.txt" in fails(1, "sample", "--prompt-file", "latin.txt")
    assert "standard input" in fails(1, "sample", "-", stdin=b"caf\xe9")


def test_stop_that_is_never_written(fails: Fails, invoke: Invoke, make_run: MakeRun) -> None:
    """A stop text with unknown characters would never end a text: it is rejected, by name."""
    make_run()
    line = fails(1, "sample", "abc", "--stop", "abxßb")
    assert line == (
        "charrnn: --stop would never be written: not in this network's vocabulary: 'x' 'ß'"
    )
    assert line == fails(1, "sample", "abc", "--stop", "abxßb", "--unknown", "skip", "-q")
    assert invoke("sample", "abc", "--stop", "\n", "--length", 3).exit_code == 0


def test_a_typed_escape_is_noted(invoke: Invoke, make_run: MakeRun) -> None:
    """A backslash and an n are two characters; whoever types them is told how to type the one."""
    make_run(characters="\n\\abn")
    note = (
        r"note: \n in {} is two characters, a backslash and an n; for a line end type $'\n' in bash"
    )
    words = ["sample", "--length", 3, "--seed", 1]
    for more, named in (([r"a\n"], ["PROMPT"]), ([r"\n", "--stop", r"b\n"], ["PROMPT", "--stop"])):
        lines = invoke(*words, *more).stderr.splitlines()
        assert lines[:-1] == [note.format(name) for name in named]
    for more in (["a\n"], ["a\\b"], ["-"]):
        assert "note" not in invoke(*words, *more, stdin=rb"a\n").stderr


@pytest.mark.parametrize("prompt", ["--All", "-All", "-5", "--temp: 3", "---"])
def test_a_prompt_that_begins_with_a_dash(
    fails: Fails, invoke: Invoke, make_run: MakeRun, prompt: str
) -> None:
    """It is taken for an option, and the error says how to give it as a text."""
    make_run(characters="\n -35:Aelmpt")
    line = fails(2, "sample", prompt)
    advice = "(a PROMPT that begins with - goes after --: charrnn sample [OPTIONS] -- PROMPT; see "
    assert f"{advice}charrnn sample --help)" in line
    assert read_text(invoke("sample", "--length", 3, "--", prompt)).startswith(prompt)
    assert "a TEXT that begins with - goes after" in fails(2, "classify", "predict", prompt)
    assert "begins with" not in fails(2, "train", prompt)


LONG_OPTIONS = [
    option
    for command in ("sample", "classify predict")
    for parameter in parse_command(*command.split(), "x").command.params
    if isinstance(parameter, click.Option)
    for option in (f"{command} {name}" for name in parameter.opts if len(name) > 4)
]


@pytest.mark.parametrize("option", LONG_OPTIONS)
def test_a_misspelt_option_is_not_taken_for_a_text(fails: Fails, option: str) -> None:
    """With two of its letters exchanged it is answered with the option, and nothing on texts."""
    *command, name = option.split()
    misspelt = f"--{name[3]}{name[2]}{name[4:]}"
    if misspelt == name:
        misspelt = name + name[-1]
    line = fails(2, *command, misspelt, "1")
    assert re.search(rf"Did you mean .*'{name}'", line)
    assert "goes after" not in line


def test_a_prompt_that_is_the_name_of_a_file(invoke: Invoke, make_run: MakeRun) -> None:
    """The name itself is the prompt; a note says so, and how the file is read."""
    make_run(characters="\n .abtx")
    Path("a b.txt").write_text("bab", encoding="utf-8")
    result = invoke("sample", "a b.txt", "--length", 0, "-v")
    note = "a b.txt is taken for the prompt; to read the file: --prompt-file 'a b.txt'"
    assert result.stderr.splitlines()[0] == note
    assert read_text(result) == "a b.txt"
    assert read_text(invoke("sample", "--prompt-file", "a b.txt", "--length", 0)) == "bab"
    for other in ("", "x.txt", ".", "-", "a" * 5000, "a\0b"):
        assert "is taken for" not in invoke("sample", other, "--length", 0, stdin=b"ab").stderr


def test_an_empty_stop_is_refused(fails: Fails, make_run: MakeRun) -> None:
    """No text is written before nothing has been written: an empty --stop is a mistake."""
    make_run()
    assert fails(2, "sample", "abc", "--stop", "") == (
        "charrnn: --stop is empty: give a text of at least one character, or leave it out "
        "(see charrnn sample --help)"
    )


def test_diverged_network(fails: Fails, make_run: MakeRun) -> None:
    """A network whose numbers overflow is rejected in one line, without NumPy's warnings."""
    path = make_run()
    made = read_checkpoint(path)
    weights = {name: np.full_like(values, 1e38) for name, values in made.weights.items()}
    write_checkpoint(path, dataclasses.replace(made, weights=weights))
    line = fails(1, "sample", "-q")
    assert "epoch-0001.weights.h5: the network produced NaN or infinity" in line


def test_prompt_file_that_is_not_there(fails: Fails, make_run: MakeRun) -> None:
    """A prompt file that is missing, or a folder, is named."""
    make_run()
    assert "nothing.txt" in fails(1, "sample", "--prompt-file", "nothing.txt")
    assert "checkpoints" in fails(1, "sample", "--prompt-file", "checkpoints")


@pytest.mark.parametrize("prompt", ["abc", "-", ""])
def test_two_prompts_are_one_too_many(fails: Fails, make_run: MakeRun, prompt: str) -> None:
    """PROMPT and --prompt-file together are rejected."""
    make_run()
    Path("start.txt").write_text("ab", encoding="utf-8")
    assert "--prompt-file" in fails(2, "sample", prompt, "--prompt-file", "start.txt")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--temp", "-0.1"], "--temp"),
        (["--temperature", "-0.1"], "--temperature"),
        (["--temp", "nan"], "--temp"),
        (["--temp", "inf"], "--temp"),
        (["--top-p", "0"], "--top-p"),
        (["--top-p", "1.01"], "--top-p"),
        (["--top-p", "nan"], "--top-p"),
        (["--top-k", "0"], "--top-k"),
        (["--top-k", "2.5"], "--top-k"),
        (["--length", "-1"], "--length"),
        (["--length", "100000000000000000000"], "from 0 to 1,000,000,000"),
        (["--num", "0"], "--num"),
        (["--num", "100000000000000000000"], "from 1 to 1,000,000,000"),
        (["--seed", "-1"], "--seed"),
        (["--epoch", "0"], "--epoch"),
        (["--epoch", "1.5"], "'1.5' is not the number of an epoch, or all"),
        (["--epoch", "99999999999999999999"], "--epoch"),
        (["--epoch", "every"], "'every' is not the number of an epoch, or all"),
        (["--epoch", "all", "--checkpoint", "a.weights.h5"], "--epoch all is for a run"),
        (["--epoch", "all", "--run", "checkpoints/tiny/epoch-0001.weights.h5"], "is for a run"),
        (["--epoch", "all", "--adapt", "pydoc"], "leave out --adapt"),
        (["--engine", "torch"], "keras"),
        (["--set-unit", "3"], "UNIT=VALUE"),
        (["--set-unit", "3=x"], "UNIT=VALUE"),
        (["--set-unit", "x=1"], "LAYER:NUMBER"),
        (["--set-unit", "3=nan"], "--set-unit"),
        (["--set-unit", "7=1"], "--set-unit"),
        (["--set-unit", "3=1", "--set-unit", "3=2"], "--set-unit"),
        (["--set-unit", "3=1", "--set-unit", "0:3=2"], "--set-unit"),
        (["--set-unit", "3=1", "--engine", "keras"], "--engine"),
        (["--unknown", "keep"], "skip"),
        (["--checkpoint", "a.weights.h5", "--run", "tiny"], "--run"),
        (["--checkpoint", "a.weights.h5", "--epoch", "1"], "--epoch"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, make_run: MakeRun, words: list[str], named: str) -> None:
    """A value outside its range is a mistake in the call: exit code 2, and the option's name."""
    make_run()
    assert named in fails(2, "sample", "ab", *words)


def test_unknown_run(fails: Fails, make_run: MakeRun) -> None:
    """If a run is unknown, the message lists the runs that there are."""
    make_run("hamlet")
    make_run("macbeth")
    line = fails(1, "sample", "ab", "--run", "othello")
    assert all(f"{name}" in line for name in ("othello", "hamlet", "macbeth"))


def test_unknown_epoch(fails: Fails) -> None:
    """If an epoch is unknown, the message lists the epochs that there are."""
    for epoch in (2, 3, 4):
        write_epoch("tiny", epoch)
    assert "2 to 4" in fails(1, "sample", "ab", "--epoch", 5)
    Path("checkpoints/tiny/epoch-0003.weights.h5").unlink()
    assert "2, 4" in fails(1, "sample", "ab", "--run", "tiny", "--epoch", 3)


@pytest.mark.parametrize("exists", [False, True])
def test_no_run_yet(fails: Fails, *, exists: bool) -> None:
    """If nothing has been trained, a run's name is answered with what to type."""
    if exists:
        Path("checkpoints").mkdir()
        Path("checkpoints/README.md").write_text("# checkpoints\n", encoding="utf-8")
    assert "charrnn train" in fails(1, "sample", "ab", "--run", "any")


def test_checkpoint_that_is_not_there(fails: Fails) -> None:
    """A checkpoint file that is missing, or a folder, is named."""
    assert "my.weights.h5" in fails(1, "sample", "--checkpoint", "my.weights.h5")
    Path("folder").mkdir()
    assert "folder" in fails(1, "sample", "--checkpoint", "folder")


@pytest.mark.parametrize("left", [0, 4, 100, 0.5, 0.99])
def test_truncated_checkpoint(fails: Fails, make_run: MakeRun, left: float) -> None:
    """A checkpoint cut off anywhere is rejected in one line with its name."""
    path = make_run()
    content = path.read_bytes()
    path.write_bytes(content[: int(left if left > 1 else left * len(content))])
    assert path.name in fails(1, "sample", "ab")


def test_file_of_another_program(fails: Fails, make_run: MakeRun) -> None:
    """A file of another program is not called damaged; weights alone are not enough."""
    path = make_run()
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    assert "no vocabulary" in fails(1, "sample", "ab")
    path.write_text("I am a poem", encoding="utf-8")
    line = fails(1, "sample", "ab")
    assert re.search(r"not a (charrnn )?checkpoint", line)
    assert "damaged" not in line


def test_newer_format(fails: Fails, make_run: MakeRun) -> None:
    """A checkpoint of a later charrnn is not misread; the message says to upgrade."""
    path = make_run()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"format 2\n", b"format 99\n", 1))
    assert "upgrade" in fails(1, "sample", "ab")


def test_damaged_history(fails: Fails, invoke: Invoke) -> None:
    """If history.csv can't be read, the message says how to do without it, and that works."""
    write_epoch("tiny", 1)
    Path("checkpoints/tiny/history.csv").write_text("epoch,loss\n1,x\n", encoding="utf-8")
    assert "--epoch" in fails(1, "sample", "ab")
    assert read_text(invoke("sample", "ab", "--epoch", 1, "--length", 3)).startswith("ab")
