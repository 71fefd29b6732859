"""The pages that people read: their links lead somewhere."""

import re
from dataclasses import fields as list_fields
from pathlib import Path

import pytest

import charrnn
from charrnn.config.fields import AUTO
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.runs.keep import ALL, EVERY

ROOT = Path(charrnn.__file__).parent.parent
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "docs/api_template.md"})
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def list_anchors(page: Path) -> set[str]:
    """GitHub's anchor of a heading is the heading in lower case, without dots and backquotes."""
    headings = re.findall(r"^#+ (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A file that is named exists, and so does a heading in it."""
    for file, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / file) if file else page
        assert target.exists(), file
        if anchor and target.suffix == ".md":
            assert anchor in list_anchors(target), f"{file}#{anchor}"


def test_the_manual_has_the_defaults() -> None:
    """The table of settings says what the default preset and the configuration say."""
    manual = (ROOT / "docs/usage.md").read_text(encoding="utf-8")
    table = manual.split("### Settings")[1].split("###")[0]
    rows = re.findall(r"^\| `--([\w-]+)` \| `?([\w.]+)`? \|", table, re.MULTILINE)
    said = {name.replace("-", "_"): value for name, value in rows}
    preset = LANGUAGE_PRESETS[DEFAULT_PRESET][NetworkConfig.cell]
    fields = {
        field.name: field.default
        for field in [*list_fields(NetworkConfig), *list_fields(TrainingConfig)]
    }
    right = {**fields, **preset, "precision": AUTO, "keep": ALL, "checkpoint_every": EVERY}
    assert len(said) >= 15
    assert said == {
        name: f"{right[name]:g}" if isinstance(right[name], float) else str(right[name])
        for name in said
    }


def test_the_manual_explains_a_line_that_it_shows() -> None:
    """Each part of an epoch's line that is explained is in a line that was shown."""
    manual = (ROOT / "docs/usage.md").read_text(encoding="utf-8")
    shown, explained = manual.split("### The first run")[1].split("| part | meaning |")
    parts = re.findall(r"^\| `([^`]+)` \|", explained.split("\n\n")[0], re.MULTILINE)
    (line,) = (line for line in shown.splitlines() if line.startswith(parts[0]))
    assert re.split("  +", line) == parts


def test_there_are_links_to_check() -> None:
    """The pattern finds them."""
    assert sum(len(LINK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 50
