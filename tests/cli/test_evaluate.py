"""`charrnn evaluate`: what is measured on which text, and what is said when it can't be had."""

import dataclasses
import hashlib
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import charrnn
from charrnn.runs import checkpoint, resume
from charrnn.runs.checkpoint import Checkpoint
from charrnn.config.language import TrainingConfig
from charrnn.data.corpus import STDIN
from charrnn.runs.history import EpochResult
from charrnn.runs.run import Run
from charrnn.inference.language import NumpyStepper
from charrnn.runs.recipe import Progress, LanguageRecipe

Invoke = Callable[..., Result]
Fails = Callable[..., str]
MakeCheckpoint = Callable[..., Checkpoint]
MakeRun = Callable[..., Path]
Trained = Callable[..., Path]

LEARNT = "a bad cab!\nhe had a deaf beach\n" * 20  # 620 characters
HELD_BACK = "feed a hag\na cafe\n" * 10 + "bead a face\nhead ache ahead"  # 207
BORDER = len(LEARNT)
FRACTION = 1 - (BORDER + 0.5) / (BORDER + len(HELD_BACK))


@pytest.fixture
def trained(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> Trained:
    """Writes an epoch of a run that was trained on ./novel.txt, or says that it was."""

    def write(
        name: str = "tiny",
        *,
        epoch: int = 1,
        validation: float = FRACTION,
        source: str | None = None,
        **sizes: Any,
    ) -> Path:
        novel = tmp_path / "novel.txt"
        novel.write_text(LEARNT + HELD_BACK, encoding="utf-8")
        made = make_checkpoint(seed=epoch, **sizes)
        digest = hashlib.sha256(novel.read_bytes()).hexdigest()
        provenance = dataclasses.replace(made.provenance, corpus_sha256=digest, epoch=epoch)
        run = Run(Path("checkpoints") / name)
        run.folder.mkdir(parents=True, exist_ok=True)
        checkpoint.write(run.epoch_file(epoch), dataclasses.replace(made, provenance=provenance))
        training = TrainingConfig(validation=validation)
        where = str(novel) if source is None else source
        settings = LanguageRecipe(made.network, training, made.vocabulary, where, "novel", digest)
        resume.save(run, Progress(settings, []), [])
        return run.epoch_file(epoch)

    return write


def rows(result: Result) -> list[dict[str, Any]]:
    """The objects of --json."""
    if result.exit_code:
        pytest.fail(result.output)
    return [json.loads(line) for line in result.stdout.splitlines()]


def loss(path: Path, text: str, crop_length: int | None = None) -> Any:
    """What the Python interface says of a text."""
    return pytest.approx(charrnn.load(path).score(text, crop_length), rel=1e-12)


def test_a_run_is_measured_on_what_it_held_back(invoke: Invoke, trained: Trained) -> None:
    """By default the newest run's validation text is read, in a stream and in crops."""
    path = trained()
    stream, crops = rows(invoke("evaluate", "--json", "--crop-length", 50))
    assert stream["nats_per_character"] == loss(path, HELD_BACK)
    assert crops["nats_per_character"] == loss(path, HELD_BACK, 50)
    assert stream["characters"] == crops["characters"] == len(HELD_BACK) - 1
    assert rows(invoke("evaluate", "--json")) == rows(
        invoke("evaluate", "tiny", "validation", "--json")
    )


def test_a_run_is_measured_on_what_it_learnt(invoke: Invoke, trained: Trained) -> None:
    """`training` is the text before the one that was held back; a crop predicts 256 of it."""
    path = trained()
    stream, crops = rows(invoke("evaluate", "tiny", "training", "--json"))
    assert stream["nats_per_character"] == loss(path, LEARNT)
    assert crops["nats_per_character"] == loss(path, LEARNT, 256) != loss(path, LEARNT, 255)
    assert crops["crop_length"] == 256


def test_everything_was_learnt_without_validation(invoke: Invoke, trained: Trained) -> None:
    """Of a run without validation `training` is the whole text."""
    path = trained(validation=0.0)
    (row,) = rows(invoke("evaluate", "tiny", "training", "--mode", "stream", "--json"))
    assert row["nats_per_character"] == loss(path, LEARNT + HELD_BACK)


def test_json(invoke: Invoke, trained: Trained) -> None:
    """--json prints an object a line with all that was measured, and of what."""
    path = trained(epoch=3)
    stream, crops = rows(invoke("evaluate", "--json"))
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


def test_plain(invoke: Invoke, trained: Trained) -> None:
    """stdout holds a table under a header, stderr which network read how many characters."""
    trained()
    found = {row["mode"]: row for row in rows(invoke("evaluate", "--json"))}
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


def test_loudness(invoke: Invoke, trained: Trained) -> None:
    """-q leaves stderr empty, -v adds how fast it went; stdout stays as it is."""
    trained()
    normal, quiet, verbose = (invoke("evaluate", *flag) for flag in ([], ["-q"], ["-v"]))
    assert normal.stdout == quiet.stdout == verbose.stdout != ""
    assert quiet.stderr == ""
    note, *details = verbose.stderr.splitlines()
    assert note == normal.stderr.strip()
    for mode, detail in zip(["stream", "crops"], details, strict=True):
        pattern = rf"{mode}: {len(HELD_BACK) - 1} characters in \d+\.\d\d s, [\d,]+ a second"
        assert re.fullmatch(pattern, detail)


def test_other_texts(invoke: Invoke, make_run: MakeRun) -> None:
    """A file or standard input is read whole, and needs no more than the checkpoint."""
    path = make_run()
    text = "had a bad head\n" * 5
    Path("my text.txt").write_text(text, encoding="utf-8")
    from_file = invoke("evaluate", "tiny", "my text.txt", "--mode", "stream", "--json")
    from_stdin = invoke("evaluate", "tiny", "-", "--mode", "stream", "--json", stdin=text.encode())
    for result, named in ((from_file, "my text.txt"), (from_stdin, "-")):
        (row,) = rows(result)
        assert row["text"] == named
        assert row["nats_per_character"] == loss(path, text)
    assert "my text.txt, 75 characters" in from_file.stderr
    assert "standard input, 75 characters" in from_stdin.stderr


def test_named_corpus(invoke: Invoke, make_run: MakeRun, real_text: str) -> None:
    """A corpus is read by its name."""
    path = make_run()
    words = ["--unknown", "skip", "--limit", 3000, "--mode", "stream", "--json"]
    (row,) = rows(invoke("evaluate", "tiny", "pydoc", *words))
    known = "".join(character for character in real_text[:3000] if character in "\n !abcdefgh")
    assert row["nats_per_character"] == loss(path, known)
    assert row["characters"] == len(known) - 1


def test_limit(invoke: Invoke, trained: Trained) -> None:
    """--limit N reads the text's first N characters."""
    path = trained()
    stream, crops = rows(invoke("evaluate", "tiny", "--limit", 70, "--crop-length", 20, "--json"))
    assert stream["nats_per_character"] == loss(path, HELD_BACK[:70])
    assert crops["nats_per_character"] == loss(path, HELD_BACK[:70], 20)
    assert stream["characters"] == 69
    assert rows(invoke("evaluate", "--limit", 10**9, "--json")) == rows(
        invoke("evaluate", "--json")
    )


@pytest.mark.parametrize("mode", ["stream", "crops"])
def test_mode(invoke: Invoke, trained: Trained, mode: str) -> None:
    """--mode takes one of the two measures alone."""
    trained()
    both = {row["mode"]: row for row in rows(invoke("evaluate", "--json"))}
    assert rows(invoke("evaluate", "--json", "--mode", "both")) == [*both.values()]
    assert rows(invoke("evaluate", "--json", "--mode", mode)) == [both[mode]]
    assert len(invoke("evaluate", "--mode", mode).stdout.splitlines()) == 2


def test_newest_run_and_best_epoch_are_the_default(invoke: Invoke, trained: Trained) -> None:
    """Without RUN the run written to last is measured, of it the best epoch; --epoch chooses."""
    for name in ("new", "old"):
        for epoch in (1, 2, 3):
            os.utime(trained(name, epoch=epoch), (1e9, 1e9))
        os.utime(f"checkpoints/{name}/resume.h5", (1e9, 1e9 + (name == "new")))
    losses = [EpochResult(n, 1.0, value, 1.0) for n, value in enumerate((2.0, 1.5, 1.75), 1)]
    Run(Path("checkpoints/new")).write_history(losses)
    words = ["--mode", "crops", "--json"]
    (found,) = rows(invoke("evaluate", *words))
    assert (found["run"], found["epoch"]) == ("new", 2)
    assert rows(invoke("evaluate", "new", *words)) == [found]
    assert rows(invoke("evaluate", "new", "--epoch", 2, *words)) == [found]
    (other,) = rows(invoke("evaluate", "new", "--epoch", 3, *words))
    assert other["epoch"] == 3
    assert other["nats_per_character"] != found["nats_per_character"]


def test_a_file_stands_for_itself(invoke: Invoke, trained: Trained, tmp_path: Path) -> None:
    """RUN may be a checkpoint's file; its own text needs the resume.h5 beside it."""
    trained(epoch=1)
    path = trained(epoch=2)
    (row,) = rows(invoke("evaluate", path, "--mode", "stream", "--json"))
    assert (row["checkpoint"], row["epoch"]) == (str(path), 2)
    assert row["nats_per_character"] == loss(path, HELD_BACK)
    mailed = path.rename(tmp_path / "from-a-friend.weights.h5")
    (again,) = rows(
        invoke("evaluate", mailed, "-", "--mode", "stream", "--json", stdin=b"a bad cab")
    )
    assert again["nats_per_character"] == loss(mailed, "a bad cab")


@pytest.mark.parametrize("name", ["shakespeare", "training", "-", "novel.txt"])
def test_a_text_instead_of_a_run(fails: Fails, trained: Trained, name: str) -> None:
    """A text's name where a run's is expected is recognised."""
    trained()
    assert f"charrnn evaluate RUN {name}" in fails(2, "evaluate", name)


@pytest.mark.parametrize("name", ["shakespeare", "training", "novel.txt"])
def test_a_run_may_have_a_texts_name(invoke: Invoke, trained: Trained, name: str) -> None:
    """It is then the run."""
    path = trained(name)
    (row,) = rows(invoke("evaluate", name, "--mode", "stream", "--json"))
    assert row["nats_per_character"] == loss(path, HELD_BACK)


def test_a_run_that_reads_what_it_learnt(invoke: Invoke, trained: Trained) -> None:
    """The whole of its own text is measured with a word about it, another text without."""
    trained()
    Path("other.txt").write_text(HELD_BACK, encoding="utf-8")
    learnt = "the network learnt from this text"
    assert learnt in invoke("evaluate", "tiny", "novel.txt").stderr
    assert learnt not in invoke("evaluate", "tiny", "other.txt").stderr


@pytest.mark.parametrize("way", ["option", "environment"])
def test_checkpoints_folder(
    invoke: Invoke, trained: Trained, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """--checkpoints and CHARRNN_CHECKPOINTS say where the runs are."""
    trained("mine")
    Path("checkpoints").rename("elsewhere")
    words = ["--checkpoints", "elsewhere"] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    assert [row["run"] for row in rows(invoke("evaluate", "--json", *words))] == ["mine", "mine"]


def test_unknown_characters(invoke: Invoke, fails: Fails, make_run: MakeRun) -> None:
    """Characters that the network doesn't know are named, or with --unknown skip left out."""
    path = make_run()
    words = ["evaluate", "tiny", "-"]
    strange = "a xbad ycaß b".encode()
    line = fails(1, *words, stdin=strange)
    assert all(repr(character) in line for character in "xyß")
    assert "'a'" not in line
    assert "--unknown skip" in line
    assert line == fails(1, *words, "--unknown", "error", stdin=strange)
    stream, _ = rows(invoke(*words, "--unknown", "skip", "--json", stdin=strange))
    assert stream["nats_per_character"] == loss(path, "a bad ca b")


def test_engines_agree(invoke: Invoke, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """--engine keras reads with Keras itself, and measures the same."""
    from charrnn.networks.stepper import KerasStepper

    used = []

    class Watched(KerasStepper):
        def __init__(self, network: Checkpoint, batch_size: int) -> None:
            used.append(batch_size)
            super().__init__(network, batch_size)

    monkeypatch.setattr("charrnn.networks.stepper.KerasStepper", Watched)
    trained(cell="gru")
    words = ["evaluate", "--limit", 60, "--crop-length", 20, "--json"]
    by_numpy = rows(invoke(*words, "--engine", "numpy"))
    assert by_numpy == rows(invoke(*words))
    assert used == []
    for ours, keras in zip(by_numpy, rows(invoke(*words, "--engine", "keras")), strict=True):
        assert keras["nats_per_character"] == pytest.approx(ours["nats_per_character"], rel=1e-6)
    assert used == [1, 2, 1]


def test_measuring_needs_no_tensorflow(trained: Trained) -> None:
    """The NumPy engine reads a run's own text without TensorFlow, Keras or Matplotlib."""
    trained()
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


def with_bias(path: Path, bias: float) -> None:
    """The checkpoint with another bias of its first character."""
    made = checkpoint.read(path)
    name = "layers/dense/vars/1"
    values = made.weights[name].copy()
    values[0] = bias
    weights = {**made.weights, name: values}
    checkpoint.write(path, dataclasses.replace(made, weights=weights))


def test_a_hopeless_network(invoke: Invoke, make_run: MakeRun) -> None:
    """A perplexity that no float can hold is infinite, in JSON null."""
    path = make_run()
    with_bias(path, 5000.0)
    words = ["evaluate", "tiny", "-", "--mode", "stream"]
    (row,) = rows(invoke(*words, "--json", stdin=b"aaaa"))
    assert row["perplexity"] is None
    assert row["nats_per_character"] == pytest.approx(5000, rel=1e-2)
    assert " inf " in invoke(*words, stdin=b"aaaa").stdout
    with_bias(path, 3e30)
    assert "3.0e+30" in invoke(*words, stdin=b"aaaa").stdout


@pytest.mark.parametrize("bias", [np.nan, np.inf])
def test_a_diverged_network(invoke: Invoke, make_run: MakeRun, bias: float) -> None:
    """A network that predicts no numbers is refused with its name; stdout stays empty."""
    with_bias(make_run(), bias)
    result = invoke(
        "evaluate",
        "tiny",
        "-",
        stdin=b"abc",
    )
    assert (result.exit_code, result.stdout) == (1, "")
    _, line = result.stderr.splitlines()
    assert re.fullmatch(r"charrnn: .*epoch-0001\.weights\.h5: .*an earlier epoch", line)


def test_ctrl_c_ends_quietly(
    invoke: Invoke, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a text is read ends with 130; what was measured before is there."""
    trained()
    (stream,) = rows(invoke("evaluate", "--mode", "stream", "--json"))
    read = NumpyStepper.read

    def interrupted(self: NumpyStepper, ids: Any) -> Any:
        if len(ids) > 1:
            raise KeyboardInterrupt
        return read(self, ids)

    monkeypatch.setattr(NumpyStepper, "read", interrupted)
    result = invoke("evaluate", "--crop-length", 50, "--json", "-q")
    assert (result.exit_code, result.stderr.strip()) == (130, "")
    assert json.loads(result.stdout) == stream


# What can't be had


def test_no_validation_text(fails: Fails, trained: Trained) -> None:
    """A run that held nothing back is told apart, with what can be read instead."""
    trained(validation=0.0)
    line = fails(1, "evaluate")
    assert "tiny" in line
    assert "training" in line


def test_no_resume_file(fails: Fails, make_run: MakeRun) -> None:
    """Without resume.h5 nobody knows what the network learnt from: a TEXT must be named."""
    path = make_run()
    for words in (["tiny"], [path], [path.name, "training"]):
        if words[0] == path.name:
            path.rename(path.name)
        line = fails(1, "evaluate", *words)
        assert "resume.h5" in line
        assert "TEXT" in line


def test_damaged_resume_file(fails: Fails, trained: Trained) -> None:
    """A damaged resume.h5 is named."""
    path = trained().with_name("resume.h5")
    path.write_bytes(path.read_bytes()[:-1])
    assert "resume.h5 is damaged" in fails(1, "evaluate")


def test_resume_file_of_another_training(fails: Fails, trained: Trained, make_run: MakeRun) -> None:
    """A checkpoint that was moved into another run's folder has not learnt that run's text."""
    trained("mine")
    strange = make_run("other").rename("checkpoints/mine/strange.weights.h5")
    line = fails(1, "evaluate", strange)
    assert "strange.weights.h5" in line
    assert "TEXT" in line


def test_text_that_has_changed(fails: Fails, trained: Trained) -> None:
    """A text that is not the one any more is not taken for what was held back."""
    trained()
    with Path("novel.txt").open("a", encoding="utf-8") as file:
        file.write("!")
    line = fails(1, "evaluate")
    assert "novel.txt" in line
    assert "no longer" in line
    assert "--corpus" in line


def test_text_that_is_gone(fails: Fails, trained: Trained) -> None:
    """A text that is not there any more is named, and what to do."""
    trained()
    Path("novel.txt").unlink()
    line = fails(1, "evaluate")
    assert "novel.txt, which is not there any more" in line
    assert "--corpus" in line


def test_text_from_standard_input_is_gone(fails: Fails, trained: Trained) -> None:
    """What was piped into the training can't be read again; no input is waited for."""
    trained(source=STDIN)
    line = fails(1, "evaluate", stdin=(LEARNT + HELD_BACK).encode())
    assert "trained on standard input" in line
    assert "--corpus -" in line


@pytest.mark.parametrize("source", [None, STDIN])
@pytest.mark.parametrize("part", ["validation", "training"])
def test_a_text_that_moved(invoke: Invoke, trained: Trained, part: str, source: str | None) -> None:
    """--corpus says where the run's own text is now: a file, or standard input."""
    path = trained(source=source)
    Path("novel.txt").rename("moved.txt")
    expected = loss(path, HELD_BACK if part == "validation" else LEARNT)
    words = ["evaluate", "tiny", part, "--mode", "stream", "--json", "--corpus"]
    (row,) = rows(invoke(*words, "moved.txt"))
    (piped,) = rows(invoke(*words, "-", stdin=Path("moved.txt").read_bytes()))
    assert row["nats_per_character"] == piped["nats_per_character"] == expected


def test_another_text_is_not_the_runs(fails: Fails, trained: Trained) -> None:
    """--corpus takes the very text that the run learnt from, and is for its parts only."""
    trained()
    Path("other.txt").write_text(LEARNT, encoding="utf-8")
    assert "other.txt is not" in fails(1, "evaluate", "--corpus", "other.txt")
    assert "standard input is not" in fails(1, "evaluate", "--corpus", "-", stdin=b"other")
    assert "--corpus" in fails(2, "evaluate", "tiny", "novel.txt", "--corpus", "novel.txt")


def test_texts_that_can_not_be_read(fails: Fails, make_run: MakeRun) -> None:
    """A missing file, a folder and a file that is no UTF-8 are named."""
    make_run()
    Path("latin.txt").write_bytes(b"caf\xe9")
    for named in ("nothing.txt", "checkpoints", "latin.txt"):
        assert named in fails(1, "evaluate", "tiny", named)
    assert "training, validation" in fails(1, "evaluate", "tiny", "validaton")
    assert "standard input" in fails(1, "evaluate", "tiny", "-", stdin=b"caf\xe9")
    assert "empty" in fails(1, "evaluate", "tiny", "-")


@pytest.mark.parametrize("text", ["a", "axyz"])
def test_text_too_short(fails: Fails, make_run: MakeRun, text: str) -> None:
    """A text of one character, or of one that is known, has nothing to predict."""
    make_run()
    words = ["evaluate", "tiny", "-", "--unknown", "skip"]
    assert "at least two characters" in fails(2, *words, stdin=text.encode())


def test_runs_that_are_not_there(fails: Fails, trained: Trained) -> None:
    """No run, an unknown run or epoch, a missing file: each is answered with what there is."""
    assert "charrnn train" in fails(1, "evaluate")
    trained("hamlet", epoch=2)
    assert "hamlet" in fails(1, "evaluate", "othello")
    assert "it has 2" in fails(1, "evaluate", "hamlet", "--epoch", 5)
    assert "my.weights.h5" in fails(1, "evaluate", "my.weights.h5")
    Path("poem.h5").write_text("I am a poem", encoding="utf-8")
    assert "not a charrnn checkpoint" in fails(1, "evaluate", "poem.h5")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--limit", "1"], "--limit"),
        (["--crop-length", "0"], "--crop-length"),
        (["--crop-length", "5", "--mode", "stream"], "--crop-length"),
        (["--mode", "cropped"], "crops"),
        (["--epoch", "0"], "--epoch"),
        (["--engine", "torch"], "keras"),
        (["--unknown", "keep"], "skip"),
        (["tiny", "validation", "more"], "more"),
        (["a.weights.h5", "--epoch", "1"], "--epoch"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, trained: Trained, words: list[str], named: str) -> None:
    """A value outside its range is a mistake in the call: exit code 2, and the option's name."""
    trained()
    assert named in fails(2, "evaluate", *words)
