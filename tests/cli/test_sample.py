"""`charrnn sample`: every option's effect on the text, and what is said when it can't be had."""

import dataclasses
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import Result

from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.run import Run

Invoke = Callable[..., Result]
Fails = Callable[..., str]
MakeCheckpoint = Callable[..., Checkpoint]
MakeRun = Callable[..., Path]
Save = Callable[..., Path]

LETTERS = "\n !abcdefgh"


@pytest.fixture
def save(make_checkpoint: MakeCheckpoint) -> Save:
    """Writes the checkpoint of an epoch, from weights that are the epoch's own, into a run."""

    def write(run: str, epoch: int, *, finished: bool = True, **sizes: Any) -> Path:
        made = make_checkpoint(seed=epoch, **sizes)
        provenance = dataclasses.replace(made.provenance, epoch=epoch, finished=finished)
        folder = Run(Path("checkpoints") / run)
        folder.folder.mkdir(parents=True, exist_ok=True)
        path = folder.epoch_file(epoch) if finished else folder.interrupted_file
        checkpoint.write(path, dataclasses.replace(made, provenance=provenance))
        return path

    return write


def text_of(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout_bytes.decode()


def logits(path: Path, text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What a simple recurrent network predicts after each character, (N, V), from its formula."""
    weights = checkpoint.read(path).weights
    embedding, kernel, recurrent, bias, dense, dense_bias = (
        values.astype(np.float64) for values in weights.values()
    )
    h = np.zeros(len(recurrent))
    rows = []
    for character in text:
        h = np.tanh(embedding[LETTERS.index(character)] @ kernel + bias + h @ recurrent)
        rows.append(h @ dense + dense_bias)
    return np.array(rows)


def ranks(path: Path, prompt: str, made: str) -> list[int]:
    """The place of each made character among the network's predictions, 0 for the likeliest."""
    predicted = logits(path, prompt + made)[len(prompt) - 1 : -1]
    return [
        int((row > row[LETTERS.index(character)]).sum())
        for row, character in zip(predicted, made, strict=True)
    ]


def greedy(path: Path, prompt: str, length: int) -> str:
    text = prompt
    for _ in range(length):
        text += LETTERS[int(logits(path, text)[-1].argmax())]
    return text[len(prompt) :]


def test_stdout_is_prompt_and_text(invoke: Invoke, make_run: MakeRun) -> None:
    """stdout holds the prompt and what follows it, and nothing else; notes go to stderr."""
    make_run()
    result = invoke("sample", "a bad", "--length", 40, "--seed", 1)
    text = text_of(result)
    assert len(text) == 5 + 40
    assert text.startswith("a bad")
    assert set(text) <= set(LETTERS)
    assert re.fullmatch(r"tiny, epoch 1, validation loss 2\.2500, seed 1\n", result.stderr)


def test_loudness(invoke: Invoke, make_run: MakeRun) -> None:
    """-q leaves stderr empty, -v adds how fast it went; stdout stays as it is."""
    make_run()
    words = ["sample", "abc", "--length", 20, "--seed", 1]
    quiet, normal, verbose = (invoke(*words, *flag) for flag in ([], ["-q"], ["-v"]))
    assert text_of(quiet) == text_of(normal) == text_of(verbose)
    assert normal.stderr == ""
    note, detail = verbose.stderr.splitlines()
    assert note == quiet.stderr.strip()
    assert re.fullmatch(r"20 characters in \d+\.\d\d s, [\d,]+ a second", detail)


@pytest.mark.parametrize("prompt", ["a", "deaf cafe!\n"])
def test_temperature_zero_is_greedy(invoke: Invoke, make_run: MakeRun, prompt: str) -> None:
    """--temp 0 always writes the likeliest character, as the network's formula gives it."""
    path = make_run(cell="rnn")
    text = text_of(invoke("sample", prompt, "--temp", 0, "--length", 60))
    assert text == prompt + greedy(path, prompt, 60)


def test_no_prompt_begins_a_line(invoke: Invoke, make_run: MakeRun) -> None:
    """Without a prompt the text begins as after a line end, which is not printed."""
    path = make_run(cell="rnn")
    text = text_of(invoke("sample", "--temp", 0, "--length", 30))
    assert text == greedy(path, "\n", 30)


@pytest.mark.parametrize("words", [["--top-k", 1], ["--top-p", "1e-9"], ["--temp", "1e-6"]])
def test_narrowest_choice_is_greedy(invoke: Invoke, make_run: MakeRun, words: list[object]) -> None:
    """--top-k 1, a tiny --top-p and a tiny --temp leave the likeliest character alone."""
    path = make_run(cell="rnn")
    text = text_of(invoke("sample", "ab", "--length", 50, "--seed", 5, *words))
    assert text == "ab" + greedy(path, "ab", 50)


@pytest.mark.parametrize("top_k", [2, 4])
def test_top_k(invoke: Invoke, make_run: MakeRun, top_k: int) -> None:
    """--top-k K draws among the K likeliest characters, and among all of these."""
    path = make_run(cell="rnn")
    made = text_of(invoke("sample", "ab", "--length", 200, "--seed", 1, "--top-k", top_k))[2:]
    assert set(ranks(path, "ab", made)) == set(range(top_k))


def test_top_p(invoke: Invoke, make_run: MakeRun) -> None:
    """--top-p P draws among the likeliest characters that together reach P, and no others."""
    path = make_run(cell="rnn")
    made = text_of(invoke("sample", "ab", "--length", 200, "--seed", 1, "--top-p", 0.6))[2:]
    found = ranks(path, "ab", made)
    for row, rank in zip(logits(path, "ab" + made)[1:-1], found, strict=True):
        likeliest_first = np.sort(np.exp(row) / np.exp(row).sum())[::-1]
        assert likeliest_first[:rank].sum() < 0.6
    assert len(set(found)) > 2


def test_temperature(invoke: Invoke, make_run: MakeRun) -> None:
    """The higher --temp, the less likely the characters; the default is 1."""
    path = make_run(cell="rnn")
    words = ["sample", "ab", "--length", 300, "--seed", 3]
    texts = {t: text_of(invoke(*words, "--temp", t))[2:] for t in (0.3, 1, 3)}
    cool, warm, hot = (np.mean(ranks(path, "ab", made)) for made in texts.values())
    assert cool < warm < hot
    assert text_of(invoke(*words))[2:] == texts[1]


@pytest.mark.parametrize("length", [0, 1, 77])
@pytest.mark.parametrize("num", [1, 3])
def test_length(invoke: Invoke, make_run: MakeRun, length: int, num: int) -> None:
    """--length is the number of characters after the prompt, exactly, in every text."""
    make_run()
    text = text_of(invoke("sample", "ab", "--length", length, "--num", num))
    texts = text.split("\n\n---\n\n")
    assert [len(one) for one in texts] == [2 + length] * num


def test_length_counts_characters(invoke: Invoke, make_run: MakeRun) -> None:
    """A character of several bytes is one character."""
    make_run(characters="aä水😀")
    text = text_of(invoke("sample", "水", "--length", 50, "--seed", 1))
    assert len(text) == 51
    assert set(text) == set("aä水😀")


def test_default_length(invoke: Invoke, make_run: MakeRun) -> None:
    """Without --length a text has 1,000 characters."""
    make_run()
    assert len(text_of(invoke("sample", "ab"))) == 2 + 1000


def test_num_writes_independent_texts(invoke: Invoke, make_run: MakeRun) -> None:
    """--num N writes N different texts, each with the prompt; the first is the one alone."""
    make_run()
    words = ["sample", "ab", "--length", 60, "--seed", 4]
    alone = text_of(invoke(*words))
    texts = text_of(invoke(*words, "--num", 4)).split("\n\n---\n\n")
    assert texts[0] == alone
    assert len(set(texts)) == 4
    assert all(text.startswith("ab") for text in texts)


def test_seed(invoke: Invoke, make_run: MakeRun) -> None:
    """The same --seed gives the same text, another one another."""
    make_run()
    first, again, other = (
        text_of(invoke("sample", "ab", "--length", 60, "--seed", seed)) for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_text_without_a_seed_can_be_had_again(invoke: Invoke, make_run: MakeRun) -> None:
    """Without --seed texts differ, and stderr says the seed that repeats one."""
    make_run()
    one, two = (invoke("sample", "ab", "--length", 60) for _ in range(2))
    assert text_of(one) != text_of(two)
    seed = one.stderr.split("seed ")[1].strip()
    assert text_of(invoke("sample", "ab", "--length", 60, "--seed", seed)) == text_of(one)


def test_stop(invoke: Invoke, make_run: MakeRun) -> None:
    """--stop ends a text after the first place where that was written; the prompt doesn't count."""
    make_run()
    words = ["sample", "ab", "--length", 400, "--seed", 2]
    whole = text_of(invoke(*words))
    stop = whole[50:52]
    made = whole[2:]
    expected = "ab" + made[: made.index(stop) + 2]
    assert text_of(invoke(*words, "--stop", stop)) == expected
    assert text_of(invoke(*words, "--stop", "no such text")) == whole
    assert len(text_of(invoke(*words, "--stop", "ab"))) > 2


def test_each_text_stops_by_itself(invoke: Invoke, make_run: MakeRun) -> None:
    """With --num each text ends at its own --stop."""
    make_run()
    words = ["sample", "ab", "--length", 400, "--seed", 2, "--num", 3]
    whole = [text[2:] for text in text_of(invoke(*words)).split("\n\n---\n\n")]
    stopped = text_of(invoke(*words, "--stop", "c")).split("\n\n---\n\n")
    assert stopped == ["ab" + text[: text.index("c") + 1] for text in whole]
    assert len(set(map(len, stopped))) > 1


def test_newest_run_and_best_epoch_are_the_default(invoke: Invoke, save: Save) -> None:
    """Without --run the run written to last is used, of it the best epoch; stderr says so."""
    words = ["sample", "ab", "--length", 60, "--seed", 1]
    for run in ("new", "old"):
        for epoch in (1, 2, 3):
            path = save(run, epoch, units=7 if run == "new" else 6)
            os.utime(path, (1e9, 1e9 + (run == "new")))
    losses = [EpochResult(n, 1.0, loss, 1.0) for n, loss in enumerate((2.0, 1.5, 1.75), 1)]
    Run(Path("checkpoints/new")).write_history(losses)
    result = invoke(*words)
    assert result.stderr.startswith("new, epoch 2, ")
    assert text_of(result) == text_of(invoke(*words, "--run", "new", "--epoch", 2))
    by_file = invoke(*words, "--checkpoint", "checkpoints/new/epoch-0002.weights.h5")
    assert text_of(by_file) == text_of(result)
    assert by_file.stderr == result.stderr


def test_run_and_epoch(invoke: Invoke, save: Save) -> None:
    """--run and --epoch choose; each epoch writes its own text."""
    texts = set()
    for run, units in (("one", 6), ("two", 7)):
        for epoch in (1, 2):
            save(run, epoch, units=units)
    for run in ("one", "two"):
        for epoch in (1, 2):
            words = ["--run", run, "--epoch", epoch, "--seed", 1, "--length", 60]
            result = invoke("sample", "ab", *words)
            assert result.stderr.startswith(f"{run}, epoch {epoch}, ")
            texts.add(text_of(result))
    assert len(texts) == 4


def test_interrupted_epoch_can_be_read(invoke: Invoke, save: Save) -> None:
    """A run that was stopped in its first epoch is used as far as it came."""
    save("broken", 1, finished=False)
    result = invoke("sample", "ab", "--length", 5)
    assert len(text_of(result)) == 7
    assert result.stderr.startswith("broken, in epoch 1, ")


def test_checkpoint_needs_no_run(invoke: Invoke, make_run: MakeRun, tmp_path: Path) -> None:
    """A checkpoint that was mailed and renamed is enough by itself."""
    words = ["sample", "ab", "--length", 30, "--seed", 1]
    path = make_run()
    text = text_of(invoke(*words))
    mailed = path.rename(tmp_path / "from-a-friend.weights.h5")
    path.parent.rmdir()
    assert text_of(invoke(*words, "--checkpoint", mailed)) == text


@pytest.mark.parametrize("way", ["option", "environment"])
def test_checkpoints_folder(
    invoke: Invoke, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """--checkpoints and CHARRNN_CHECKPOINTS say where the runs are."""
    make_run("mine")
    Path("checkpoints").rename("elsewhere")
    words = ["--checkpoints", "elsewhere"] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    result = invoke("sample", "ab", "--length", 5, *words)
    assert len(text_of(result)) == 7
    assert result.stderr.startswith("mine, ")


def test_unknown_characters_are_an_error(fails: Fails, make_run: MakeRun) -> None:
    """A prompt outside the vocabulary is refused, and every strange character is named."""
    make_run()
    line = fails(1, "sample", "abc xyß")
    assert all(repr(character) in line for character in "xyß")
    assert "'a'" not in line
    assert line == fails(1, "sample", "abc xyß", "--unknown", "error")


def test_unknown_characters_can_be_skipped(invoke: Invoke, make_run: MakeRun) -> None:
    """--unknown skip reads, and prints, the prompt without what the network doesn't know."""
    make_run()
    words = ["--length", 30, "--seed", 1, "--unknown", "skip"]
    skipped = text_of(invoke("sample", "xaybßc", *words))
    assert skipped.startswith("abc")
    assert skipped == text_of(invoke("sample", "abc", *words))
    assert text_of(invoke("sample", "xyz", *words)) == text_of(invoke("sample", "", *words))


def test_json(invoke: Invoke, make_run: MakeRun) -> None:
    """--json prints an object a line with the text and all that is needed to make it again."""
    path = make_run()
    words = ["sample", "ab", "--length", 40, "--seed", 9, "--num", 2]
    words += ["--temp", 0.5, "--top-k", 5, "--top-p", 0.9]
    rows = [json.loads(line) for line in text_of(invoke(*words, "--json")).splitlines()]
    plain = text_of(invoke(*words)).split("\n\n---\n\n")
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
    (line,) = text_of(invoke("sample", "水", "--length", 50, "--seed", 1, "--json")).splitlines()
    assert set(json.loads(line)["text"]) == set("\n\r\x85\u2028水")


@pytest.mark.parametrize(("cell", "num"), [("rnn", 1), ("lstm", 2), ("gru", 1)])
def test_engines_agree(
    invoke: Invoke, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, cell: str, num: int
) -> None:
    """--engine keras, the tutorial's loop in Keras itself, writes the same text as NumPy."""
    from charrnn.networks.stepper import KerasStepper

    used = []

    class Watched(KerasStepper):
        def reset(self) -> None:
            used.append(num)
            super().reset()

    monkeypatch.setattr("charrnn.networks.stepper.KerasStepper", Watched)
    make_run(cell=cell, layers=2)
    words = ["sample", "abc", "--length", 40, "--seed", 3, "--num", num, "--engine"]
    numpy = text_of(invoke(*words, "numpy"))
    assert used == []
    assert text_of(invoke(*words, "keras")) == numpy
    assert used == [num]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_prompt_from_elsewhere(invoke: Invoke, make_run: MakeRun, start: bytes) -> None:
    """A prompt comes from standard input or a file as it is, line ends and all, but for a BOM."""
    make_run()
    words = ["--length", 20, "--seed", 1]
    expected = text_of(invoke("sample", "ab!\ncd\n", *words))
    content = start + b"ab!\ncd\n"
    Path("start.txt").write_bytes(content)
    assert expected.startswith("ab!\ncd\n")
    assert text_of(invoke("sample", "-", *words, stdin=content)) == expected
    assert text_of(invoke("sample", "--prompt-file", "start.txt", *words)) == expected


def test_prompt_that_is_not_utf8(fails: Fails, make_run: MakeRun) -> None:
    """A prompt that is no UTF-8 text is refused with the name of where it came from."""
    make_run()
    Path("latin.txt").write_bytes(b"caf\xe9")
    assert "latin.txt" in fails(1, "sample", "--prompt-file", "latin.txt")
    assert "standard input" in fails(1, "sample", "-", stdin=b"caf\xe9")


def test_a_network_that_broke(fails: Fails, make_run: MakeRun) -> None:
    """A network whose numbers overflow is refused in one line, without NumPy's warnings."""
    path = make_run()
    made = checkpoint.read(path)
    weights = {name: np.full_like(values, 1e38) for name, values in made.weights.items()}
    checkpoint.write(path, dataclasses.replace(made, weights=weights))
    line = fails(1, "sample", "-q")
    assert "epoch-0001.weights.h5: the network predicts no numbers" in line


def test_prompt_file_that_is_not_there(fails: Fails, make_run: MakeRun) -> None:
    """A missing prompt file, or a folder, is named."""
    make_run()
    assert "nothing.txt" in fails(1, "sample", "--prompt-file", "nothing.txt")
    assert "checkpoints" in fails(1, "sample", "--prompt-file", "checkpoints")


@pytest.mark.parametrize("prompt", ["abc", "-", ""])
def test_two_prompts_are_one_too_many(fails: Fails, make_run: MakeRun, prompt: str) -> None:
    """PROMPT and --prompt-file together are refused."""
    make_run()
    Path("start.txt").write_text("ab", encoding="utf-8")
    assert "--prompt-file" in fails(2, "sample", prompt, "--prompt-file", "start.txt")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--temp", "-0.1"], "--temp"),
        (["--temp", "nan"], "temp"),
        (["--temp", "inf"], "temp"),
        (["--top-p", "0"], "--top-p"),
        (["--top-p", "1.01"], "--top-p"),
        (["--top-p", "nan"], "top-p"),
        (["--top-k", "0"], "--top-k"),
        (["--top-k", "2.5"], "--top-k"),
        (["--length", "-1"], "--length"),
        (["--num", "0"], "--num"),
        (["--seed", "-1"], "--seed"),
        (["--epoch", "0"], "--epoch"),
        (["--engine", "torch"], "keras"),
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
    """An unknown run is answered with those there are."""
    make_run("hamlet")
    make_run("macbeth")
    line = fails(1, "sample", "ab", "--run", "othello")
    assert all(f"{name}" in line for name in ("othello", "hamlet", "macbeth"))


def test_unknown_epoch(fails: Fails, save: Save) -> None:
    """An unknown epoch is answered with those there are."""
    for epoch in (2, 3, 4):
        save("tiny", epoch)
    assert "2 to 4" in fails(1, "sample", "ab", "--epoch", 5)
    Path("checkpoints/tiny/epoch-0003.weights.h5").unlink()
    assert "2, 4" in fails(1, "sample", "ab", "--run", "tiny", "--epoch", 3)


@pytest.mark.parametrize("there", [False, True])
def test_no_run_yet(fails: Fails, *, there: bool) -> None:
    """Where nothing has been trained the line says what to type."""
    if there:
        Path("checkpoints").mkdir()
        Path("checkpoints/README.md").write_text("# checkpoints\n", encoding="utf-8")
    assert "charrnn train" in fails(1, "sample", "ab")
    assert "charrnn train" in fails(1, "sample", "ab", "--run", "any")


def test_checkpoint_that_is_not_there(fails: Fails) -> None:
    """A missing checkpoint file is named; so is a folder in its place."""
    assert "my.weights.h5" in fails(1, "sample", "--checkpoint", "my.weights.h5")
    Path("folder").mkdir()
    assert "folder" in fails(1, "sample", "--checkpoint", "folder")


@pytest.mark.parametrize("left", [0, 4, 100, 0.5, 0.99])
def test_truncated_checkpoint(fails: Fails, make_run: MakeRun, left: float) -> None:
    """A checkpoint cut off anywhere is refused in one line with its name."""
    path = make_run()
    content = path.read_bytes()
    path.write_bytes(content[: int(left if left > 1 else left * len(content))])
    assert path.name in fails(1, "sample", "ab")


def test_file_of_another_program(fails: Fails, make_run: MakeRun) -> None:
    """A file of another program is not taken for a damaged one; weights alone are not enough."""
    path = make_run()
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    assert "no vocabulary" in fails(1, "sample", "ab")
    path.write_text("I am a poem", encoding="utf-8")
    line = fails(1, "sample", "ab")
    assert re.search(r"not a (charrnn )?checkpoint", line)
    assert "damaged" not in line


def test_newer_format(fails: Fails, make_run: MakeRun) -> None:
    """A checkpoint of a later charrnn is not misread; the line says to upgrade."""
    path = make_run()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"format 1\n", b"format 99\n", 1))
    assert "upgrade" in fails(1, "sample", "ab")


def test_damaged_history(fails: Fails, invoke: Invoke, save: Save) -> None:
    """Where history.csv can't be read the line says how to do without it, and that works."""
    save("tiny", 1)
    Path("checkpoints/tiny/history.csv").write_text("epoch,loss\n1,x\n", encoding="utf-8")
    assert "--epoch" in fails(1, "sample", "ab")
    assert text_of(invoke("sample", "ab", "--epoch", 1, "--length", 3)).startswith("ab")
