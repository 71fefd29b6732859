"""`charrnn sample`: every option's effect on the text."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn.runs.checkpoint import read_checkpoint
from tests.support.commands import Invoke
from tests.support.language_runs import read_rows, read_text
from tests.support.networks import CHARACTERS, MakeRun
from tests.support.slow import slow_except


def logits(path: Path, text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A simple recurrent network's logits after each character, (N, V), from its formula."""
    weights = read_checkpoint(path).weights
    embedding, kernel, recurrent, bias, dense, dense_bias = (
        values.astype(np.float64) for values in weights.values()
    )
    h = np.zeros(len(recurrent))
    rows = []
    for character in text:
        h = np.tanh(embedding[CHARACTERS.index(character)] @ kernel + bias + h @ recurrent)
        rows.append(h @ dense + dense_bias)
    return np.array(rows)


def ranks(path: Path, prompt: str, made: str) -> list[int]:
    """The place of each made character among the network's predictions, 0 for the likeliest."""
    predicted = logits(path, prompt + made)[len(prompt) - 1 : -1]
    return [
        int((row > row[CHARACTERS.index(character)]).sum())
        for row, character in zip(predicted, made, strict=True)
    ]


def greedy(path: Path, prompt: str, length: int) -> str:
    text = prompt
    for _ in range(length):
        text += CHARACTERS[int(logits(path, text)[-1].argmax())]
    return text[len(prompt) :]


@pytest.mark.parametrize("prompt", ["a", "deaf cafe!\n"])
def test_temperature_zero_is_greedy(invoke: Invoke, make_run: MakeRun, prompt: str) -> None:
    """--temp 0 always writes the likeliest character by the network's formula."""
    path = make_run(cell="rnn")
    text = read_text(invoke("sample", prompt, "--temp", 0, "--length", 60))
    assert text == prompt + greedy(path, prompt, 60)


def test_no_prompt_begins_a_line(invoke: Invoke, make_run: MakeRun) -> None:
    """Without a prompt the text begins as it would after a line end, which is not printed."""
    path = make_run(cell="rnn")
    text = read_text(invoke("sample", "--temp", 0, "--length", 30))
    assert text == greedy(path, "\n", 30)


@pytest.mark.parametrize("words", [["--top-k", 1], ["--top-p", "1e-9"], ["--temp", "1e-6"]])
def test_narrowest_choice_is_greedy(invoke: Invoke, make_run: MakeRun, words: list[object]) -> None:
    """--top-k 1, a tiny --top-p and a tiny --temp leave the likeliest character alone."""
    path = make_run(cell="rnn")
    text = read_text(invoke("sample", "ab", "--length", 50, "--seed", 5, *words))
    assert text == "ab" + greedy(path, "ab", 50)


@pytest.mark.parametrize("top_k", [2, 4])
def test_top_k(invoke: Invoke, make_run: MakeRun, top_k: int) -> None:
    """--top-k K samples from the K likeliest characters, and from all of these."""
    path = make_run(cell="rnn")
    made = read_text(invoke("sample", "ab", "--length", 200, "--seed", 1, "--top-k", top_k))[2:]
    assert set(ranks(path, "ab", made)) == set(range(top_k))


def test_top_p(invoke: Invoke, make_run: MakeRun) -> None:
    """--top-p P samples from the fewest likeliest characters that together reach P."""
    path = make_run(cell="rnn")
    made = read_text(invoke("sample", "ab", "--length", 200, "--seed", 1, "--top-p", 0.6))[2:]
    found = ranks(path, "ab", made)
    for row, rank in zip(logits(path, "ab" + made)[1:-1], found, strict=True):
        likeliest_first = np.sort(np.exp(row) / np.exp(row).sum())[::-1]
        assert likeliest_first[:rank].sum() < 0.6
    assert len(set(found)) > 2


def test_temperature(invoke: Invoke, make_run: MakeRun) -> None:
    """The higher --temp, the less likely the characters; the default is 1.

    --temperature is the same option.
    """
    path = make_run(cell="rnn")
    words = ["sample", "ab", "--length", 300, "--seed", 3]
    texts = {t: read_text(invoke(*words, "--temp", t))[2:] for t in (0.3, 1, 3)}
    cool, warm, hot = (np.mean(ranks(path, "ab", made)) for made in texts.values())
    assert cool < warm < hot
    assert read_text(invoke(*words))[2:] == texts[1]
    assert read_text(invoke(*words, "--temperature", 0.3))[2:] == texts[0.3]


@pytest.mark.parametrize("length", [0, 1, 77])
@pytest.mark.parametrize("num", [1, 3])
def test_length(invoke: Invoke, make_run: MakeRun, length: int, num: int) -> None:
    """--length is the number of characters after the prompt, exactly, in every text."""
    make_run()
    text = read_text(invoke("sample", "ab", "--length", length, "--num", num))
    texts = text.split("\n\n---\n\n")
    assert [len(one) for one in texts] == [2 + length] * num


def test_length_counts_characters(invoke: Invoke, make_run: MakeRun) -> None:
    """A character of several bytes is one character."""
    make_run(characters="aä水😀")
    text = read_text(invoke("sample", "水", "--length", 50, "--seed", 1))
    assert len(text) == 51
    assert set(text) == set("aä水😀")


def test_default_length(invoke: Invoke, make_run: MakeRun) -> None:
    """Without --length a text has 1,000 characters."""
    make_run()
    assert len(read_text(invoke("sample", "ab"))) == 2 + 1000


def test_num_writes_independent_texts(invoke: Invoke, make_run: MakeRun) -> None:
    """--num N writes N different texts, each with the prompt; the first is the text without it."""
    make_run()
    words = ["sample", "ab", "--length", 60, "--seed", 4]
    alone = read_text(invoke(*words))
    texts = read_text(invoke(*words, "--num", 4)).split("\n\n---\n\n")
    assert texts[0] == alone
    assert len(set(texts)) == 4
    assert all(text.startswith("ab") for text in texts)


def test_seed(invoke: Invoke, make_run: MakeRun) -> None:
    """The same --seed gives the same text, another seed another text."""
    make_run()
    first, again, other = (
        read_text(invoke("sample", "ab", "--length", 60, "--seed", seed)) for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_text_without_a_seed_can_be_repeated(invoke: Invoke, make_run: MakeRun) -> None:
    """Without --seed texts differ, and stderr gives the seed that repeats one."""
    make_run()
    one, two = (invoke("sample", "ab", "--length", 60) for _ in range(2))
    assert read_text(one) != read_text(two)
    seed = one.stderr.split("seed ")[1].strip()
    assert read_text(invoke("sample", "ab", "--length", 60, "--seed", seed)) == read_text(one)


def test_stop(invoke: Invoke, make_run: MakeRun) -> None:
    """--stop ends a text when it has first written TEXT; the prompt doesn't count."""
    make_run()
    words = ["sample", "ab", "--length", 400, "--seed", 2]
    whole = read_text(invoke(*words))
    stop = whole[50:52]
    made = whole[2:]
    expected = "ab" + made[: made.index(stop) + 2]
    assert read_text(invoke(*words, "--stop", stop)) == expected
    assert read_text(invoke(*words, "--stop", "hhhhhhhhhhhh")) == whole
    assert len(read_text(invoke(*words, "--stop", "ab"))) > 2


def test_each_text_stops_by_itself(invoke: Invoke, make_run: MakeRun) -> None:
    """With --num each text ends at its own --stop."""
    make_run()
    words = ["sample", "ab", "--length", 400, "--seed", 2, "--num", 3]
    whole = [text[2:] for text in read_text(invoke(*words)).split("\n\n---\n\n")]
    stopped = read_text(invoke(*words, "--stop", "c")).split("\n\n---\n\n")
    assert stopped == ["ab" + text[: text.index("c") + 1] for text in whole]
    assert len(set(map(len, stopped))) > 1


def test_unknown_characters_can_be_skipped(invoke: Invoke, make_run: MakeRun) -> None:
    """--unknown skip reads and prints the prompt without the characters that are unknown."""
    make_run()
    words = ["--length", 30, "--seed", 1, "--unknown", "skip"]
    skipped = read_text(invoke("sample", "xaybßc", *words))
    assert skipped.startswith("abc")
    assert skipped == read_text(invoke("sample", "abc", *words))
    assert read_text(invoke("sample", "xyz", *words)) == read_text(invoke("sample", "", *words))


def test_same_text_as_from_python(invoke: Invoke, make_run: MakeRun) -> None:
    """The command writes what `LanguageModel.generate` returns for the same values and seed."""
    path = make_run()
    words = ["--temp", 0.8, "--top-k", 6, "--top-p", 0.9, "--seed", 5, "--num", 3, "--stop", "!"]
    text = read_text(invoke("sample", "ab", "--length", 90, *words))
    model = charrnn.load(path)
    texts = model.generate("ab", 90, 0.8, 6, 0.9, 5, num=3, stop="!")
    assert text == "\n\n---\n\n".join("ab" + one for one in texts)


@pytest.mark.parametrize(
    ("cell", "num"), slow_except([("rnn", 1), ("lstm", 2), ("gru", 1)], ("rnn", 1))
)
@pytest.mark.parametrize(
    ("engine", "stepper"),
    [
        ("keras", "charrnn.networks.stepper.KerasStepper"),
        ("native", "charrnn.networks.native.stepper.NativeStepper"),
    ],
)
def test_engines_agree(
    invoke: Invoke,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    stepper: str,
    cell: str,
    num: int,
) -> None:
    """Keras's own layers and, where nothing is rounded, native loops write what NumPy writes."""
    used = []
    module, name = stepper.rsplit(".", 1)
    kind: Any = getattr(importlib.import_module(module), name)

    class Watched(kind):  # type: ignore[misc]
        def reset(self) -> None:
            used.append(num)
            super().reset()

    monkeypatch.setattr(sys.modules[module], name, Watched)
    make_run(cell=cell, layers=2, units=9)  # an odd number, which native loops never round
    words = ["sample", "abc", "--length", 40, "--seed", 3, "--num", num, "--engine"]
    numpy = read_text(invoke(*words, "numpy"))
    assert used == []
    assert read_text(invoke(*words, engine)) == numpy
    assert used == [num]


@pytest.mark.slow
def test_native_engine_without_numba(make_run: MakeRun) -> None:
    """The error says what to install."""
    make_run()
    code = "import sys; sys.modules['numba'] = None; import runpy; "
    code += "sys.argv[1:] = ['sample', 'abc', '--engine', 'native']; "
    code += "runpy.run_module('charrnn', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--engine native needs numba: run pip install numba" in done.stderr


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_prompt_from_elsewhere(invoke: Invoke, make_run: MakeRun, start: bytes) -> None:
    """A prompt from standard input or a file is used as it is, line ends and all, but for a BOM."""
    make_run()
    words = ["--length", 20, "--seed", 1]
    expected = read_text(invoke("sample", "ab!\ncd\n", *words))
    content = start + b"ab!\ncd\n"
    Path("start.txt").write_bytes(content)
    assert expected.startswith("ab!\ncd\n")
    assert read_text(invoke("sample", "-", *words, stdin=content)) == expected
    assert read_text(invoke("sample", "--prompt-file", "start.txt", *words)) == expected


def test_set_unit(invoke: Invoke, make_run: MakeRun) -> None:
    """--set-unit holds units as Python's `set_units` does; --json says which."""
    path = make_run(layers=2)
    model = charrnn.load(path)
    words = ["sample", "bad", "--length", 60, "--seed", 3]
    held = model.generate("bad", 60, seed=3, set_units={4: 2.0, (0, 1): -0.5})
    assert held != model.generate("bad", 60, seed=3)
    options = ["--set-unit", "4=2", "--set-unit", "0:1=-.5"]
    assert read_text(invoke(*words, *options)) == "bad" + held
    (row,) = read_rows(invoke(*words, *options, "--json"))
    assert (row["text"], row["set_units"]) == (held, {"4": 2.0, "0:1": -0.5})
    (plain,) = read_rows(invoke(*words, "--json"))
    assert "set_units" not in plain
