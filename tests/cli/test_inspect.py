"""`charrnn inspect`: what a network thinks while it reads, and which text is read."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import charrnn
from charrnn.data.copied import find_copies
from charrnn.data.corpus import make_corpus
from charrnn.data.text import Text
from charrnn.inference.inspect import Inspection
from charrnn.inference.units import Unit
from charrnn.views.inspection import render_inspection
from tests.support.commands import Fails, Invoke, run_command
from tests.support.language_runs import HELD_BACK, LEARNT, read_rows, read_text, write_trained
from tests.support.networks import MakeRun
from tests.support.pictures import read_size
from tests.support.screens import Watch, strip_codes

TEXT = "a bad cab! he had\na deaf beach\n\nfeed a hag"
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def write_text(text: str = TEXT) -> Path:
    path = Path("my text.txt")
    path.write_text(text, encoding="utf-8")
    return path


def read_all(path: Path, text: str = TEXT) -> Inspection:
    return charrnn.load(path).inspect(text)


def expect_rows(seen: Inspection) -> list[dict[str, Any]]:
    """The objects for a text, from the Python interface."""
    surprise = [None, *(pytest.approx(value) for value in seen.surprise[1:].tolist())]
    guesses = [
        [[character, pytest.approx(probability)] for character, probability in row]
        for row in seen.guesses(5)
    ]
    return [
        {"place": place, "character": seen.text[place], "surprise": one, "guesses": expected}
        for place, (one, expected) in enumerate(zip(surprise, guesses, strict=True))
    ]


def test_json(invoke: Invoke) -> None:
    """--json prints an object for each character of the newest run's validation text."""
    path = write_trained()
    rows = read_rows(invoke("inspect", "--json"))
    assert rows == expect_rows(read_all(path, HELD_BACK))
    assert rows == read_rows(invoke("inspect", "tiny", "validation", "--json"))
    assert rows[:50] == read_rows(invoke("inspect", "--json", "--limit", 50))
    assert read_rows(invoke("inspect", "tiny", "training", "--json")) == expect_rows(
        read_all(path, LEARNT)
    )


@pytest.mark.parametrize(
    "words", [["my text.txt"], ["-"], ["tiny", "my text.txt"], ["tiny", "-"]], ids=" ".join
)
def test_texts(invoke: Invoke, make_run: MakeRun, words: list[str]) -> None:
    """A file or standard input is read, also with no run before it: the newest reads it."""
    seen = read_all(make_run())
    write_text()
    stdin = TEXT.encode() if "-" in words else b""
    result = invoke("inspect", *words, "--json", stdin=stdin)
    assert read_rows(result) == expect_rows(seen)
    shown = "standard input" if stdin else "my text.txt"
    assert f"tiny, epoch 1, validation loss 2.2500; {shown}, 42 characters\n" in result.stderr


def test_a_thousand_characters_are_read(invoke: Invoke, make_run: MakeRun) -> None:
    """Without --limit the first 1,000 are read, and 20,000 with --find; a character is no more."""
    make_run()
    write_text("a bad\n" * 4000)
    assert len(read_rows(invoke("inspect", "my text.txt", "--json"))) == 1000
    assert "20,000 characters" in invoke("inspect", "my text.txt", "--find", "newlines").stderr
    skipped = invoke("inspect", "-", "--unknown", "skip", "--json", stdin=b"a bXd")
    assert [row["character"] for row in read_rows(skipped)] == [*"a bd"]
    assert "4 characters, 1 left out" in skipped.stderr


def test_plain_text_has_digits(invoke: Invoke, make_run: MakeRun) -> None:
    """In a pipe a digit below each character is its surprise in nats, rounded; 0 is left blank."""
    seen = read_all(make_run(units=30, seed=3))
    write_text()
    explanation, *lines = read_text(invoke("inspect", "my text.txt")).splitlines()
    assert "1 to 9 nats" in explanation
    digits = ["" if not value >= 0.5 else f"{value:.0f}" for value in seen.surprise]
    assert len({*digits}) > 3
    place = 0
    for line in TEXT.splitlines():
        shown = line if place + len(line) == len(TEXT) else f"{line}↵"
        assert lines.pop(0) == shown
        below = "".join(digit or " " for digit in digits[place : place + len(shown)]).rstrip()
        if below:
            assert lines.pop(0) == below
        place += len(shown)
    assert lines[0] == ""


def test_long_lines_and_wide_characters(invoke: Invoke, make_run: MakeRun) -> None:
    """Lines break at 80 columns, and a digit stands below its character whatever its width."""
    characters = "\t\n ab\u0301\u202e水"
    seen = read_all(make_run(characters=characters), "a" * 99 + "水水b\u0301a\ta\u202ea")
    write_text(seen.text)
    _, first, _, second, below, *_ = read_text(invoke("inspect", "my text.txt")).splitlines()
    assert first == "a" * 80
    assert second == "a" * 19 + "水水b\u0301a a\\u202ea"
    digits = [" " if value < 0.5 else f"{value:.0f}" for value in seen.surprise[80:]]
    digits[19] += " "
    digits[20] += " "
    digits[22] = ""
    digits[26] += " " * 5
    assert below == "".join(digits).rstrip()


def test_guesses(invoke: Invoke, make_run: MakeRun) -> None:
    """--guesses points at a line's three most surprising characters, with five likelier ones."""
    seen = read_all(make_run(units=30, seed=3))
    write_text()
    lines = read_text(invoke("inspect", "my text.txt", "--guesses")).splitlines()
    at = lines.index("a deaf beach↵")
    marked = [line for line in lines[at + 2 : at + 5] if "^" in line]
    start, end = TEXT.index("a deaf"), TEXT.index("\n\n") + 1
    places = sorted(range(start, end), key=lambda place: -seen.surprise[place])[:3]
    guesses = seen.guesses(5)
    for line, place in zip(marked, sorted(places), strict=True):
        assert line.index("^") == place - start
        nats, expected = f"{seen.surprise[place]:.1f} nats, expected ", guesses[place]
        shown = "  ".join(f"{character!r} {share:.0%}" for character, share in expected)
        assert line.strip() == f"^ {nats}{shown}"


def test_summary(invoke: Invoke, make_run: MakeRun) -> None:
    """Below the text stand its loss, by class of character too, and the most surprising places."""
    seen = read_all(make_run(units=30, seed=3))
    write_text()
    lines = read_text(invoke("inspect", "my text.txt")).splitlines()
    numbers = f"{seen.loss:.4f} nats per character, perplexity {math.exp(seen.loss):.2f}"
    at = lines.index(f"41 characters predicted, {numbers}")
    classes = [re.split("  +", line) for line in lines[at + 3 : lines.index("", at + 3)]]
    assert classes == [
        [one.name, str(one.characters), f"{one.loss:.4f}", f"{one.share:.1%}"]
        for one in seen.class_losses()
    ]
    rows = lines[lines.index("", at + 3) + 2 :]
    for line, place in zip(rows, seen.most_surprising(10), strict=True):
        before = TEXT[:place]
        nats, where, came, *_ = line.split()
        assert nats == f"{seen.surprise[place]:.2f}"
        column = place - before.rfind("\n")
        assert where == f"{before.count(chr(10)) + 1}:{column}"
        assert line.split(maxsplit=2)[2].startswith(repr(TEXT[place]))
        assert line.endswith(before[-24:].replace("\n", "↵").strip())
        assert came


def test_a_unit(invoke: Invoke, make_run: MakeRun) -> None:
    """--unit shows one unit's output: in JSON as it is, in a pipe from 0 to 9 by its largest."""
    seen = read_all(make_run(layers=2))
    write_text()
    for typed, layer, unit in (("3", 1, 3), ("1:3", 1, 3), ("0:5", 0, 5)):
        outputs = seen.outputs[layer, :, unit]
        rows = read_rows(invoke("inspect", "my text.txt", "--unit", typed, "--json"))
        assert [row["output"] for row in rows] == pytest.approx(outputs.tolist())
        _, first, below, *_ = read_text(
            invoke("inspect", "my text.txt", "--unit", typed)
        ).splitlines()
        assert first == "a bad cab! he had↵"
        scaled = [round((value / abs(outputs).max() + 1) * 4.5) for value in outputs[:18].tolist()]
        expected = "".join(" " if digit in {4, 5} else str(digit) for digit in scaled)
        assert below == expected.rstrip()


def list_backgrounds(line: str) -> list[str]:
    """The background of each character of a line that a terminal of all colours received."""
    found, now = [], ""
    for codes, shown in re.findall("(?:\x1b\\[([0-9;]*)m)?([^\x1b]*)", line):
        background = re.search(r"48;2;(\d+;\d+;\d+)", codes)
        now = background[1] if background else "" if codes == "0" else now
        found += [now] * len(shown)
    return found


def test_a_terminal_has_colours(
    watch: Watch, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal characters are coloured, the stronger the more surprising, without digits."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    seen = read_all(make_run(units=90, seed=3))
    write_text()
    lines = watch(run_command("inspect", "my text.txt", "-q")).splitlines()
    legend = re.sub(" +", " ", strip_codes(lines[0]))
    assert legend == "surprise in nats: from 0.5 from 1.5 from 3 from 5 "
    _, *steps = dict.fromkeys(list_backgrounds(lines[0]))
    assert len(steps) == 4
    shown = [f"{line}↵" for line in TEXT.splitlines()]
    assert [strip_codes(line) for line in lines[1:4]] == shown[:3]
    found = list_backgrounds("".join(lines[1:4]))
    for place, background in enumerate(found):
        level = sum(seen.surprise[place] >= least for least in (0.5, 1.5, 3, 5))
        assert background == ["", *steps][level], place
    assert {*found} == {"", *steps}


def test_a_terminal_has_colours_for_a_unit(
    watch: Watch, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit's outputs are blue below zero, red above, the stronger the further from it."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    seen = read_all(make_run())
    write_text()
    lines = watch(run_command("inspect", "my text.txt", "-q", "--unit", 3)).splitlines()
    assert strip_codes(lines[1]) == "a bad cab! he had↵"
    blues, reds = ["33;102;172", "190;220;240"], ["253;200;170", "178;24;43"]
    outputs = seen.outputs[0, :18, 3] / abs(seen.outputs[0, :, 3]).max()
    expected = [
        [*blues, "", *reds][sum(output >= least for least in (-0.75, -0.25, 0.25, 0.75))]
        for output in outputs
    ]
    assert list_backgrounds(lines[1]) == expected
    assert len({*expected}) > 2


def test_a_terminal_without_colours_has_digits(
    watch: Watch, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_COLOR and a dumb terminal show the digits of a pipe."""
    make_run(units=30, seed=3)
    write_text()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            received = watch(run_command("inspect", "my text.txt", "-q"))
        assert "1 to 9 nats" in received
        assert not COLOUR.search(received)


def test_find(invoke: Invoke, make_run: MakeRun) -> None:
    """--find lists what `find_units` finds, and says how to hold the best, which `sample` can."""
    path = make_run(layers=2)
    text = write_text(TEXT * 30).read_text(encoding="utf-8")
    found = read_all(path, text).find_units("newlines", 10)
    rows = read_rows(invoke("inspect", "my text.txt", "--find", "newlines", "--json"))
    assert len(rows) == len(found) == 10
    for row, one in zip(rows, found, strict=True):
        assert row == {
            "run": "tiny",
            "epoch": 1,
            "checkpoint": "checkpoints/tiny/epoch-0001.weights.h5",
            "text": "my text.txt",
            "find": "newlines",
            "layer": one.unit.layer,
            "unit": one.unit.number,
            "chosen": pytest.approx(one.chosen),
            "confirmed": pytest.approx(one.confirmed),
            "value": one.value,
            "opposite": one.opposite,
        }
    result = invoke("inspect", "my text.txt", "--find", "newlines")
    title, _, *lines = read_text(result).splitlines()
    assert title.startswith("correlation with newlines; ")
    for line, one in zip(lines, found, strict=True):
        unit = f"{one.unit.layer}:{one.unit.number}"
        numbers = [f"{one.chosen:+.3f}", f"{one.confirmed:+.3f}"]
        assert line.split() == [unit, *numbers, f"{one.value:+.2f}", f"{one.opposite:+.2f}"]
    _, command = result.stderr.splitlines()[-1].split(": charrnn ")
    held = {found[0].unit: found[0].value}
    expected = charrnn.load(path).generate(length=50, seed=1, set_units=held)
    assert read_text(invoke(*command.split(), "--seed", 1, "--length", 50)) == expected


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "--run tiny"),
        (["tiny", "--epoch", "1"], "--run tiny --epoch 1"),
        (["checkpoints/tiny"], "--run checkpoints/tiny"),
        (["my net.h5"], "--checkpoint 'my net.h5'"),
        (["--checkpoints", "checkpoints"], "--run tiny --checkpoints checkpoints"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_the_command_that_holds_names_the_network(
    invoke: Invoke, make_run: MakeRun, words: list[str], named: str
) -> None:
    """It is for the network that was inspected, of the same epoch, wherever that lies."""
    Path("my net.h5").write_bytes(make_run().read_bytes())
    write_text(TEXT * 5)
    text = [] if words and words[0] != "--checkpoints" else ["tiny"]
    result = invoke("inspect", *text, *words, "my text.txt", "--find", "newlines")
    assert f": charrnn sample {named} --set-unit " in result.stderr


def test_what_is_nowhere(fails: Fails, make_run: MakeRun) -> None:
    """A misspelt property, and a text that isn't there, are named as such."""
    make_run()
    write_text(TEXT * 5)
    line = fails(2, "inspect", "my text.txt", "--find", "newline")
    assert "newline is nowhere in these 210 characters: did you mean newlines?" in line
    assert "no run or text nothing.txt" in fails(1, "inspect", "nothing.txt")


def test_find_by_an_expression(invoke: Invoke, make_run: MakeRun) -> None:
    """Other words than the named properties are a regular expression."""
    path = make_run()
    text = write_text(TEXT * 30).read_text(encoding="utf-8")
    (first, *_) = read_rows(invoke("inspect", "my text.txt", "--find", "^f.*$", "--json"))
    (found,) = read_all(path, text).find_units("^f.*$", 1)
    assert (first["unit"], first["chosen"]) == (found.unit.number, pytest.approx(found.chosen))


def test_copied(invoke: Invoke) -> None:
    """--copied lists what stands in the run's training text, longest first, and its share."""
    write_trained()
    text = f"XY {LEARNT[3:40]}X{LEARNT[:25]}XXbead a face of"
    write_text(text)
    copies = find_copies(text, Text.of(LEARNT), 20)
    assert [one.length for one in copies.stretches] == [37, 25]
    (row,) = read_rows(invoke("inspect", "--copied", "my text.txt", "--json"))
    assert row["share"] == copies.share == 62 / len(text)
    assert (row["characters"], row["shortest"], row["run"]) == (len(text), 20, "tiny")
    for found, one in zip(row["stretches"], copies.stretches, strict=True):
        assert found == one._asdict() | {"text": text[one.start : one.start + one.length]}
    result = invoke("inspect", "-", "--copied", "--shortest", 30, stdin=text.encode())
    _, stretch, _, last = read_text(result).splitlines()
    assert stretch.split()[:7] == ["37", "1:4", "line", "1,", "offset", "3", "19"]
    assert stretch.endswith(LEARNT[3:40].replace("\n", "↵"))
    assert last == f"1 stretch of 30 characters or more, {37 / len(text):.2%} of the text"
    assert f"standard input, {len(text)} characters" in result.stderr
    nothing = read_text(invoke("inspect", "--copied", "--shortest", 50, "my text.txt"))
    assert nothing == "0 stretches of 50 characters or more, 0.00% of the text\n"


def test_copied_lists_the_longest(invoke: Invoke) -> None:
    """Of many stretches the 20 longest are listed, and all are counted."""
    write_trained()
    write_text("X".join(LEARNT[:length] for length in range(2, 32)))
    lines = read_text(invoke("inspect", "--copied", "my text.txt", "--shortest", 2)).splitlines()
    lengths = [int(line.split()[0]) for line in lines[1:21]]
    assert lengths == [*range(31, 11, -1)]
    assert lines[22] == "these are the 20 longest"
    assert lines[23].startswith("30 stretches of 2 characters or more, ")


def test_copied_from_a_text_that_was_moved(invoke: Invoke, fails: Fails) -> None:
    """--corpus says where the run's text is now, whatever the text that is looked through."""
    write_trained()
    Path("novel.txt").rename("moved.txt")
    write_text(LEARNT[:30])
    assert "--corpus" in fails(1, "inspect", "--copied", "my text.txt")
    result = invoke("inspect", "--copied", "my text.txt", "--corpus", "moved.txt")
    assert read_text(result).splitlines()[-1].startswith("1 stretch of 20 characters")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--find", "capitals", "--unit", "3"], "--find"),
        (["--find", "capitals", "--copied"], "--copied"),
        (["--copied", "--guesses"], "--guesses"),
        (["--gates", "3", "--html", "page.html"], "--gates"),
        (["--out", "gates.png"], "--gates"),
        (["--gates", "7"], "--gates: units go from 0 to 6"),
        (["--gates", "3", "--out", "no/gates.png"], "no folder no"),
        (["--html", "no/page.html"], "no folder no"),
        (["--html", "page"], "--html must end in .html, not page"),
        (["--html", "novel.txt"], "--html must end in .html, not novel.txt"),
        (["--gates", "3", "--out", "novel.txt"], "--out must end in .png or .svg"),
        (["--shortest", "5"], "--copied"),
        (["--shortest", "0", "--copied"], "--shortest"),
        (["--limit", "1"], "--limit"),
        (["--unit", "x"], "LAYER:NUMBER"),
        (["--unit", "-1"], "--unit"),
        (["--unit", "7"], "0 to 6"),
        (["--unit", "1:0"], "layers go from 0 to 0"),
        (["--find", "("], "no regular expression"),
        (["--find", "X"], "X is nowhere in these"),
        (["novel.txt", "validation"], "charrnn inspect RUN novel.txt"),
        (["--corpus", "novel.txt", "tiny", "novel.txt"], "--corpus"),
        (["tiny", "validation", "--encoding", "latin-1"], "--encoding"),
        (["-", "--copied", "--corpus", "-"], "standard input"),
        (["tiny", "validation", "more"], "more"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_values(fails: Fails, words: list[str], named: str) -> None:
    """What can't be is a mistake in the call: exit code 2, and the option's name."""
    write_trained()
    assert named in fails(2, "inspect", *words)


def test_what_is_not_there(fails: Fails, make_run: MakeRun) -> None:
    """A missing text, run or training text is one line that says what to do."""
    make_run()
    assert "no file nothing.txt" in fails(1, "inspect", "tiny", "nothing.txt")
    assert "nothing" in fails(1, "inspect", "nothing")
    assert "resume.h5" in fails(1, "inspect")
    write_text()
    assert "resume.h5" in fails(1, "inspect", "my text.txt", "--copied")
    assert "--unknown" in fails(1, "inspect", "-", stdin=b"a bXd")


@pytest.mark.slow
def test_gates(invoke: Invoke, make_run: MakeRun) -> None:
    """--gates draws a unit's gates and states over 100 characters; --json has them too."""
    path = make_run(layers=2)
    text = write_text(TEXT * 5).read_text(encoding="utf-8")
    seen = read_all(path, text[:100])
    result = invoke("inspect", "my text.txt", "--gates", "0:3")
    assert read_text(result) == ""
    assert result.stderr.endswith("my text.txt, 100 characters\npicture: tiny-gates-0-3.png\n")
    assert min(read_size(Path("tiny-gates-0-3.png"))) > 500
    words = ["my text.txt", "--gates", "0:3", "--out", "here.png", "--json"]
    rows = read_rows(invoke("inspect", *words))
    assert Path("here.png").exists()
    assert len(rows) == 100
    for name, values in (seen.states((0, 3)) | seen.gates((0, 3))).items():
        found = [row[name.replace(" ", "_")] for row in rows]
        assert found == pytest.approx(values.tolist())


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_gates_of_other_cells(invoke: Invoke, make_run: MakeRun, cell: str) -> None:
    """A GRU has other gates, and a SimpleRNN's picture has its output alone."""
    make_run(cell=cell)
    write_text()
    result = invoke("inspect", "my text.txt", "--gates", 3)
    assert result.exit_code == 0
    assert min(read_size(Path("tiny-gates-3.png"))) > 300


def test_html(invoke: Invoke, make_run: MakeRun) -> None:
    """--html writes the page of the inspected text; stdout has the summary, or JSON."""
    seen = read_all(make_run(layers=2))
    write_text()
    title = "What tiny thinks while it reads my text.txt"
    about = "tiny, epoch 1, validation loss 2.2500."
    for words, unit in (([], None), (["--unit", "0:3"], Unit(0, 3))):
        result = invoke("inspect", "my text.txt", "--html", "page.html", *words)
        assert read_text(result).startswith("41 characters predicted, ")
        assert result.stderr.endswith("\npage: page.html\n")
        page = Path("page.html").read_text(encoding="utf-8")
        assert page == render_inspection(seen, title, about, unit)
    rows = read_rows(invoke("inspect", "my text.txt", "--html", "other.html", "--json"))
    assert rows == expect_rows(seen)
    assert Path("other.html").exists()


@pytest.mark.parametrize(
    ("words", "ending"), [(["--html"], ".html"), (["--gates", 3, "--out"], ".svg")], ids=str
)
def test_what_can_not_be_had_again_is_not_replaced(
    fails: Fails, invoke: Invoke, words: list[object], ending: str
) -> None:
    """Neither the text that is read, nor the run's own, nor a file of its network; a page is."""
    path = write_trained(source=str(Path(f"novel{ending}").resolve()))
    Path("read").mkdir()
    files = {f"read/sonnet{ending}": TEXT.encode(), f"novel{ending}": (LEARNT + HELD_BACK).encode()}
    for name in ("epoch-0001.weights.h5", "resume.h5"):
        files[f"{name}{ending}"] = path.with_name(name).read_bytes()
    for name, content in files.items():
        Path(name).write_bytes(content)
        line = fails(2, "inspect", "tiny", f"read/*{ending}", "-q", *words, name)
        assert name in line
        assert f"give another {words[-1]}" in line
        assert Path(name).read_bytes() == content
    Path(f"older{ending}").write_text("an older one", encoding="utf-8")
    assert invoke("inspect", write_text(), *words, f"older{ending}").exit_code == 0
    assert Path(f"older{ending}").stat().st_size > 1000


def test_the_bundled_network_knows_its_text(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before there is a run, the network that comes along reads the end of tiny Shakespeare."""
    text = "ROMEO:\nWhat is it?\n\nJULIET:\nIt is the east.\n" * 20
    digest = charrnn.load().checkpoint.provenance.corpus_sha256
    corpus = replace(make_corpus(text, "shakespeare"), sha256=digest)
    monkeypatch.setattr("charrnn.planning.texts.load_corpus", lambda *_: corpus)
    result = invoke("inspect", "--json")
    assert "".join(row["character"] for row in read_rows(result)) == text[-len(text) // 10 :]
    (row,) = read_rows(invoke("inspect", "training", "--copied", "--json"))
    assert (row["share"], row["characters"]) == (1.0, int(0.9 * len(text)))
    monkeypatch.setattr("charrnn.planning.texts.load_corpus", lambda *_: make_corpus(text))
    assert "--corpus" in invoke("inspect", "--corpus", "mine.txt").stderr
