"""`charrnn classify predict`: answers against a formula, and ways in and out."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.support.commands import invoke
from tests.support.scored_words import compute_probability, write_classifier


def ask(*words: object, stdin: bytes = b"") -> Result:
    return invoke("classify", "predict", *words, stdin=stdin)


def read_answers(result: Result) -> list[tuple[str, float, str]]:
    """The answers that a command printed, stdout not being a terminal."""
    assert result.exit_code == 0, result.output
    lines = result.stdout.removesuffix("\n").split("\n") if result.stdout else []
    rows = [line.split("\t") for line in lines]
    return [(label, float(probability), text) for label, probability, text in rows]


def read_rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_argument_is_answered() -> None:
    """Each TEXT gets a line, in order: label, probability of positive, and the whole review."""
    write_classifier()
    texts = ["the good film", "bad", "a great great bad film", ""]
    expected = [(text, compute_probability(text)) for text in texts]
    found = read_answers(ask(*texts))
    assert [text for _, _, text in found] == texts
    for (label, probability, _), (_, right) in zip(found, expected, strict=True):
        assert probability == pytest.approx(right, abs=0.0005)
        assert label == ("positive" if right > 0.5 else "negative")
    assert [label for label, _, _ in found] == ["positive", "negative", "positive", "positive"]


def test_probability_is_always_of_positive() -> None:
    """The probability is that of positive, so below a half if the answer is negative."""
    write_classifier()
    ((label, probability, _),) = read_answers(ask("bad bad bad"))
    assert label == "negative"
    assert probability == pytest.approx(compute_probability("bad bad bad"), abs=0.0005)
    assert "the probability that the review is positive" in " ".join(ask("--help").stdout.split())


def test_review_of_several_lines_is_one_line() -> None:
    """Tabs and line ends in a review become spaces, so that each answer is one line."""
    write_classifier()
    ((_, probability, text),) = read_answers(ask("good\tfilm\r\nbad\nfilm"))
    assert text == "good film  bad film"
    assert probability == pytest.approx(compute_probability("good film bad film"), abs=0.0005)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "open"])
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_lines_match(start: bytes, end: bytes, way: str, *, last: bool) -> None:
    """--file answers line for line, empty ones too, whatever the line ends and the source."""
    write_classifier()
    texts = ["good film", "", "bad 水", "", "great"]
    content = start + end.join(text.encode() for text in texts) + (end if last else b"")
    Path("reviews.txt").write_bytes(content)
    result = ask("--file", "reviews.txt") if way == "file" else ask("--file", "-", stdin=content)
    assert read_answers(result) == read_answers(ask(*texts))


def test_long_file() -> None:
    """Lines longer than a block, and more lines than a block holds, are all answered in order."""
    write_classifier()
    texts = [
        f"film {number} " + "good bad " * (20_000 if number == 3 else 20) for number in range(900)
    ]
    Path("reviews.txt").write_text("\n".join(texts), encoding="utf-8")
    assert [row["text"] for row in read_rows(ask("--file", "reviews.txt", "--json"))] == texts


def test_empty_file_has_no_answer() -> None:
    """A file without lines gets no answers."""
    write_classifier()
    Path("empty.txt").write_bytes(b"")
    assert read_answers(ask("--file", "empty.txt")) == []


def test_standard_input_is_one_review() -> None:
    """- is one review, line ends and all; other arguments may stand beside it."""
    write_classifier()
    found = read_answers(ask("bad", "-", stdin=b"good film\ngreat\n"))
    assert found == read_answers(ask("bad", "good film\ngreat"))


def test_answers_keep_pace() -> None:
    """A line that has been written to a pipe is answered before the next one is."""
    write_classifier()
    code = (
        "import sys\nfrom charrnn.cli.classify.predict import predict\n"
        "predict(['--file', '-', '-q'], standalone_mode=False)\n"
        "print([n for n in ('tensorflow', 'keras', 'matplotlib') if n in sys.modules])"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin
        assert process.stdout
        for text in ("good", "bad"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode().endswith(f"\t{text}\n")
        process.stdin.close()
        assert process.stdout.read() == b"[]\n", "and nothing heavy is loaded for it"


def test_json() -> None:
    """--json prints an object a line with the exact probability and how many words are known."""
    path = write_classifier()
    found = read_rows(ask("good strange film", "水", "--json"))
    exact = [row.pop("probability") for row in found]
    assert exact == pytest.approx(
        [compute_probability("good strange film"), compute_probability("水")], abs=1e-6
    )
    assert found == [
        {
            "label": "positive",
            "text": "good strange film",
            "tokens": 3,
            "unknown": 1,
            "run": "tiny",
        },
        {"label": "negative", "text": "水", "tokens": 1, "unknown": 0, "run": "tiny"},
    ]
    assert read_rows(ask("good", "--json", "--checkpoint", path))[0]["run"] == "tiny"


def test_explain() -> None:
    """--explain lists the words by effect: the probability with a word minus that without it."""
    write_classifier()
    text = "Good film, BAD the"
    result = ask(text, "--explain")
    first, *others = result.stdout.splitlines()
    whole = compute_probability("good film bad the")
    assert first == f"positive\t{whole:.3f}\t{text}"
    effects = {
        "Good": whole - compute_probability("film bad the"),
        "film": whole - compute_probability("good bad the"),
        "BAD": whole - compute_probability("good film the"),
        "the": whole - compute_probability("good film bad"),
    }
    ups = sorted((w for w in effects if effects[w] > 0), key=lambda w: -effects[w])
    downs = sorted((w for w in effects if effects[w] < 0), key=effects.__getitem__)
    assert others == [f"\t{effects[word]:+.3f}\t{word}" for word in ups + downs]
    assert ups[0] == "Good"
    assert downs[0] == "BAD"
    (row,) = read_rows(ask(text, "--explain", "--json"))
    assert {e["text"]: e["effect"] for e in row["effects"]} == pytest.approx(effects, abs=1e-6)
    assert all(text[e["start"] : e["end"]] == e["text"] for e in row["effects"])


def test_explain_names_five_either_way() -> None:
    """Of many words the five with the greatest effect on either side are listed."""
    write_classifier(scores={f"w{n}": n - 10.0 for n in range(20)}, bias=0.0)
    result = ask(" ".join(f"w{n}" for n in range(20)), "--explain")
    _, *others = result.stdout.splitlines()
    words = [line.split("\t")[2] for line in others]
    assert words == ["w19", "w18", "w17", "w16", "w15", "w0", "w1", "w2", "w3", "w4"]


def test_explain_nothing() -> None:
    """An empty review has no words to list."""
    write_classifier()
    assert read_rows(ask("", "--explain", "--json"))[0]["effects"] == []
    assert len(ask("", "--explain").stdout.splitlines()) == 1


def test_note_names_the_network() -> None:
    """stderr says which run and epoch answers; with -q it says nothing."""
    write_classifier()
    assert ask("good").stderr == "tiny, epoch 1, validation loss 0.4000\n"
    assert ask("good", "-q").stderr == ""
    assert ask("good", "-q").stdout == ask("good").stdout


def test_note_if_no_word_is_known() -> None:
    """If an answer does not depend on its review, stderr says so, once."""
    write_classifier()
    assert "none of these words" in ask("wunderbar").stderr
    assert "none of" not in ask("wunderbar film").stderr
    ((_, probability, _),) = read_answers(ask("wunderbar"))
    assert probability == pytest.approx(compute_probability("x"), abs=0.0005)
    lines = ask("--file", "-", stdin=b"good\nfabelhaft\nwunderbar\nbad\n").stderr.splitlines()
    assert len(lines) == 2
    assert "2 of these 4 reviews" in lines[1]


def test_blank_lines_are_counted() -> None:
    """A blank line has its answer, and a note says how many were blank; words are another note."""
    write_classifier()
    result = ask("--file", "-", stdin=b"good\n\n \t\r\nwunderbar\nbad\n")
    assert len(read_answers(result)) == 5
    _, blank, unknown = result.stderr.splitlines()
    assert blank == ("blank reviews: 2 of 5; the network answers as it would to no words at all")
    assert "1 of these 5 reviews" in unknown
    assert "blank reviews: 1 of 1" in ask("").stderr


def test_run_epoch_and_checkpoint() -> None:
    """--run, --epoch and --checkpoint choose; the default is the newest run's best epoch."""
    paths = {
        (run, epoch): write_classifier(run, epoch, bias=bias)
        for run, epoch, bias in (("a", 1, 1.0), ("a", 2, 2.0), ("b", 1, -1.0))
    }
    os.utime(paths["b", 1], (1e9, 1e9))
    chosen = {
        (): 2.0,
        ("--epoch", 1): 1.0,
        ("--run", "b"): -1.0,
        ("--run", "a", "--epoch", 2): 2.0,
        ("--checkpoint", paths["a", 1]): 1.0,
    }
    for words, bias in chosen.items():
        ((_, probability, _),) = read_answers(ask("", *words))
        assert probability == pytest.approx(1 / (1 + math.exp(-bias)), abs=0.0005)
    Path("checkpoints").rename("elsewhere")
    assert ask("", "--checkpoints", "elsewhere").stderr.startswith("a, epoch 2")


def test_text_that_begins_with_a_dash() -> None:
    """After -- a review may begin as an option does."""
    write_classifier()
    assert read_answers(ask("--", "-9 good"))[0][2] == "-9 good"


@pytest.mark.parametrize(
    "text",
    ["good bad " * 50_000, "a\0b good\0", "水水 水", "\u2028good\x85\x0c"],
    ids=["long", "NUL", "script", "space"],
)
def test_odd_reviews_are_answered(text: str) -> None:
    """A review of any length and in any characters has one answer."""
    write_classifier()
    (row,) = read_rows(ask("--file", "-", "--json", stdin=text.encode()))
    assert row["text"] == text
    assert 0 < row["probability"] < 1
    result = ask("--file", "-", stdin=text.encode())
    assert result.stdout.split("\t")[2] == f"{text}\n"
