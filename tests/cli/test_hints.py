"""What a command line adds to an error: settings as flags, and commands to type next."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import charrnn
from charrnn.cli.hints import render_error, suggest_resume, suggest_use, type_run
from charrnn.cli.program import program
from charrnn.errors import (
    CharrnnError,
    MissingTextError,
    NoCheckpointError,
    NoRunError,
    RunExistsError,
    UsageError,
)
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from tests.support.commands import Fails, parse_command
from tests.support.kinds import make_run, write_epoch, write_resume_file

TYPED = ["--checkpoints", "my runs", "--data-dir", "my texts"]
IN_PLACE = "--checkpoints 'my runs'"
WITH_TEXTS = f"{IN_PLACE} --data-dir 'my texts'"


# Commands


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (LANGUAGE, "Read what it writes: charrnn sample --run mine"),
        (CLASSIFIER, 'Ask it: charrnn classify predict --run mine{} "What a film!"'),
        (WORD_MODEL, "Begin a classifier from it: charrnn classify imdb --embedding-from mine"),
    ],
    ids=lambda kind: kind.name if isinstance(kind, Kind) else "",
)
def test_use(kind: Kind, line: str) -> None:
    """Each kind of network has its use; its folder is repeated if it was typed."""
    line = line if "{}" in line else line + "{}"
    assert suggest_use(kind, "mine", parse_command("train")) == line.format("")
    assert suggest_use(kind, "mine", parse_command("train", *TYPED)) == line.format(f" {IN_PLACE}")


@pytest.mark.parametrize(
    ("words", "kind", "command"),
    [
        (["train"], LANGUAGE, "charrnn train"),
        (["classify", "imdb"], CLASSIFIER, "charrnn classify imdb"),
        (["classify", "train"], CLASSIFIER, "charrnn classify train"),
        (["classify", "pretrain"], WORD_MODEL, "charrnn classify pretrain"),
        (["train"], CLASSIFIER, "charrnn classify imdb"),
        (["classify", "train"], LANGUAGE, "charrnn train"),
        (["classify", "train"], WORD_MODEL, "charrnn classify pretrain"),
        (["sample"], LANGUAGE, "charrnn train"),
    ],
)
def test_resume(words: list[str], kind: Kind, command: str) -> None:
    """The command under way resumes what it trains; other kinds have commands of their own."""
    assert suggest_resume(kind, "mine", parse_command(*words)) == f"{command} --resume mine"
    piped = suggest_resume(kind, "mine", parse_command(*words), "-")
    assert piped == f"{command} - --resume mine"


def test_typed_folders_are_repeated() -> None:
    """--checkpoints and --data-dir are repeated if they were typed, even with the usual values."""
    typed = parse_command("train", *TYPED)
    assert suggest_resume(LANGUAGE, "mine", typed) == f"charrnn train --resume mine {WITH_TEXTS}"
    assert type_run("mine", typed) == f"mine {IN_PLACE}"
    usual = parse_command("train", "--checkpoints", "checkpoints", "--data-dir", "data")
    again = "charrnn train --resume mine --checkpoints checkpoints --data-dir data"
    assert suggest_resume(LANGUAGE, "mine", usual) == again


def test_folders_of_the_environment_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command finds the environment that this one found; what is typed still counts."""
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    monkeypatch.setenv("CHARRNN_DATA_DIR", "texts")
    context = parse_command("train")
    assert str(context.params["checkpoints"]) == "elsewhere"
    assert suggest_resume(LANGUAGE, "mine", context) == "charrnn train --resume mine"
    assert suggest_use(LANGUAGE, "mine", context).endswith("charrnn sample --run mine")
    typed = parse_command("train", *TYPED)
    assert suggest_resume(LANGUAGE, "mine", typed) == f"charrnn train --resume mine {WITH_TEXTS}"


# Settings


@pytest.mark.parametrize(
    ("command", "setting", "shown"),
    [
        ("train", "batch_size", "--batch-size"),
        ("train", "from_", "--from"),
        ("train", "corpus", "CORPUS"),
        ("evaluate", "corpus", "--corpus"),
        ("evaluate", "text", "TEXT"),
        ("classify imdb", "max_words", "--max-words"),
        ("train", "max_words", "--max-words"),
        ("sample", "temperature", "--temperature"),
    ],
)
def test_settings_are_shown_as_they_are_typed(command: str, setting: str, shown: str) -> None:
    """A setting's keyword becomes the flag or the argument of the command under way."""
    context = parse_command(*command.split())
    shown_error = render_error(CharrnnError(f"give a smaller `{setting}` or none"), context)
    assert shown_error == f"give a smaller {shown} or none"


@pytest.mark.parametrize("command", ["train", "classify imdb"])
def test_wrong_settings_point_to_the_help(command: str) -> None:
    """A mistake in the call says where all options are explained; another error doesn't."""
    context = parse_command(*command.split())
    shown = render_error(UsageError("leave out `units`"), context)
    assert shown == f"leave out --units (see charrnn {command} --help)"
    assert render_error(CharrnnError("no `units`"), context) == "no --units"


def test_other_words_stay_as_they_are() -> None:
    """Only what stands between backquotes is a setting."""
    message = "batch_size of '`' and `two words` in a_file.txt"
    assert render_error(CharrnnError(message), parse_command("train")) == message


def walk_commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from walk_commands(inner)


def find_settings(path: Path) -> set[str]:
    """The settings that a module's errors name: what stands between backquotes in its strings.

    Docstrings and other statements that are a string alone don't count.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
    ]
    return {name for string in strings for name in re.findall(r"`(\w+)`", string)}


def test_every_setting_of_an_error_can_be_typed() -> None:
    """No message shows a flag that no command has."""
    package = Path(charrnn.__file__).parent
    modules = [path for path in package.rglob("*.py") if path.parent.name != "cli"]
    named = {name: path.name for path in modules for name in find_settings(path)}
    assert {"batch_size", "corpus", "budget"} <= named.keys()
    typed = {parameter.name for command in walk_commands(program) for parameter in command.params}
    of_presets_alone = {"bigrams": "reviews.py", "folds": "reviews.py"}
    assert {name: path for name, path in named.items() if name not in typed} == of_presets_alone


# Errors


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (CharrnnError("no"), "no"),
        (NoRunError("no run 'x'", LANGUAGE.name), "no run 'x'"),
        (
            NoRunError("none: train one", CLASSIFIER.name, empty=True),
            "none: train one with charrnn classify imdb",
        ),
        (
            NoRunError("a classifier", CLASSIFIER.name, other="x"),
            f'a classifier. Ask it: charrnn classify predict --run x {IN_PLACE} "What a film!"',
        ),
        (
            RunExistsError("x exists: resume it", LANGUAGE.name, "x"),
            f"x exists: resume it with charrnn train --resume x {WITH_TEXTS}",
        ),
        (
            NoCheckpointError("x has none: train", WORD_MODEL.name, "x"),
            f"x has none: train with charrnn classify pretrain --resume x {WITH_TEXTS}",
        ),
        (MissingTextError("x is gone", "x", piped=False), "x is gone"),
        (
            MissingTextError("x was piped", "x", piped=True),
            f"x was piped; to pipe it in again: ... | charrnn train - --resume x {WITH_TEXTS}",
        ),
    ],
    ids=lambda error: type(error).__name__ if isinstance(error, Exception) else "",
)
def test_advice(error: CharrnnError, shown: str) -> None:
    """An error's facts become a command that can be typed."""
    assert render_error(error, parse_command("train", *TYPED)) == shown


def test_advice_on_a_changed_text() -> None:
    """A resume learns from one text; another is for a new run with the old one's weights."""
    error = MissingTextError("it changed", "x", piped=True, changed="my text.txt")
    assert render_error(error, parse_command("train")) == (
        "it changed: charrnn train 'my text.txt' --from x"
    )
    assert render_error(error, parse_command("evaluate")).endswith("give --corpus -")


def test_advice_on_a_piped_text_to_evaluate() -> None:
    """A run's own text is piped into an evaluation by --corpus."""
    error = MissingTextError("it was piped", "mine", piped=True)
    shown = render_error(error, parse_command("evaluate"))
    assert shown == "it was piped; to pipe it in again, give --corpus -"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_suggested_commands_can_be_typed(kind: Kind) -> None:
    """The parser accepts each suggestion, and gives the run's name and folder to the command."""
    typed = parse_command("train", *TYPED)
    use = suggest_use(kind, "mine", typed).split(": ", 1)[1]
    for line in (use, suggest_resume(kind, "mine", typed)):
        words = shlex.split(line)
        assert words.pop(0) == "charrnn"
        context = parse_command(*words)
        assert "mine" in context.params.values()
        assert str(context.params["checkpoints"]) == "my runs"


@pytest.mark.parametrize("place", [[], ["--checkpoints", "elsewhere"]])
def test_a_run_of_another_kind(fails: Fails, place: list[str]) -> None:
    """A name that only another kind of run has is answered with the command for that one."""
    write_epoch(make_run(Path(place[-1] if place else "checkpoints"), CLASSIFIER, "critic"))
    line = fails(1, "sample", "--run", "critic", *place)
    (command,) = re.findall(r"Ask it: charrnn (.*)", line)
    assert shlex.split(command) == [
        *("classify", "predict", "--run", "critic", *place, "What a film!"),
    ]


@pytest.mark.parametrize(
    ("kind", "words"),
    [(LANGUAGE, ["sample"]), (CLASSIFIER, ["classify", "predict", "Nice"])],
    ids=lambda kind: kind.name if isinstance(kind, Kind) else "",
)
def test_a_run_without_a_checkpoint(fails: Fails, kind: Kind, words: list[str]) -> None:
    """A run that hasn't finished its first epoch is answered with the command that trains it."""
    write_resume_file(make_run(Path("checkpoints"), kind, "young"))
    line = fails(1, *words, "--run", "young")
    assert line.endswith(f": train its first epoch with {kind.command} --resume young")
