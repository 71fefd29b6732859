"""The text of a web page: what a browser shows, line by line, without any layout."""

import re
from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]

_HIDDEN = {"title", "script", "style", "template", "noscript", "iframe"}
_PARAGRAPHS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr", "table", "ul", "ol"),
    *("dl", "figure", "section", "article", "header", "footer", "nav", "aside", "main", "body"),
}
"""Elements with a blank line before and after them."""
_LINES = {"div", "li", "tr", "dt", "dd", "figcaption", "caption", "address", "form", "option"}
_CELLS = {"td", "th"}

_SPACES = re.compile(r"[ \t\n\r\f]+")  # those that HTML makes one of; others are meant


def extract_text(page: str) -> str:
    """The text of a web page: paragraphs between blank lines, table cells between tabs.

    Args:
        page: HTML or XHTML; what is malformed is read as well as it can be.
    """
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return "".join(parser.pieces)


class _Parser(HTMLParser):
    """Gathers the pieces of a text that are shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden: list[str] = []  # the elements around, none of whose text is shown
        self._verbatim = 0  # how many pre elements are around
        self._before = ""  # what stands before the next piece: a space, a tab or line feeds

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:  # noqa: ARG002 - as the base
        if tag in _HIDDEN:
            self._hidden.append(tag)
        self._break(tag)
        self._verbatim += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:  # noqa: ARG002 - as the base
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        if tag != "br":
            self._break(tag)
        self._verbatim -= tag == "pre" and self._verbatim > 0

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._verbatim:
            self._show(data)
            return
        text = _SPACES.sub(" ", data)
        if text.startswith(" "):
            self._separate(" ")
        if text.strip(" "):
            self._show(text.strip(" "))
            self._before = " " if text.endswith(" ") else ""

    def _break(self, tag: str) -> None:
        if tag == "br":
            lines = self._before.count("\n")
            self._before = "\n" * min(lines + 1, 2)
        elif tag in _PARAGRAPHS:
            self._separate("\n\n")
        elif tag in _LINES:
            self._separate("\n")
        elif tag in _CELLS:
            self._separate("\t")

    def _separate(self, by: str) -> None:
        """Have at least this before the next piece: line feeds outweigh a tab, that a space."""
        self._before = max(self._before, by, key=lambda one: (one.count("\n"), one == "\t", one))

    def _show(self, text: str) -> None:
        if text:
            self.pieces += [self._before if self.pieces else "", text]
            self._before = ""
