"""Renders docs/api.md from docs/api_template.md and the docstrings of what `charrnn` exports.

A line `{{ charrnn.NAME }}` of the template becomes the entry of that name. `make api` runs it.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import charrnn

FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "api_template.md"
RENDERED = FOLDER / "api.md"

NOTICE = "<!-- Made by `make api` from api_template.md and docstrings: edit those. -->\n\n"

ENTRY = re.compile(r"^{{ charrnn\.(\w+) }}$", re.MULTILINE)

MEANINGS = {
    "PathLike": "str | os.PathLike",
    "OnEpoch": "Callable[[EpochResult], object]",
    "OnNote": "Callable[[str], object]",
    "OnProgress": "Callable[[int], object]",
    "Unpack[LanguageSettings]": "LanguageSettings",
    "Unpack[ReviewSettings]": "ReviewSettings",
    "npt.NDArray[np.float64]": "np.ndarray",
    "Floats": "np.ndarray",
    "Ids": "np.ndarray",
    "Array": "np.ndarray",
    "SetUnits": "Mapping[int | tuple[int, int], float]",
    "Unit": "tuple[int, int]",
}
"""What stands in signatures instead of some names of types."""

WIDTH = 100  # of a signature in one line


def render_page() -> str:
    """The whole page.

    Raises:
        ValueError: the template's entries are not what `charrnn` exports.
    """
    template = TEMPLATE.read_text(encoding="utf-8")
    if sorted(ENTRY.findall(template)) != sorted(charrnn.__all__):
        raise ValueError(f"{TEMPLATE.name} must have an entry for each of {charrnn.__all__}")
    return NOTICE + ENTRY.sub(lambda match: "\n\n".join(render_entry(match[1])), template)


def render_entry(name: str) -> Iterator[str]:
    """The entry of an exported function or class, block by block."""
    thing = getattr(charrnn, name)
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    yield f"## charrnn.{name}"
    if isinstance(definition, ast.ClassDef):
        yield from render_class(thing, definition)
    elif isinstance(definition, ast.FunctionDef):
        yield from render_function(f"charrnn.{name}", thing, definition)


def render_class(kind: type, definition: ast.ClassDef) -> Iterator[str]:
    """What a class is, its attributes and properties, and an entry for each public method."""
    functions = [part for part in definition.body if isinstance(part, ast.FunctionDef)]
    public = [part for part in functions if not part.name.startswith("_")]
    types = {
        ast.unparse(part.target): shorten_type(part.annotation)
        for part in definition.body
        if isinstance(part, ast.AnnAssign)
    }
    sections = read_sections(kind)
    sections.pop("Args", None)  # instances are what functions and methods return
    for part in public:
        if has_decorator(part, "property"):
            text = " ".join(read_sections(getattr(kind, part.name))[""])
            types[part.name] = shorten_type(part.returns)
            line = f"    {part.name}: {text[0].lower()}{text[1:]}"
            sections.setdefault("Attributes", []).append(line)
    yield from render_sections(sections, types)
    for part in public:
        if not has_decorator(part, "property") and not has_decorator(part, "overload"):
            yield f"### {kind.__name__}.{part.name}"
            yield from render_function(part.name, getattr(kind, part.name), part)


def render_function(name: str, function: Any, definition: ast.FunctionDef) -> Iterator[str]:
    """A function's signature, and its docstring."""
    yield f"```text\n{render_signature(name, definition)}\n```"
    yield from render_sections(read_sections(function), {})


def render_signature(name: str, definition: ast.FunctionDef) -> str:
    """A signature in one line or, if that is too long, in a line for each argument."""
    arguments = list_arguments(definition.args)
    result = f" -> {shorten_type(definition.returns)}"
    line = f"{name}({', '.join(arguments)}){result}"
    if len(line) <= WIDTH:
        return line
    lines = [f"    {argument},\n" for argument in arguments]
    return f"{name}(\n{''.join(lines)}){result}"


def list_arguments(arguments: ast.arguments) -> list[str]:
    """The arguments but for `self`, as they are written."""
    plain = arguments.args
    defaults = [None] * (len(plain) - len(arguments.defaults)) + arguments.defaults
    shown = [render_argument(*pair) for pair in zip(plain, defaults, strict=True)]
    if arguments.kwonlyargs:
        shown.append("*")
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    shown += [render_argument(*pair) for pair in keywords]
    if arguments.kwarg:
        shown.append(f"**{render_argument(arguments.kwarg, None)}")
    return [one for one in shown if one != "self"]


def render_argument(argument: ast.arg, default: ast.expr | None) -> str:
    """An argument with its type and default."""
    kind = f": {shorten_type(argument.annotation)}" if argument.annotation else ""
    value = ast.unparse(default).replace("'", '"') if default else ""
    return f"{argument.arg}{kind} = {value}" if default else f"{argument.arg}{kind}"


def shorten_type(annotation: ast.expr | None) -> str:
    """A type, without names that only the source knows."""
    text = ast.unparse(annotation) if annotation else "None"
    for name, meaning in MEANINGS.items():
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", meaning, text)
    return text


def has_decorator(definition: ast.FunctionDef, name: str) -> bool:
    """Whether a function has this decorator."""
    return name in map(ast.unparse, definition.decorator_list)


def read_sections(thing: Any) -> dict[str, list[str]]:
    """The lines of a docstring's sections; those before the first are section ""."""
    sections: dict[str, list[str]] = {"": []}
    current = sections[""]
    for line in (inspect.getdoc(thing) or "").splitlines():
        if heading := re.fullmatch(r"([A-Z]\w+):", line):
            current = sections.setdefault(heading[1], [])
        else:
            current.append(line)
    return sections


def render_sections(sections: dict[str, list[str]], types: dict[str, str]) -> Iterator[str]:
    """A docstring's sections in Markdown.

    Args:
        sections: as `read_sections` gives them.
        types: of attributes, by their names.
    """
    for title, lines in sections.items():
        text = textwrap.dedent("\n".join(lines)).strip()
        if title == "Example":
            yield from render_example(text)
        elif title in {"Args", "Attributes"}:
            yield render_table("argument" if title == "Args" else "attribute", text, types)
        elif title == "Raises":
            rows = [f"- `{names.replace(', ', '`, `')}`: {why}" for names, why in read_items(text)]
            yield link("\n".join(["**Raises**", "", *rows]))
        elif text:
            yield link(f"**{title}** {text}" if title else text)


def render_table(head: str, text: str, types: dict[str, str]) -> str:
    """Arguments or attributes, a row each, with types if all are known."""
    items = read_items(text)
    typed = all(name in types for name, _ in items)
    rows = [[head, *(["type"] if typed else []), "meaning"]]
    rows.append(["---"] * len(rows[0]))
    for name, meaning in items:
        kind = [f"`{types[name]}`"] if typed else []
        rows.append([f"`{name}`", *kind, link(meaning)])
    cells = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def read_items(text: str) -> list[tuple[str, str]]:
    """The items of a section, `name: meaning`, each in one line."""
    lines = re.sub(r"\n +", " ", text).splitlines()
    parts = [line.partition(": ") for line in lines]
    return [(name, meaning) for name, _, meaning in parts]


def render_example(text: str) -> Iterator[str]:
    """Lines with prompts as Python, and others as text."""
    for block in re.split(r"\n\n+", text):
        lines = block.splitlines()
        if lines[0].startswith(">>> "):
            yield "\n".join(["```python", *(line[4:] for line in lines), "```"])
        else:
            yield link(block)


def link(text: str) -> str:
    """The text with links to the entries that it names."""
    names = "|".join(charrnn.__all__)
    return re.sub(rf"`({names})`", lambda match: f"[{match[0]}](#charrnn{match[1].lower()})", text)


if __name__ == "__main__":
    RENDERED.write_text(render_page(), encoding="utf-8")
