"""Messages: below the command line none names a flag or a command; settings stand by keyword."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

import charrnn
from charrnn.cli.program import program
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig

PACKAGE = Path(charrnn.__file__).parent
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in {"cli", "__main__.py"}
]
ROOMS = {"config", "data", "runs", "networks", "training", "inference", "planning", "export"}
CONFIGURATIONS = (
    NetworkConfig,
    TrainingConfig,
    ClassifierConfig,
    ReviewTraining,
    WordModelConfig,
)

FLAG = re.compile(r"--[a-z]")
COMMAND = re.compile(
    r"\bcharrnn (train|sample|evaluate|compare|plot|runs|data|classify|export|import)\b"
)
KEYWORD = re.compile(r"`(\w+)`")

NOT_MESSAGES = {
    "config/presets.py": "what an article reports, which only a table of the command line shows",
    "networks/backend.py": "XLA's own flag, in its environment variable",
}
COMMANDS_TABLE = "runs/kinds.py"  # which commands train and use a kind, for the command line


def list_strings(source: str) -> Iterator[tuple[int, str]]:
    """Line and content of each string in a module that is no docstring, f-strings in their parts.

    A string by itself, below an attribute for example, documents too.
    """
    tree = ast.parse(source)
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documentation
        ):
            yield node.lineno, node.value


def find(pattern: re.Pattern[str], module: Path) -> list[str]:
    """Strings of a module that match, with their lines."""
    strings = list_strings(module.read_text(encoding="utf-8"))
    return [f"{line}: {text}" for line, text in strings if pattern.search(text)]


def show(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


def list_parameters(command: click.Command) -> Iterator[str]:
    """The parameters of a command, and of those below it, by their keywords."""
    yield from (parameter.name or "" for parameter in command.params)
    for below in getattr(command, "commands", {}).values():
        yield from list_parameters(below)


def test_every_room_is_searched() -> None:
    """The modules of all rooms below the command line are searched."""
    assert {module.relative_to(PACKAGE).parts[0] for module in MODULES} >= ROOMS


@pytest.mark.parametrize("module", MODULES, ids=show)
def test_no_message_contains_a_flag(module: Path) -> None:
    """Flags are the command line's: below it a setting is named by its keyword."""
    assert bool(find(FLAG, module)) == (show(module) in NOT_MESSAGES)


@pytest.mark.parametrize("module", MODULES, ids=show)
def test_no_message_contains_a_command(module: Path) -> None:
    """What to type next is the command line's advice."""
    assert bool(find(COMMAND, module)) == (show(module) == COMMANDS_TABLE)


@pytest.mark.parametrize("module", MODULES, ids=show)
def test_keywords_are_parameters(module: Path) -> None:
    """A word in backquotes is a command's parameter, or a field of a configuration."""
    strings = list_strings(module.read_text(encoding="utf-8"))
    keywords = {keyword for _, text in strings for keyword in KEYWORD.findall(text)}
    settings = {field.name for config in CONFIGURATIONS for field in fields(config)}
    assert keywords <= settings | {*list_parameters(program)}


def test_these_tests_see_messages() -> None:
    """Messages, also in f-strings, are found; docstrings and comments are not."""
    source = (
        '"""Docstring with --flag."""\n'
        "x = 1  # comment with --flag\n"
        '"""Documentation of x with --flag."""\n'
        "raise ValueError(f'give --{x} or --epochs, {x} of `units`')\n"
    )
    found = [text for _, text in list_strings(source)]
    assert found == ["give --", " or --epochs, ", " of `units`"]
    assert [bool(FLAG.search(text)) for text in found] == [False, True, False]
    assert COMMAND.search("resume with charrnn train")
    assert not COMMAND.search("not a charrnn classifier")
