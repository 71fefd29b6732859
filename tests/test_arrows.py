"""The arrows between the rooms: imports go down only, and TensorFlow is needed only to train."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

HEIGHT = {
    "errors": 0,
    "config": 1,
    "files": 1,
    "folders": 1,
    "history": 2,
    "classifiers": 2,
    "presets": 2,
    "sealed": 2,
    "data": 3,
    "checkpoint": 4,
    "networks": 5,
    "runs": 5,
    "settings": 6,
    "pictures": 6,
    "sampling": 6,
    "transfer": 6,
    "outcomes": 7,
    "prediction": 7,
    "resume_file": 7,
    "training": 8,
    "__init__": 8,
    "cli": 9,
    "__main__": 10,
}
TENSORFLOW_ROOMS = {"networks", "training"}
ONLY_IN = {
    "tensorflow": TENSORFLOW_ROOMS,
    "keras": TENSORFLOW_ROOMS,
    "click": {"cli"},
    "rich": {"cli"},
    "requests": {"data"},
    "matplotlib": {"pictures"},
    "tokenizers": {"data"},
}
HEAVY = ("keras", "matplotlib", "requests", "tensorflow", "tokenizers")

_REPORT = f"""
import atexit, sys
def report():
    print("loaded:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
atexit.register(report)
"""


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """Full names of all that a module imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import, which these tests don't read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_rooms(module: Path) -> set[str]:
    parts = (name.split(".") for name in imported(module))
    inside = ([*names, ""][1] for names in parts if names[0] == "charrnn")
    return {name if name in HEIGHT else "__init__" for name in inside}


def reachable(start: str) -> set[str]:
    """The rooms that a room imports, and those that these import, and so on."""
    found: set[str] = set()
    waiting = {start}
    while waiting:
        now = waiting.pop()
        found.add(now)
        below = {r for module in MODULES if room(module) == now for r in imported_rooms(module)}
        waiting |= below - found
    return found - {start}


def loaded_after(code: str) -> list[str]:
    """Which heavy packages a new interpreter has imported when `code` has run."""
    done = subprocess.run(
        [sys.executable, "-c", _REPORT + code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    label, *names = done.stderr.splitlines()[-1].split()
    assert label == "loaded:"
    return names


def test_every_module_has_its_place() -> None:
    """No room is left out of the order that these tests hold."""
    assert {room(module) for module in MODULES} == set(HEIGHT)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(module: Path) -> None:
    """A module imports its own room and lower ones, also inside functions."""
    here = room(module)
    above = {r for r in imported_rooms(module) - {here} if HEIGHT[r] >= HEIGHT[here]}
    assert above == set()


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_library_has_its_rooms(package: str) -> None:
    """TensorFlow is imported only to train, click and rich only by the command line."""
    users = {
        room(module)
        for module in MODULES
        if any(name.split(".")[0] == package for name in imported(module))
    }
    assert users <= ONLY_IN[package]


@pytest.mark.parametrize(
    "start",
    [
        "errors",
        "config",
        "files",
        "data",
        "checkpoint",
        "runs",
        "settings",
        "resume_file",
        "sampling",
        "prediction",
        "__init__",
    ],
)
def test_everything_but_training_is_free_of_tensorflow(start: str) -> None:
    """Nothing that a room imports, however indirectly, is a room that needs TensorFlow."""
    assert not reachable(start) & TENSORFLOW_ROOMS


def test_no_import_hides_from_these_tests() -> None:
    """All imports are statements, so that the arrows can be read off the source."""
    for module in MODULES:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not (names | attributes) & {"__import__", "import_module"}, module


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["sample", "--help"],
        ["data", "list"],
        ["classify", "imdb", "--help"],
        ["classify", "imdb", "--dry-run"],
        ["sample", "abc", "--length", "5", "--num", "2"],
        ["sample", "abc", "--length", "5", "--json"],
        ["evaluate", "tiny", "pydoc", "--unknown", "skip", "--limit", "50"],
    ],
    ids=" ".join,
)
def test_quick_commands_load_nothing_heavy(words: list[str], make_run: Callable[..., Path]) -> None:
    """Help, sampling and listing start at once: they import no TensorFlow, Matplotlib, requests."""
    make_run()
    words = ["charrnn", *words]
    assert loaded_after(f"sys.argv = {words}; from charrnn.cli import main; main()") == []


@pytest.mark.parametrize("code", ["pass", "charrnn.load('checkpoints/tiny').generate(length=5)"])
def test_python_interface_loads_nothing_heavy(code: str, make_run: Callable[..., Path]) -> None:
    """`import charrnn` and a loaded model's text need no TensorFlow."""
    make_run()
    assert loaded_after(f"import charrnn\n{code}") == []


def test_these_tests_see_what_is_loaded() -> None:
    """A package that is imported is reported, so an empty report means something."""
    assert loaded_after("import requests") == ["requests"]
