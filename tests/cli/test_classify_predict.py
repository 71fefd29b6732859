"""`charrnn classify predict`: answers against a formula, ways in and out, and what can go wrong."""

import io
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from charrnn.runs import checkpoint
from charrnn.runs.checkpoint import SUFFIX, Classifier, Provenance
from charrnn.config.reviews import ClassifierConfig
from charrnn.cli.classify.answers import Answer, coloured, show_in_terminal
from charrnn.cli.classify.lines import read_lines
from charrnn.cli.classify.predict import predict
from charrnn.cli.program import Program
from charrnn.data.words import Words
from charrnn.errors import ReviewsError
from charrnn.inference.review_model import Effect

PROGRAM = Program("charrnn", commands={"predict": predict})
SCORES = {"the": 0.0, "film": 0.25, "good": 2.0, "great": 3.0, "bad": -3.0, "水": -1.5}
BIAS = 0.5


def save(
    run: str = "tiny", epoch: int = 1, scores: Mapping[str, float] = SCORES, bias: float = BIAS
) -> Path:
    """A network whose logit is the mean of its words' scores, an unknown one's 0, and a bias."""
    words = Words(list(scores))
    config = ClassifierConfig(
        vocabulary_size=len(words), embedding=1, cell="average", units=(), mask=True, max_length=0
    )
    embedding = np.array([[0.0]] * 4 + [[score] for score in scores.values()], np.float32)
    weights = {
        "layers/embedding/vars/0": embedding,
        "layers/dense/vars/0": np.ones((1, 1), np.float32),
        "layers/dense/vars/1": np.array([bias], np.float32),
    }
    assert {name: values.shape for name, values in weights.items()} == config.weight_shapes()
    path = Path("checkpoints/classify") / run / f"epoch-{epoch:04d}{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = Provenance("reviews", "0" * 64, epoch, 0.5, 0.4)
    checkpoint.write_classifier(path, Classifier(config, words, source, weights))
    return path


def positive(words: str) -> float:
    """The formula of the network above, for words between single spaces."""
    scores = [0.0, *(SCORES.get(word, 0.0) for word in words.split())]  # a start comes first
    return 1 / (1 + math.exp(-BIAS - sum(scores) / len(scores)))


def ask(*words: object, stdin: bytes = b"") -> Result:
    arguments = ["predict", *map(str, words)]
    return CliRunner().invoke(PROGRAM, arguments, input=stdin, prog_name="charrnn")


def answers(result: Result) -> list[tuple[str, float, str]]:
    """What was printed where there is no terminal."""
    assert result.exit_code == 0, result.output
    lines = result.stdout.removesuffix("\n").split("\n") if result.stdout else []
    rows = [line.split("\t") for line in lines]
    return [(label, float(probability), text) for label, probability, text in rows]


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def fails(code: int, *words: object, stdin: bytes = b"", stdout: str = "") -> str:
    result = ask(*words, stdin=stdin)
    assert result.exit_code == code, result.output
    assert result.stdout == stdout
    line = result.stderr.splitlines()[-1]
    assert line.startswith("charrnn: ")
    assert not line.startswith("charrnn: unexpected ")
    return line


def test_each_argument_is_answered() -> None:
    """Each TEXT gets a line, in order: label, probability of positive, and the whole review."""
    save()
    texts = ["the good film", "bad", "a great great bad film", ""]
    expected = [(text, positive(text)) for text in texts]
    found = answers(ask(*texts))
    assert [text for _, _, text in found] == texts
    for (label, probability, _), (_, right) in zip(found, expected, strict=True):
        assert probability == pytest.approx(right, abs=0.0005)
        assert label == ("positive" if right > 0.5 else "negative")
    assert [label for label, _, _ in found] == ["positive", "negative", "positive", "positive"]


def test_probability_is_always_of_positive() -> None:
    """A negative answer's probability is below a half: it is not that of the label."""
    save()
    ((label, probability, _),) = answers(ask("bad bad bad"))
    assert label == "negative"
    assert probability == pytest.approx(positive("bad bad bad"), abs=0.0005)
    assert "the probability that the review is positive" in " ".join(ask("--help").stdout.split())


def test_review_of_several_lines_is_one_line() -> None:
    """Tabs and line ends in a review become spaces, so that a line stays an answer."""
    save()
    ((_, probability, text),) = answers(ask("good\tfilm\r\nbad\nfilm"))
    assert text == "good film  bad film"
    assert probability == pytest.approx(positive("good film bad film"), abs=0.0005)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "open"])
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_lines_match(start: bytes, end: bytes, way: str, *, last: bool) -> None:
    """--file answers line for line, empty ones too, however lines end and wherever they are."""
    save()
    texts = ["good film", "", "bad 水", "", "great"]
    content = start + end.join(text.encode() for text in texts) + (end if last else b"")
    Path("reviews.txt").write_bytes(content)
    result = ask("--file", "reviews.txt") if way == "file" else ask("--file", "-", stdin=content)
    assert answers(result) == answers(ask(*texts))


def test_long_file_comes_whole() -> None:
    """Lines longer than a block, and more of them than one holds, are all answered in order."""
    save()
    texts = [
        f"film {number} " + "good bad " * (20_000 if number == 3 else 20) for number in range(900)
    ]
    Path("reviews.txt").write_text("\n".join(texts), encoding="utf-8")
    assert [row["text"] for row in rows(ask("--file", "reviews.txt", "--json"))] == texts


def test_empty_file_has_no_answer() -> None:
    """A file without lines is answered by no line."""
    save()
    Path("empty.txt").write_bytes(b"")
    assert answers(ask("--file", "empty.txt")) == []


def test_standard_input_is_one_review() -> None:
    """- is one review, its line ends within it; other arguments go beside it."""
    save()
    found = answers(ask("bad", "-", stdin=b"good film\ngreat\n"))
    assert found == answers(ask("bad", "good film\ngreat"))


def test_answers_come_as_reviews_do() -> None:
    """A line that has been written to a pipe is answered before the next one is."""
    save()
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


def test_lines_before_a_broken_one_are_given() -> None:
    """What could be read is given first, as soon as it is there; then the line is named."""
    read, write = os.pipe()
    with os.fdopen(write, "wb", buffering=0) as writer:
        chunks = read_lines(Path(f"/dev/fd/{read}"))
        writer.write(b"a\nb\nhal")
        assert next(chunks) == ["a", "b"]
        writer.write(b"f\nc\xe9\nd\n")
        assert next(chunks) == ["half"]
        with pytest.raises(ReviewsError, match="line 4 of"):
            next(chunks)
    os.close(read)


def test_json() -> None:
    """--json prints an object a line with the exact probability and what the network knows."""
    path = save()
    found = rows(ask("good strange film", "水", "--json"))
    exact = [row.pop("probability") for row in found]
    assert exact == pytest.approx([positive("good strange film"), positive("水")], abs=1e-6)
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
    assert rows(ask("good", "--json", "--checkpoint", path))[0]["run"] == "tiny"


def test_explain() -> None:
    """--explain names the words by effect, the probability with a word minus that without it."""
    save()
    text = "Good film, BAD the"
    result = ask(text, "--explain")
    first, *others = result.stdout.splitlines()
    assert first == f"positive\t{positive('good film bad the'):.3f}\t{text}"
    whole = positive("good film bad the")
    effects = {
        "Good": whole - positive("film bad the"),
        "film": whole - positive("good bad the"),
        "BAD": whole - positive("good film the"),
        "the": whole - positive("good film bad"),
    }
    ups = sorted((w for w in effects if effects[w] > 0), key=lambda w: -effects[w])
    downs = sorted((w for w in effects if effects[w] < 0), key=effects.__getitem__)
    assert others == [f"\t{effects[word]:+.3f}\t{word}" for word in ups + downs]
    assert ups[0] == "Good"
    assert downs[0] == "BAD"
    (row,) = rows(ask(text, "--explain", "--json"))
    assert {e["text"]: e["effect"] for e in row["effects"]} == pytest.approx(effects, abs=1e-6)
    assert all(text[e["start"] : e["end"]] == e["text"] for e in row["effects"])


def test_explain_names_five_either_way() -> None:
    """Of many words the five that did most on either side are named."""
    save(scores={f"w{n}": n - 10.0 for n in range(20)}, bias=0.0)
    result = ask(" ".join(f"w{n}" for n in range(20)), "--explain")
    _, *others = result.stdout.splitlines()
    words = [line.split("\t")[2] for line in others]
    assert words == ["w19", "w18", "w17", "w16", "w15", "w0", "w1", "w2", "w3", "w4"]


def test_explain_nothing() -> None:
    """An empty review has no words to name."""
    save()
    assert rows(ask("", "--explain", "--json"))[0]["effects"] == []
    assert len(ask("", "--explain").stdout.splitlines()) == 1


def terminal(answer: Answer, width: int = 40) -> str:
    """What a terminal of that width is sent."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=width, soft_wrap=True, color_system="standard"
    )
    show_in_terminal(console, answer)
    return out.getvalue()


@pytest.mark.parametrize("text", ["one two three " * 9, "水" * 99, "a\n\nb\tc " * 40])
def test_terminal_line_is_cut(text: str) -> None:
    """In a terminal an answer is one line, as wide as that at most, and says that it is cut."""
    from rich.cells import cell_len

    shown = re.sub(r"\x1b\[[\d;]*m", "", terminal(Answer(text, 0.9731, 1, 0)))
    assert shown.startswith("positive  0.973  ")
    assert shown.endswith("…\n")
    assert shown.count("\n") == 1
    assert 38 <= cell_len(shown[:-1]) <= 40
    assert terminal(Answer("short", 0.2, 1, 0)).endswith("negative\x1b[0m  0.200  short\n")


def test_review_can_not_command_the_terminal() -> None:
    """Escape sequences, bells and the like in a review are not sent to the terminal."""
    text = "a\x1b]0;x\x07\x00\x9b31m\x08 [bold]b[/bold]"
    effects = [Effect("a", 0, 1, 0.5)]
    for answer in (Answer(text, 0.9, 1, 0), Answer(text, 0.9, 1, 0, effects)):
        sent = re.sub(r"\x1b\[[\d;]*m", "", terminal(answer, 90))
        assert not {"\x1b", "\x07", "\x00", "\x9b", "\x08"} & set(sent)
        assert "[bold]b[/bold]" in sent


def test_words_are_coloured_by_effect() -> None:
    """Words for a positive answer are green, those against it red, bold the strongest."""
    text = "Good,\nnot bad film"
    effects = [
        Effect("Good", 0, 4, 0.3),
        Effect("not", 6, 9, -0.15),
        Effect("bad", 10, 13, -0.05),
        Effect("film", 14, 18, 0.001),
    ]
    shown = coloured(text, effects)
    styles = {shown.plain[span.start : span.end]: span.style for span in shown.spans}
    assert styles == {"Good": "bold green", "not": "red", "bad": "dim red"}
    assert shown.plain == "Good, not bad film"
    assert coloured(text, [Effect("Good", 0, 4, 0.0)]).spans == []
    sent = terminal(Answer(text, 0.6, 4, 0, effects), width=10)
    assert "\x1b[1;32mGood\x1b[0m, \x1b[31mnot" in sent
    assert sent.splitlines()[1:] == [
        "    +0.300  Good",
        "    +0.001  film",
        "    -0.150  not",
        "    -0.050  bad",
    ]


def test_note_says_who_answers() -> None:
    """stderr says which run and epoch answers; with -q it says nothing."""
    save()
    assert ask("good").stderr == "tiny, epoch 1, validation loss 0.4000\n"
    assert ask("good", "-q").stderr == ""
    assert ask("good", "-q").stdout == ask("good").stdout


def test_note_where_no_word_is_known() -> None:
    """Where an answer has nothing to do with its review, stderr says so, once."""
    save()
    assert "none of these words" in ask("wunderbar").stderr
    assert "none of these words" in ask("").stderr
    assert "none of" not in ask("wunderbar film").stderr
    assert answers(ask("wunderbar"))[0][1] == pytest.approx(positive("x"), abs=0.0005)
    lines = ask("--file", "-", stdin=b"good\n\nwunderbar\nbad\n").stderr.splitlines()
    assert len(lines) == 2
    assert "2 of these 4 reviews" in lines[1]


def test_run_epoch_and_checkpoint() -> None:
    """--run, --epoch and --checkpoint choose; the newest run's best epoch is the default."""
    paths = {
        (run, epoch): save(run, epoch, bias=bias)
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
        ((_, probability, _),) = answers(ask("", *words))
        assert probability == pytest.approx(1 / (1 + math.exp(-bias)), abs=0.0005)
    Path("checkpoints").rename("elsewhere")
    assert ask("", "--checkpoints", "elsewhere").stderr.startswith("a, epoch 2")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "--file"),
        (["good", "--file", "a.txt"], "--file"),
        (["-", "-"], "once"),
        (["good", "--epoch", "0"], "--epoch"),
        (["good", "--checkpoint", "a.weights.h5", "--run", "tiny"], "--run"),
        (["good", "--checkpoint", "a.weights.h5", "--epoch", "1"], "--epoch"),
        (["-9 out of 10"], "-9"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_calls(words: list[str], named: str) -> None:
    """A mistake in the call is one line and exit code 2, with the option's name."""
    save()
    assert named in fails(2, *words)


def test_text_that_begins_with_a_dash() -> None:
    """After -- a review may begin like an option."""
    save()
    assert answers(ask("--", "-9 good"))[0][2] == "-9 good"


def test_files_that_can_not_be_read() -> None:
    """A missing file, a folder and what is no UTF-8 are named; lines before are answered."""
    save()
    assert "nothing.txt" in fails(1, "--file", "nothing.txt")
    assert "checkpoints" in fails(1, "--file", "checkpoints")
    assert "standard input" in fails(1, "-", stdin=b"caf\xe9")
    Path("latin.txt").write_bytes(b"good\ncaf\xe9\nbad\n")
    line = fails(1, "--file", "latin.txt", stdout=ask("good").stdout)
    assert "line 2 of latin.txt" in line


@pytest.mark.parametrize(
    "text",
    ["good bad " * 50_000, "a\0b good\0", "水水 水", "\u2028good\x85\x0c"],
    ids=["long", "NUL", "script", "space"],
)
def test_odd_reviews_are_answered(text: str) -> None:
    """However long, and in whatever characters, a review has one answer."""
    save()
    (row,) = rows(ask("--file", "-", "--json", stdin=text.encode()))
    assert row["text"] == text
    assert 0 < row["probability"] < 1
    result = ask("--file", "-", stdin=text.encode())
    assert result.stdout.split("\t")[2] == f"{text}\n"


def test_no_such_classifier(make_run: Callable[..., Path]) -> None:
    """No run, an unknown one, and a language model are told apart; a line says what to do."""
    make_run("language")
    assert "train" in fails(1, "good")
    save("hamlet")
    line = fails(1, "good", "--run", "othello")
    assert "othello" in line
    assert "hamlet" in line
    assert "2" in fails(1, "good", "--epoch", "2")
    fails(1, "good", "--checkpoint", "checkpoints/language/epoch-0001.weights.h5")
    assert "folder" in fails(1, "good", "--checkpoint", "checkpoints")
    assert "no.h5" in fails(1, "good", "--checkpoint", "no.h5")


def test_diverged_network() -> None:
    """A network whose weights are no numbers is refused, with another epoch as the way out."""
    save(bias=math.nan)
    assert "--epoch" in fails(1, "good")
