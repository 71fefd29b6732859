"""`evaluate --adapt` and `sample --adapt`."""

import json
from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.config.language import Adaptation
from charrnn.inference.adapt import measure_rms
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import HELD_BACK, LEARNT, read_rows, read_text, write_trained

FAST = ["--adapt-rate", 0.01, "--adapt-pull", 0.001, "--adapt-piece", 10]
LETTER = "dear bad head, " * 20


def test_evaluate_adds_a_measure(invoke: Invoke) -> None:
    """Apart from the static figures, which stay what they are; JSON says how it adapts."""
    path = write_trained()
    before = path.read_bytes()
    words = ["evaluate", "--json"]
    static = read_rows(invoke(*words))
    rows = read_rows(invoke(*words, "--adapt", *FAST))
    assert [row["mode"] for row in rows] == ["stream", "adapt", "crops"]
    assert [rows[0], rows[2]] == static
    assert [rows[1][name] for name in ("rate", "pull", "piece")] == [0.01, 0.001, 10]
    model = charrnn.load("tiny")
    how = Adaptation(0.01, 0.001, 10)
    assert rows[1]["nats_per_character"] == model.evaluate(HELD_BACK, adaptation=how).loss
    assert rows[1]["nats_per_character"] < static[0]["nats_per_character"] - 0.1
    assert path.read_bytes() == before
    table = invoke("evaluate", "--adapt", "--mode", "stream").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["mode", "stream", "adapt"]


def test_steps_are_scaled_by_the_training_text(invoke: Invoke) -> None:
    """It is measured once; when it is gone and was not measured, a note says what follows."""
    path = write_trained()
    words = ["evaluate", "tiny", "other.txt", "--adapt", *FAST, "--mode", "stream", "--json"]
    Path("other.txt").write_text(HELD_BACK * 2, encoding="utf-8")
    first = invoke(*words)
    model = charrnn.load(path)
    rms = measure_rms(model.checkpoint, [model.vocabulary.encode(LEARNT)], 10)
    Path("novel.txt").rename("moved.txt")
    again = invoke(*words)
    path.with_name("epoch-0001.rms").unlink()
    without = invoke(*words)
    moved = invoke(*words, "--corpus", "moved.txt")
    assert read_rows(again) == read_rows(first) == read_rows(moved) != read_rows(without)
    assert "name that text with --corpus FILE" in without.stderr
    assert "unavailable" not in again.stderr + first.stderr + moved.stderr
    model.find_rms = lambda _: rms
    expected = model.evaluate(HELD_BACK * 2, adaptation=Adaptation(0.01, 0.001, 10)).loss
    assert read_rows(first)[1]["nats_per_character"] == expected
    piped = ["evaluate", "tiny", "--adapt", "--mode", "stream", "--corpus", "-"]
    path.with_name("epoch-0001.rms").unlink()
    result = invoke(*piped, stdin=Path("moved.txt").read_bytes())
    assert "unavailable" not in result.stderr


def test_sample_learns_before_it_writes(invoke: Invoke) -> None:
    """What Python's `adapt` gives writes the text; the run itself stays as it is."""
    path = write_trained()
    before = path.read_bytes()
    Path("letter.txt").write_text(LETTER, encoding="utf-8")
    words = ["sample", "a", "--length", 60, "--seed", 1, "--unknown", "skip"]
    passes = ["--adapt", "letter.txt", "--adapt-passes", 3, *FAST]
    adapted = invoke(*words, *passes)
    how = Adaptation(0.01, 0.001, 10)
    model = charrnn.load("tiny").adapt(LETTER, how, passes=3, unknown="skip")
    assert read_text(adapted) == "a" + model.generate("a", 60, seed=1)
    assert read_text(adapted) != read_text(invoke(*words))
    assert "adapting to" in adapted.stderr
    assert path.read_bytes() == before


def test_adapted_network_can_be_kept(invoke: Invoke, fails: Fails) -> None:
    """As a run that any command takes, and that says what it read and how."""
    write_trained()
    words = ["sample", "a", "--length", 60, "--seed", 1]
    letter = LETTER.replace(",", "").replace("r", "").encode()
    kept = invoke(*words, "--adapt", "-", *FAST, "--save-as", "letters", stdin=letter)
    assert read_text(invoke(*words, "--run", "letters")) == read_text(kept)
    model = charrnn.load("letters")
    adapted = model.checkpoint.provenance.adapted
    assert adapted.startswith(f"stdin, {len(letter)} characters, sha256 ")
    assert adapted.endswith(", rate 0.01, pull 0.001, pieces of 10, passes 1")
    assert f"adapted to {adapted}" in repr(model)
    assert "before it adapted" in invoke(*words, "--run", "letters").stderr
    twice = model.adapt("a bad head", name="more").checkpoint.provenance.adapted
    assert twice.startswith(f"{adapted}; more, 10 characters")
    Path("other.txt").write_text(HELD_BACK, encoding="utf-8")
    (row,) = read_rows(invoke("evaluate", "letters", "other.txt", "--mode", "stream", "--json"))
    assert row["nats_per_character"] == pytest.approx(model.score(HELD_BACK))
    again = [*words, "--adapt", "-", "--save-as", "letters"]
    assert "'letters' exists" in fails(1, *again, stdin=letter)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["evaluate", "--adapt-rate", "0.1"], "need --adapt"),
        (["evaluate", "--adapt", "--engine", "keras"], "leave out --engine"),
        (["evaluate", "tiny", "-", "--adapt", "--corpus", "-"], "standard input"),
        (["sample", "--prompt-file", "-", "--adapt", "-"], "standard input"),
        (["evaluate", "--adapt", "--mode", "crops"], "--mode crops"),
        (["evaluate", "--adapt", "--adapt-piece", "0"], "--adapt-piece"),
        (["sample", "--adapt-pull", "0.1"], "need --adapt"),
        (["sample", "--adapt", "novel.txt", "--adapt-passes", "1001"], "from 1 to 1,000"),
        (["sample", "--save-as", "x"], "need --adapt"),
        (["sample", "--adapt-passes", "2"], "need --adapt"),
        (["sample", "--corpus", "novel.txt"], "need --adapt"),
        (["sample", "-", "--adapt", "-"], "standard input"),
        (["sample", "--adapt", "novel.txt", "--save-as", "a/b"], "--save-as"),
        (["sample", "--adapt", "novel.txt", "--adapt-rate", "-1"], "--adapt-rate"),
    ],
)
def test_wrong_options(fails: Fails, words: list[str], named: str) -> None:
    """One line that names the option."""
    write_trained()
    assert named in fails(2, *words)


def test_wrong_texts(fails: Fails) -> None:
    """A missing file, an unknown character and a text of one character are one line each."""
    write_trained()
    assert "gone.txt" in fails(1, "sample", "--adapt", "gone.txt")
    Path("odd.txt").write_text("what", encoding="utf-8")
    assert "--unknown" in fails(1, "sample", "-q", "--adapt", "odd.txt")
    Path("short.txt").write_text("a", encoding="utf-8")
    assert "two characters" in fails(2, "sample", "-q", "--adapt", "short.txt")


def test_a_wrong_prompt_is_found_before_adapting(fails: Fails) -> None:
    """Nothing is kept under the name."""
    write_trained()
    words = ["sample", "zzz", "--adapt", "novel.txt", "--save-as", "kept"]
    assert "'z'" in fails(1, *words)
    assert not Path("checkpoints/kept").exists()


def test_json_of_sample_says_what_was_read(invoke: Invoke) -> None:
    """A row of an adapted network has one key more."""
    write_trained()
    words = ["sample", "a", "--length", 5, "--seed", 1, "--json"]
    plain = json.loads(invoke(*words).stdout)
    adapted = json.loads(invoke(*words, "--adapt", "novel.txt").stdout)
    assert adapted.keys() - plain.keys() == {"adapted"}
    assert adapted["adapted"].startswith("novel, 827 characters, sha256 ")


@pytest.mark.parametrize("adaptation", [0.1, "fast"])
def test_python_rejects_other_types(adaptation: Any) -> None:
    """The error says what is wanted."""
    model = charrnn.load(write_trained())
    with pytest.raises(charrnn.CharrnnError, match="must be a charrnn"):
        model.evaluate(HELD_BACK, adaptation=adaptation)
    with pytest.raises(charrnn.CharrnnError, match="must be a charrnn"):
        model.adapt(HELD_BACK, adaptation)
