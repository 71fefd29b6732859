"""The pages that people read: their links lead somewhere."""

import re
from pathlib import Path

import pytest

import charrnn

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


def test_there_are_links_to_check() -> None:
    """The pattern finds them."""
    assert sum(len(LINK.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 50
