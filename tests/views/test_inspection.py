"""The page of an inspected text, read as a browser without JavaScript reads it."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.errors import UsageError
from charrnn.inference.inspect import Inspection
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.units import Unit
from charrnn.views import inspection
from charrnn.views.inspection import find_level, render_inspection, write_inspection
from tests.support.networks import make_checkpoint

TEXT = "a bad cab! he had\n\na deaf <beach>&\n"


class Reader(HTMLParser):
    """The characters of a page's text with their levels, and its tables and data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.characters: list[str] = []
        self.levels: list[int] = []
        self.cells: list[str] = []
        self.data = ""
        self.opened: list[tuple[str, dict[str, str | None]]] = [("", {})]
        self.lines = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.opened.append((tag, attributes))
        self.lines += attributes.get("dir") == "auto"
        level = re.fullmatch(r"s(\d)( end)?", attributes.get("class") or "")
        if tag == "span" and level:
            self.levels.append(int(level[1]))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.opened[-1]
        if tag == "span" and len(self.levels) > len(self.characters):
            self.characters.append(data)
        if tag in {"th", "td"} and data.strip() and "col" not in attributes.values():
            self.cells.append(data)
        if attributes.get("id") == "reading":
            self.data += data


def read(text: str = TEXT, **sizes: Any) -> Inspection:
    characters = "".join(sorted({*text, *"\n !abcdefgh"}))
    return LanguageModel(make_checkpoint(characters, **sizes)).inspect(text)


def render(seen: Inspection, **more: Any) -> Reader:
    return Reader(render_inspection(seen, "What <tiny> thinks", "epoch 1 & more", **more))


def test_the_text_is_there_without_a_script() -> None:
    """Each character is in its line, coloured by its surprise; what HTML would obey is escaped."""
    seen = read(units=20)
    page = render(seen)
    assert "".join(page.characters) == TEXT
    assert page.lines == TEXT.count("\n")
    assert page.levels == [find_level(float(value)) for value in seen.surprise]
    assert len({*page.levels}) > 2


@pytest.mark.parametrize(
    ("nats", "level"),
    [(float("nan"), 0), (0.0, 0), (0.4, 0), (0.5, 1), (2.5, 3), (4.5, 5), (5.0, 6), (99.0, 6)],
)
def test_levels(nats: float, level: int) -> None:
    """Six of them up to five nats."""
    assert find_level(nats) == level


@pytest.mark.parametrize("layers", [1, 2])
def test_the_script_gets_everything(layers: int) -> None:
    """Characters, surprise, guesses and the outputs of every unit, to within a 127th part."""
    seen = read(layers=layers)
    data = json.loads(render(seen, unit=Unit(layers - 1, 3)).data)
    assert "".join(map(chr, data["characters"])) == TEXT
    assert data["surprise"][0] is None
    assert data["surprise"][1:] == pytest.approx(seen.surprise[1:].tolist(), abs=1e-4)
    for row, guesses in zip(data["guesses"], seen.guesses(5), strict=True):
        assert [chr(code) for code, _ in row] == [character for character, _ in guesses]
        assert [p for _, p in row] == pytest.approx([p for _, p in guesses], abs=1e-5)
    for base64_values, outputs in zip(data["layers"], seen.outputs, strict=True):
        values = np.frombuffer(base64.b64decode(base64_values), np.int8).reshape(7, len(TEXT))
        np.testing.assert_allclose(values.T / 127, outputs, rtol=0, atol=0.5 / 127 + 1e-6)
    assert (data["units"], data["unit"]) == (7, [layers - 1, 3])
    assert json.loads(render(seen).data)["unit"] is None


def test_tables() -> None:
    """The loss by class, and the most surprising places with what stands around them."""
    seen = read()
    page = render(seen)
    cells = iter(page.cells)
    for one in seen.class_losses():
        expected = [one.name, str(one.characters), f"{one.loss:.2f}", f"{one.share:.0%}"]
        assert [next(cells) for _ in range(4)] == expected
    assert next(cells, None) is None
    links = [attributes for tag, attributes in page.opened if tag == "a"]
    assert [int(link["data-place"] or "") for link in links] == seen.most_surprising(10)


def test_titles_are_escaped() -> None:
    """A run's name is text, whatever it is."""
    page = render_inspection(read(), "</title><script>alert(1)</script>", "<b>")
    assert "alert(1)</script>" not in page
    assert page.count("<b>") == render_inspection(read(), "").count("<b>")
    assert "&lt;b&gt;" in page
    assert page.count("</script>") == 2


def test_odd_names_and_losses_are_shown() -> None:
    """A name's bytes that are no UTF-8 are spelt out; a loss may be too large to exponentiate."""
    seen = replace(read(), surprise=np.full(len(TEXT), 1e3))
    page = render_inspection(seen, "caf\udce9", "\udce9").encode().decode()
    assert page.count(r"\udce9") == 3
    assert "perplexity of inf" in page


def test_nothing_is_asked_for() -> None:
    """No address stands in the page but of itself, and its policy forbids what is not inline."""
    page = render_inspection(read(), "tiny")
    assert "default-src 'none'" in page
    addresses = [attributes.get("href") for _, attributes in Reader(page).opened]
    assert {*addresses} == {None, "data:,", "#text"}
    assert not re.search(r"\bsrc=|https?:|@import|url\(", page)


def test_what_a_page_can_t_show_has_a_sign() -> None:
    """Control characters, half characters and marks that order text stand as one sign each."""
    text = "a\x00b\x1b\ud800\u202e\u00a0\t\r\u0301 c"
    page = render_inspection(read(text), "tiny")
    assert "".join(Reader(page).characters) == "a�b���\u00a0\t�\u0301 c"
    write_inspection(Path("page.html"), read(text), "tiny")
    assert Path("page.html").read_text(encoding="utf-8") == page


def test_a_text_too_long_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused with how many characters fit, and nothing is written."""
    seen = read()
    monkeypatch.setattr(inspection, "_MOST_CHARACTERS", len(TEXT))
    render(seen)
    for name, most in (("_MOST_CHARACTERS", 30), ("_MOST_OUTPUTS", 30 * 7)):
        with monkeypatch.context() as patch:
            patch.setattr(inspection, name, most)
            with pytest.raises(UsageError, match="which takes 30 with this network: set `limit`"):
                write_inspection(Path("page.html"), seen, "tiny")
    assert not Path("page.html").exists()


def test_outputs_fill_a_byte() -> None:
    """The largest outputs there can be are kept as they are."""
    seen = read("ab", units=3)
    outputs = np.array([[[-1.0, 1.0, 0.0], [0.5, -0.5, 0.008]]], np.float32)
    data = json.loads(render(replace(seen, outputs=outputs)).data)
    values = np.frombuffer(base64.b64decode(data["layers"][0]), np.int8)
    assert values.tolist() == [-127, 64, 127, -64, 0, 1]
