"""What is installed: version, exports, entry points, types, and the libraries it needs."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import charrnn
from charrnn import api

PACKAGE = Path(charrnn.__file__).parent
PROJECT = Path(__file__).parent.parent


def test_version_is_the_installed_one() -> None:
    """`charrnn.__version__` and what pip shows never differ."""
    assert metadata.version("charrnn") == charrnn.__version__


def test_every_export_can_be_imported() -> None:
    """`from charrnn import *` gives what `__all__` and `dir` list, from where it is defined."""
    names: dict[str, object] = {}
    exec("from charrnn import *", names)  # noqa: S102 - no other way inside a function
    assert {*names} - {"__builtins__"} == {*charrnn.__all__}
    assert charrnn.__all__ == sorted(charrnn.__all__)
    assert {*charrnn.__all__, "__version__"} <= {*dir(charrnn)}
    assert {*api.__all__} == {*charrnn.__all__} - {"CharrnnError"}
    assert all(names[name] is getattr(api, name) for name in api.__all__)


def test_every_export_is_explained() -> None:
    """`help` says something about each of them."""
    for name in charrnn.__all__:
        assert len(getattr(charrnn, name).__doc__ or "") > 20, name


def test_there_is_nothing_else() -> None:
    """A misspelt name is an AttributeError, so that `hasattr` and `from charrnn import` work."""
    assert not hasattr(charrnn, "trian")
    with pytest.raises(ImportError, match="cannot import name 'trian' from 'charrnn'"):
        exec("from charrnn import trian", {})  # noqa: S102 - mypy would find it


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
    wheel = read_project()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["charrnn"]}


@pytest.mark.slow
def test_every_imported_library_is_declared() -> None:
    """pip installs all that the program imports, some as an extra, and nothing that it doesn't."""
    needed = {
        re.split(r"[^\w.-]", requirement)[0].lower()
        for requirement in metadata.requires("charrnn") or []
        if "extra ==" not in requirement
    }
    extras = read_project()["project"]["optional-dependencies"]
    optional = {
        Requirement(requirement).name.split(".")[0]
        for extra in ("onnx", "zst")
        for requirement in extras[extra]
    }
    assert third_party_imports() == needed | optional


def test_every_requirement_is_pinned() -> None:
    """What is installed has a version that suits pyproject, extras too, and its files' hashes."""
    project = read_project()["project"]
    run = read_pins("run")
    require_suitable(run, project["dependencies"])
    for extra in ("dev", "notebook", "audit"):
        pins = read_pins(extra)
        require_suitable(pins, project["optional-dependencies"][extra])
        assert run.items() <= pins.items()


def test_every_target_of_make_is_listed() -> None:
    """`make help` says what each target does, and none of them is taken for a file."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*  ## \w", makefile, re.MULTILINE)
    assert sorted(phony.split()) == sorted(explained)
    assert sorted(explained) == sorted(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def read_pins(lock: str) -> dict[str, str]:
    """Package to version, each of which has a hash."""
    text = (PROJECT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    pins: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        if not block.startswith("#"):
            name, version = re.split("==| ", block)[:2]
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block)
            pins[canonicalize_name(name)] = version
    return pins


def require_suitable(pins: dict[str, str], requirements: list[str]) -> None:
    for requirement in map(Requirement, requirements):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])


def read_project() -> dict[str, Any]:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


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
