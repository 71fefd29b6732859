"""The arrows between the rooms: imports go down only, and TensorFlow is needed only to train."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import charrnn
from tests.support.networks import MakeRun

PACKAGE = Path(charrnn.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "config": {"errors"},
    "data": {"errors"},
    "runs": {"config", "data", "errors"},
    "inference": {"runs", "config", "data", "errors"},
    "networks": {"runs", "config", "data", "errors"},
    "training": {"networks", "runs", "config", "data", "errors"},
    "planning": {"training", "networks", "inference", "runs", "config", "data", "errors"},
    "export": {"inference", "runs", "config", "data", "errors"},
    "views": {"inference", "runs", "config", "data", "errors"},
    "api": {"planning", "training", "export", "inference", "runs", "config", "data", "errors"},
    "__init__": {"api", "inference", "runs", "errors"},
    "cli": {
        "planning",
        "views",
        "export",
        "training",
        "networks",
        "inference",
        "runs",
        "config",
        "data",
        "errors",
        "__init__",
    },
    "__main__": {"cli"},
}
"""Each room at the package's top, and the rooms that it may import: all of them further down."""

MOST_ROOMS = 14
TENSORFLOW_ROOMS = {"networks", "training"}
ONLY_IN = {
    "tensorflow": TENSORFLOW_ROOMS,
    "keras": TENSORFLOW_ROOMS,
    "numba": {"networks"},
    "llvmlite": {"networks"},
    "click": {"cli"},
    "rich": {"cli"},
    "requests": {"data"},
    "matplotlib": {"views"},
    "tokenizers": {"data"},
    "onnx": {"export"},
    "backports": {"data"},
    "h5py": {"runs", "export"},  # which reads another program's files by it, in a child process
}
HEAVY = ("keras", "matplotlib", "numba", "onnx", "requests", "tensorflow", "tokenizers")

_REPORT = f"""
import atexit, sys
def report():
    print("loaded:", *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
atexit.register(report)
"""


def find_room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def read_imports(module: Path) -> Iterator[str]:
    """Full names of all that a module imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import, which these tests don't read"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_imported_rooms(module: Path) -> set[str]:
    parts = (name.split(".") for name in read_imports(module))
    inside = ([*names, ""][1] for names in parts if names[0] == "charrnn")
    return {name if name in ALLOWED else "__init__" for name in inside}


def find_reachable(start: str) -> set[str]:
    """The rooms that a room imports, and those that these import, and so on."""
    found: set[str] = set()
    waiting = {start}
    while waiting:
        now = waiting.pop()
        found.add(now)
        modules = [module for module in MODULES if find_room(module) == now]
        waiting |= {room for module in modules for room in find_imported_rooms(module)} - found
    return found - {start}


def list_loaded(code: str) -> list[str]:
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
    """No room is left out of the order that these tests hold, and there are few of them."""
    rooms = {find_room(module) for module in MODULES}
    assert rooms == set(ALLOWED)
    assert len(rooms) <= MOST_ROOMS


def test_the_order_has_no_way_back() -> None:
    """What a room may import is above it in the table: no arrow leads back up."""
    below: set[str] = set()
    waiting = dict(ALLOWED)
    while waiting:
        ready = {room for room, allowed in waiting.items() if allowed <= below}
        assert ready, f"{set(waiting)} import each other"
        below |= ready
        waiting = {room: allowed for room, allowed in waiting.items() if room not in ready}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(module: Path) -> None:
    """A module imports its own room and those below it, also inside functions."""
    here = find_room(module)
    assert find_imported_rooms(module) - {here} <= ALLOWED[here]


@pytest.mark.parametrize("package", ONLY_IN)
def test_each_library_has_its_rooms(package: str) -> None:
    """TensorFlow is imported only to train, click and rich only by the command line."""
    users = {
        find_room(module)
        for module in MODULES
        if any(name.split(".")[0] == package for name in read_imports(module))
    }
    assert users <= ONLY_IN[package]


@pytest.mark.parametrize(
    "start", ["errors", "config", "data", "runs", "inference", "views", "export"]
)
def test_everything_but_training_is_free_of_tensorflow(start: str) -> None:
    """Nothing that a room imports, however indirectly, is a room that needs TensorFlow."""
    assert not find_reachable(start) & TENSORFLOW_ROOMS


@pytest.mark.parametrize("start", ["planning", "training", "api"])
def test_python_needs_no_command_line(start: str) -> None:
    """What a command can do, Python can do: planning and training know nothing of cli."""
    assert "cli" not in find_reachable(start)


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
        ["runs"],
        ["runs", "show", "tiny"],
        ["sample", "abc", "--length", "5", "--epoch", "all"],
        ["classify", "imdb", "--help"],
        ["classify", "imdb", "--dry-run"],
        ["sample", "abc", "--length", "5", "--num", "2"],
        ["sample", "abc", "--length", "5", "--json"],
        ["evaluate", "tiny", "pydoc", "--unknown", "skip", "--limit", "50"],
        ["inspect", "tiny", "pydoc", "--unknown", "skip", "--limit", "50", "--guesses"],
        ["export", "tiny", "--to", "int8"],
        ["export", "tiny", "--to", "keras"],
        ["export", "tiny", "--to", "huggingface"],
        ["import", "checkpoints/tiny/epoch-0001.weights.h5"],
    ],
    ids=" ".join,
)
def test_quick_commands_load_nothing_heavy(words: list[str], make_run: MakeRun) -> None:
    """Help, sampling and listing start at once: they import no TensorFlow, Matplotlib, requests."""
    make_run()
    words = ["charrnn", *words]
    assert list_loaded(f"sys.argv = {words}; from charrnn.cli import main; main()") == []


@pytest.mark.parametrize("code", ["pass", "charrnn.load('tiny').generate(length=5)"])
def test_python_interface_loads_nothing_heavy(code: str, make_run: MakeRun) -> None:
    """`import charrnn` and a loaded model's text need no TensorFlow."""
    make_run()
    assert list_loaded(f"import charrnn\n{code}") == []


def test_these_tests_see_what_is_loaded() -> None:
    """A package that is imported is reported, so an empty report means something."""
    assert list_loaded("import requests") == ["requests"]
