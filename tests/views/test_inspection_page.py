"""The page of an inspected text as a reader meets it: in a browser without a network."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from charrnn.inference.inspect import Inspection
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.units import Unit
from charrnn.views.inspection import find_level, write_inspection
from tests.support.browser import Tab, open_tab
from tests.support.contrast import assert_readable
from tests.support.networks import make_checkpoint, make_reading_bytes

TEXT = "a bad cab! he had\n\na deaf <beach>&\nfeed\ta hag\n"
PHONE = {"width": 360, "height": 740}
SPANS = """[...document.querySelectorAll("#text span")]"""
AT = f"""{SPANS}.findIndex((one) => one.classList.contains("at"))"""
LEVELS = f"""{SPANS}.map((one) => one.className.split(" ")[0])"""

OpenPage = Callable[..., AbstractContextManager[Tab]]


@pytest.fixture
def seen() -> Inspection:
    """What a network of two layers computed while it read."""
    characters = "".join(sorted({*TEXT, *"abcdefgh"}))
    return LanguageModel(make_checkpoint(characters, layers=2, units=20)).inspect(TEXT)


@pytest.fixture
def open_page(browser: Browser, seen: Inspection) -> OpenPage:
    """Writes page.html, and opens it."""

    def open_it(unit: Unit | None = None, **settings: Any) -> AbstractContextManager[Tab]:
        write_inspection(Path("page.html"), seen, "What tiny thinks", "about", unit)
        return open_tab(browser, Path("page.html"), **settings)

    return open_it


def expect_unit(seen: Inspection, layer: int, unit: int) -> list[str]:
    """Warm above zero and cool below, in six steps up to the unit's largest output."""
    outputs = seen.outputs[layer, :, unit].astype(float)
    rounded = (outputs * 127).round()
    levels = (6 * abs(rounded) / abs(rounded).max() + 0.5).astype(int)
    return [f"{'c' if o < 0 else 's'}{n}" for o, n in zip(rounded, levels, strict=True)]


def test_the_text_is_whole(open_page: OpenPage, seen: Inspection) -> None:
    """The page shows every character once, coloured by surprise, and its table of places."""
    with open_page() as tab:
        assert tab.read(f"{SPANS}.map((one) => one.textContent)") == [*TEXT]
        assert tab.read(LEVELS) == [f"s{find_level(float(value))}" for value in seen.surprise]
        assert tab.page.locator("#places li").count() == 10
        assert not tab.page.locator("#units").is_visible()


@pytest.mark.slow
def test_guesses_are_shown_on_demand(open_page: OpenPage, seen: Inspection) -> None:
    """Under the pointer, under the keys and behind a place's link: what was expected there."""
    expected = seen.guesses(5)
    with open_page() as tab:
        assert not tab.page.locator("#likeliest").is_visible()
        spans, box = tab.page.locator("#text span"), tab.page.locator("#text")
        first = seen.most_surprising(1)[0]
        looks: list[tuple[int, Callable[[], None]]] = [
            (2, spans.nth(2).hover),
            (5, spans.nth(5).click),
            (6, partial(box.press, "ArrowRight")),
            (5, partial(box.press, "ArrowLeft")),
            (first, tab.page.locator("#places a").first.click),
        ]
        for place, look in looks:
            look()
            assert tab.read(AT) == place
            rows = tab.page.locator("#likeliest li").all_inner_texts()
            signs = {" ": "␣", "\n": "↵", "\t": "⇥"}
            found = [row.split("\n")[0] for row in rows]
            assert found == [signs.get(character, character) for character, _ in expected[place]]
            verdict = tab.page.locator("#verdict").inner_text()
            assert f"surprise {seen.surprise[place]:.1f} nats" in verdict
        spans.nth(0).hover()
        assert "nothing was expected yet" in tab.page.locator("#verdict").inner_text()
        assert not tab.page.locator("#likeliest").is_visible()


def test_bytes_are_shown_by_number(browser: Browser) -> None:
    """Where a character is not ASCII its first byte was guessed, and the page says so."""
    text = "ab水\n🙂, é"
    seen = LanguageModel(make_reading_bytes()).inspect(text)
    write_inspection(Path("page.html"), seen, "What tiny thinks")
    with open_tab(browser, Path("page.html")) as tab:
        assert tab.read(f"{SPANS}.map((one) => one.textContent)") == [*text]
        for place, guesses in enumerate(seen.guesses(5)):
            if not place:
                continue
            tab.page.locator("#text").press("ArrowRight")
            assert tab.read(AT) == place
            rows = tab.page.locator("#likeliest li b").all_inner_texts()
            signs = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍"}
            shown = [signs.get(symbol, symbol) for symbol, _ in guesses]
            assert [row for row, symbol in zip(rows, shown, strict=True) if len(symbol) > 1] == [
                symbol for symbol in shown if len(symbol) > 1
            ]
            verdict = tab.page.locator("#verdict").inner_text()
            assert ("began with" in verdict) == (not text[place].isascii())
            assert f"surprise {seen.surprise[place]:.1f} nats" in verdict


@pytest.mark.slow
def test_the_whole_text_can_be_reached_by_keyboard(open_page: OpenPage) -> None:
    """The keys of a text editor move through lines and to their ends, and never out of the text."""
    starts = [0, *(place + 1 for place, character in enumerate(TEXT) if character == "\n")]
    with open_page() as tab:
        tab.page.locator("#text").focus()
        assert tab.read(AT) == 0
        for key, place in [
            ("ArrowLeft", 0),
            ("End", starts[1] - 1),
            ("ArrowDown", starts[1]),
            ("ArrowDown", starts[2]),
            ("ArrowRight", starts[2] + 1),
            ("ArrowDown", starts[3] + 1),
            ("ArrowDown", starts[3] + 1),
            ("End", len(TEXT) - 1),
            ("ArrowRight", len(TEXT) - 1),
            ("Home", starts[3]),
        ]:
            tab.page.keyboard.press(key)
            assert tab.read(AT) == place, key


@pytest.mark.slow
def test_any_unit_can_be_shown(open_page: OpenPage, seen: Inspection) -> None:
    """Layer and unit are typed or stepped through; colours and the number at a character follow."""
    with open_page(Unit(0, 3)) as tab:
        assert tab.read(LEVELS) == expect_unit(seen, 0, 3)
        tab.page.get_by_label("Unit", exact=True).fill("0")
        tab.page.get_by_role("button", name="Previous").click()
        assert tab.page.get_by_label("Unit", exact=True).input_value() == "19"
        tab.page.get_by_label("Layer").fill("1")
        assert tab.read(LEVELS) == expect_unit(seen, 1, 19)
        tab.page.get_by_role("button", name="Next").click()
        assert tab.read(LEVELS) == expect_unit(seen, 1, 0)
        tab.page.locator("#text span").nth(4).hover()
        output = f"{seen.outputs[1, 4, 0]:.2f}".replace("-", "−")
        verdict = tab.page.locator("#verdict").inner_text()
        assert verdict.endswith(f"the unit: {output}")
        tab.page.get_by_label("Unit", exact=True).fill("20")  # there is none: nothing changes
        assert tab.read(LEVELS) == expect_unit(seen, 1, 0)
        tab.page.get_by_label("surprise").check()
        assert tab.read(LEVELS) == [f"s{find_level(float(value))}" for value in seen.surprise]
        assert "the unit" not in tab.page.locator("#verdict").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("unit", [None, Unit(1, 3)])
def test_everything_can_be_read(open_page: OpenPage, scheme: str, unit: Unit | None) -> None:
    """Text has enough contrast on every tint, warm and cool, in light and dark."""
    with open_page(unit, color_scheme=scheme) as tab:
        tab.page.locator("#text span").nth(5).hover()
        assert_readable(tab, scheme)


def test_a_phone(open_page: OpenPage) -> None:
    """In 360 pixels nothing is cut off, and every control has a name, and room for a finger."""
    names = """[...document.querySelectorAll("button, input, [tabindex]")].map((one) =>
      one.labels?.[0]?.textContent.trim() || one.textContent.trim() || one.ariaLabel)"""
    sizes = """[...document.querySelectorAll("button, input, #places a")]
      .map((one) => one.closest("label") ?? one).map((one) => one.getBoundingClientRect().height)"""
    with open_page(Unit(1, 3), viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        assert tab.read("document.documentElement.scrollWidth") <= PHONE["width"]
        assert all(tab.read(names))
        assert min(tab.read(sizes)) >= 24
        tab.page.locator("#text span").nth(7).tap()
        assert tab.page.locator("#likeliest").is_visible()


def test_without_a_script(open_page: OpenPage, seen: Inspection) -> None:
    """Where JavaScript is off, the text and its colours are there, and what is missing is said."""
    with open_page(java_script_enabled=False) as tab:
        assert tab.page.locator("noscript").is_visible()
        assert not tab.page.locator("#form").is_visible()
        spans = tab.page.locator("#text span")
        for place in range(1, 9):
            level = f"s{find_level(float(seen.surprise[place]))}"
            assert spans.nth(place).get_attribute("class") == level
