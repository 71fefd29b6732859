"""A terminal obeys no text: whatever the text's source, and whichever stream it goes to."""

import ast
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import click
import pytest

import charrnn.cli
from charrnn.cli import options
from charrnn.cli.bars import Pace
from charrnn.cli.classify.show import print_review
from charrnn.cli.display import TrainingDisplay
from charrnn.cli.program import program
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import make_visible
from charrnn.errors import CharrnnError, CorpusError
from charrnn.runs.history import EpochResult
from tests.support.commands import Invoke, run_command
from tests.support.networks import MakeRun
from tests.support.scored_words import write_classifier
from tests.support.screens import Watch, strip_codes

EVIL = "a\x1b]0;title\x07b\x9b31mc\u202ed\x08\x7f"
SHOWN = "a\\u001b]0;title\\u0007b\\u009b31mc\\u202ed\\u0008\\u007f"
ORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
MARKS = {"LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK"}
COMMANDS = Path(charrnn.cli.__file__).parent


def assert_tame(received: str) -> None:
    """Fail if a terminal was sent anything that it obeys but colours and cursor movements."""
    rest = strip_codes(received).replace("\r", "")
    assert make_visible(rest) == rest
    assert "Traceback" not in rest


def is_obeyed(character: str) -> bool:
    """Whether Unicode says that a character is a command, orders text, or ends a line."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in ORDERING
        or unicodedata.name(character, "") in MARKS
    )


def test_what_unicode_calls_a_command_is_made_visible() -> None:
    """No control character but line feed and tab, nothing that turns a line, no half character."""
    for character in map(chr, range(sys.maxunicode + 1)):
        if is_obeyed(character) and character not in "\n\t":
            assert make_visible(character) == f"\\u{ord(character):04x}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "line\n\tline\n",
        "naïve Ελλάς עברית العربية",
        "क्\u200dष न\u200cम",
        "水\u3000夢",
        "👩\u200d🚀🏴",
        "\xa0\\u001b",
    ],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    """Line ends, tabs and every script with its joiners, blanks and pictures pass."""
    assert make_visible(text) == text


def test_one_module_prints() -> None:
    """No command prints by itself: what is printed passes the one place that makes it visible."""
    printing = {
        "click.echo",
        "click.secho",
        "click.confirm",
        "print",
        "traceback.print_exception",
        "sys.stderr.write",
        "sys.stdout.write",
    }
    # While the program starts there is no click yet, and nothing of a stranger's to show.
    allowed = {"visible.py": {"click.echo", "click.confirm"}, "signals.py": {"sys.stderr.write"}}
    for module in COMMANDS.rglob("*.py"):
        calls = [
            node.func
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        ]
        printed = {ast.unparse(call) for call in calls} & printing
        assert printed == allowed.get(module.name, set()), module


# Texts, on stdout


@pytest.mark.parametrize("more", [["--guesses"], ["--unit", 0], ["--guesses", "--limit", 3]])
def test_inspected_text(watch: Watch, make_run: MakeRun, more: list[object]) -> None:
    """A text that is inspected is shown, and so are guesses and places in it."""
    make_run(characters="".join(sorted(set(EVIL + "\n\t"))))
    Path("evil.txt").write_text(EVIL * 2, encoding="utf-8")
    received = watch(run_command("inspect", "evil.txt", "-q", *more))
    assert_tame(received)
    assert strip_codes(received).splitlines()[1].startswith(SHOWN[:3])


def test_generated_text(watch: Watch, make_run: MakeRun) -> None:
    """What a network writes, and its prompt, are shown; line ends and tabs pass."""
    characters = "".join(sorted(set(EVIL + "\n\t")))
    make_run(characters=characters)
    for more in ([], ["--num", 2]):
        words = ["sample", EVIL, "--length", 200, "--seed", 1, "-q", *more]
        received = watch(run_command(*words))
        assert_tame(received)
        assert received.startswith(SHOWN)
        assert {"\n", "\t"} <= set(received)
        assert received.count("\\u001b") > 3


def test_generated_json_stays_json(watch: Watch, make_run: MakeRun, invoke: Invoke) -> None:
    """An object that is copied from a terminal says what one in a file says."""
    make_run(characters="".join(sorted(set(EVIL))))
    words = ["sample", EVIL, "--length", 200, "--seed", 1, "-q", "--json"]
    received = watch(run_command(*words))
    assert_tame(received)
    assert json.loads(received) == json.loads(invoke(*words).stdout)


@pytest.mark.parametrize("as_json", [False, True])
def test_samples_while_training(watch: Watch, *, as_json: bool) -> None:
    """A sample between two bars is shown too, and the bar still draws itself."""

    def show_epoch() -> None:
        with TrainingDisplay(Terminal(), 1, 8, Pace("chars", 4), as_json, lambda _: EVIL) as shown:
            shown.on_epoch_begin(1)
            shown.on_step(8, 2.0)
            shown.on_epoch_end(EpochResult(1, 2.0, None, 1.0), best=True)

    received = watch(show_epoch)
    assert_tame(received)
    assert (SHOWN in received) is not as_json
    assert "\x1b[2K" in received


def test_reviews(watch: Watch) -> None:
    """A review that is shown, judged or explained, and the words of a vocabulary."""
    write_classifier(scores={"film": 1.0, EVIL: 2.0})
    received = watch(lambda: print_review([1, 2], EVIL, 1, as_json=False))
    for words in (
        ["predict", EVIL],
        ["predict", EVIL, "--explain"],
        ["words"],
        ["words", "--json"],
    ):
        received += watch(run_command("classify", *words))
    assert_tame(received)
    assert received.count(SHOWN) >= 4


def test_paths_that_are_results(watch: Watch) -> None:
    """A folder's name is a result too."""
    folder = Path(EVIL)
    folder.mkdir()
    (folder / "tinyshakespeare.txt").touch()
    received = watch(run_command("data", "list", "--data-dir", folder))
    received += watch(run_command("data", "path", "--data-dir", folder))
    assert_tame(received)
    assert SHOWN in received


# Messages, on stderr


def test_notes(watch: Watch) -> None:
    """A note shows what is in it, and its line is broken where it ends on the screen."""
    received = watch(lambda: Terminal().note(f"{EVIL} " * 20))
    assert_tame(received)
    assert received.count(SHOWN) == 20
    assert max(map(len, received.splitlines())) <= 200


def test_names_of_runs_and_files(watch: Watch, make_run: MakeRun) -> None:
    """A run's folder, a missing file and a typed word that is none of the choices."""
    make_run(EVIL)
    Path("novel.txt").write_text("a bad cab", encoding="utf-8")
    for words in (
        ["sample", "a", "--length", 1],
        ["sample", "--run", "other"],
        ["sample", "--run", EVIL, "--epoch", 9],
        ["sample", "--checkpoint", f"{EVIL}.h5"],
        ["sample", "--prompt-file", EVIL],
        ["train", EVIL],
        ["train", "novel.txt", "--resume", EVIL],
        ["evaluate", EVIL, "novel.txt", "--unknown", "skip"],
        ["classify", "show", 1, "--data", EVIL],
    ):
        received = watch(run_command(*words))
        assert_tame(received)
        assert "title" in received, words


@pytest.mark.parametrize(
    "words",
    [
        ["--x" + EVIL],
        [EVIL],
        ["sample", "--" + EVIL],
        ["sample", "--length", EVIL],
        ["data", "fetch", EVIL],
    ],
)
def test_words_that_click_rejects(watch: Watch, words: list[str]) -> None:
    """A usage error quotes what was typed, and the terminal is none the wiser."""
    received = watch(run_command(*words))
    assert_tame(received)
    assert "title" in received


@pytest.mark.parametrize(
    "error",
    [
        CharrnnError(f"what a host says: {EVIL}"),
        OSError(2, EVIL, EVIL),
        ValueError(EVIL),
        click.UsageError(EVIL),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("flags", [[], ["-v"]])
def test_errors(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, error: Exception, flags: list[str]
) -> None:
    """An error's message, its causes with -v, and the traceback of what nobody expected."""

    @click.command("boom")
    @options.loudness
    def boom(**_: Any) -> None:
        raise error from CorpusError(EVIL)

    monkeypatch.setitem(program.commands, "boom", boom)
    received = watch(run_command("boom", *flags))
    assert_tame(received.replace("Traceback", ""))
    assert SHOWN in received
    assert not flags or received.count(SHOWN) > 1


# Files and pipes


@pytest.mark.slow
def test_a_pipe_gets_what_is_there(make_run: MakeRun) -> None:
    """In a process of its own: every byte of a text and of a name passes to a file or a pipe."""
    characters = "".join(sorted(set(EVIL)))
    make_run(EVIL, characters=characters)
    write_classifier(scores={"film": 1.0})
    for words, out in (
        (["sample", EVIL, "--length", "0"], EVIL),
        (["classify", "predict", f"{EVIL}\x1b[31m"], f"{EVIL}\x1b[31m"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "charrnn", *words], capture_output=True, check=True, timeout=60
        )
        assert out.encode() in done.stdout
        assert words[0] != "sample" or EVIL.encode() in done.stderr
