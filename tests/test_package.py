"""What is installed: version, entry points, type information and the libraries it needs."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent
PROJECT = Path(__file__).parent.parent


def test_version_is_the_installed_one() -> None:
    """`charrnn.__version__` and what pip shows never differ."""
    assert metadata.version("charrnn") == charrnn.__version__


def test_python_dash_m_is_the_program() -> None:
    """`python -m charrnn` works where the scripts' folder is not on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "charrnn", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"charrnn {charrnn.__version__}\n"
    assert done.stderr == ""


def test_command_charrnn_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The `charrnn` command starts the same program."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/else.py", "--version"])
    (entry,) = metadata.entry_points(group="console_scripts", name="charrnn")
    with pytest.raises(SystemExit) as end:
        entry.load()()
    assert end.value.code == 0
    assert capsys.readouterr().out == f"charrnn {charrnn.__version__}\n"


def test_type_information_is_shipped() -> None:
    """Type checkers read charrnn's annotations: py.typed lies in the package that is packed."""
    assert (PACKAGE / "py.typed").is_file()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["charrnn"]}


def test_every_imported_library_is_declared() -> None:
    """pip installs all that the program imports, and nothing that it doesn't."""
    needed = {
        re.split(r"[^\w.-]", requirement)[0].lower()
        for requirement in metadata.requires("charrnn") or []
        if "extra ==" not in requirement
    }
    assert third_party_imports() == needed


def third_party_imports() -> set[str]:
    names = {
        name.split(".")[0]
        for module in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    return names - sys.stdlib_module_names - {"charrnn"}
