"""The page as a reader meets it: opened from a file in a browser without a network, and used."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from charrnn.inference.language_model import LanguageModel
from tests.support.browser import Tab, open_tab
from tests.support.contrast import assert_readable
from tests.support.networks import make_checkpoint, make_reading_bytes, make_realistic
from tests.support.writing_page import PHONE, READ, start, write, write_both

ENGINES = {"": "WebAssembly", "#plain": "JavaScript"}

OpenPage = Callable[..., AbstractContextManager[Tab]]


@pytest.fixture
def small() -> LanguageModel:
    """The network whose page is page.html."""
    return write_both(make_realistic(units=32))


@pytest.fixture
def open_page(browser: Browser) -> OpenPage:
    """Opens page.html, and waits until it is ready."""

    def open_it(after: str = "", **settings: Any) -> AbstractContextManager[Tab]:
        return open_tab(browser, Path("page.html"), after, **settings)

    return open_it


@pytest.mark.parametrize("after", ENGINES)
def test_it_writes_what_the_command_line_writes(
    small: LanguageModel, open_page: OpenPage, after: str
) -> None:
    """The same beginning, settings and seed write the same text, with either engine."""
    with open_page(after) as tab:
        text = write(tab, "%A!", temperature=0.8, length=300, seed=7, **{"top-k": 9})
        assert text == "%A!" + small.generate("%A!", 300, 0.8, 9, seed=7)
        assert tab.read("document.body.dataset.engine") == ENGINES[after]
        assert "300 characters, seed 7" in tab.page.locator("#status").inner_text()


def test_it_writes_whole_characters_of_bytes(open_page: OpenPage) -> None:
    """Any prompt is known; what is shown is characters, and which bytes were expected."""
    small = write_both(make_reading_bytes(units=32))
    with open_page() as tab:
        text = write(tab, "水é ", temperature=1, length=60, seed=7)
        assert text == "水é " + small.generate("水é ", 60, seed=7)
        assert "60 characters, seed 7" in tab.page.locator("#status").inner_text()
        place = next(at for at, character in enumerate(text) if at > 3 and ord(character) > 0xFF)
        tab.page.locator("#text span").nth(place).click()
        verdict = tab.page.locator("#verdict").inner_text()
        assert verdict.startswith(f"It wrote “{text[place]}”, whose first byte was ")
        after = small.next_probabilities(text[:place])
        rows = tab.page.locator("#likeliest li b").all_inner_texts()
        assert rows[0] in {after.likeliest(1)[0][0], *"␣↵⇥␍"}
        assert "From 1 to 256: " in tab.page.locator("#top-k-note").inner_text()


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_new_seed_writes_a_new_text(open_page: OpenPage) -> None:
    """Unless the seed is kept, each press of the button writes something else."""
    with open_page() as tab:
        first = write(tab, "", length=50)
        assert write(tab, "", length=50) == first
        tab.page.get_by_label("a new seed each time").check()
        seed = tab.page.locator("#seed").input_value()
        tab.page.get_by_role("button", name="Write").click()
        tab.wait("#start:enabled")
        assert tab.page.locator("#seed").input_value() != seed
        assert tab.read(READ) != first


@pytest.mark.slow
def test_it_begins_as_the_command_line_does(small: LanguageModel, open_page: OpenPage) -> None:
    """Without a beginning the network reads a line end, which is not shown."""
    with open_page() as tab:
        assert write(tab, "", temperature=1, length=80, seed=2) == small.generate("", 80, seed=2)


@pytest.mark.slow
def test_unknown_characters_are_named_and_left_out(
    small: LanguageModel, open_page: OpenPage
) -> None:
    """What the network can't read is said before anything is written."""
    with open_page() as tab:
        text = write(tab, "%Aéé 日!", temperature=1, length=40, seed=2)
        note = tab.page.locator("#prompt-note")
        assert note.is_visible()
        assert note.inner_text().endswith("é space 日")
        assert text == "%A!" + small.generate("%Aéé 日!", 40, seed=2, unknown="skip")
        tab.page.locator("#prompt").fill("%A")
        assert not note.is_visible()


def test_it_stops_and_goes_on(small: LanguageModel, open_page: OpenPage) -> None:
    """A text that was stopped goes on where it stopped, as if it had not been."""
    with open_page() as tab:
        start(tab, "%A", temperature=1, length=100_000, seed=5)
        tab.wait("#text span:nth-child(3)")
        tab.page.keyboard.press("Escape")
        tab.wait("#start:enabled")
        assert "Stopped" in tab.page.locator("#status").inner_text()
        before = len(tab.read(READ))
        assert 3 <= before < 90_000
        tab.page.get_by_role("button", name="Go on").click()
        tab.page.get_by_role("button", name="Stop").click()
        tab.wait("#start:enabled")
        text = tab.read(READ)
        assert len(text) > before
        assert text == "%A" + small.generate("%A", len(text) - 2, seed=5)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_it_can_be_stopped_on_a_phone(open_page: OpenPage) -> None:
    """While it writes, the button that stops it stands beside the text, on the screen."""
    with open_page(viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        start(tab, "%A" * 30, length=100_000)
        while len(tab.read(READ)) < 1000:
            tab.page.wait_for_timeout(20)
        box = tab.page.locator("#stop").bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= PHONE["height"] - box["height"]
        tab.page.locator("#stop").tap()
        tab.wait("#start:enabled")


@pytest.mark.slow
def test_a_finished_text_can_be_longer(small: LanguageModel, open_page: OpenPage) -> None:
    """The button to go on writes as many characters again."""
    with open_page() as tab:
        write(tab, "%A", temperature=1, length=100, seed=5)
        tab.page.get_by_role("button", name="Go on").click()
        tab.wait("#start:enabled")
        assert tab.read(READ) == "%A" + small.generate("%A", 200, seed=5)


@pytest.mark.slow
def test_it_goes_on_as_the_settings_say(small: LanguageModel, open_page: OpenPage) -> None:
    """What was changed meanwhile counts from there on."""
    with open_page() as tab:
        before = write(tab, "%A", temperature=1, length=100, seed=5)
        tab.page.locator("#temperature").fill("0")
        tab.page.get_by_role("button", name="Go on").click()
        tab.wait("#start:enabled")
        assert tab.read(READ) == before + small.generate(before, 100, temperature=0)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_text_can_be_copied(open_page: OpenPage) -> None:
    """The clipboard has beginning and text, line ends too, and nothing of the page."""
    with open_page(permissions=["clipboard-read", "clipboard-write"]) as tab:
        text = write(tab, "%A", length=120, seed=3)
        assert "\n" in text
        tab.page.get_by_role("button", name="Copy").click()
        expect(tab.page.locator("#spoken")).to_have_text("Copied")
        assert tab.read("navigator.clipboard.readText()") == text


@pytest.mark.slow
def test_guesses_are_shown_on_demand(small: LanguageModel, open_page: OpenPage) -> None:
    """Under the pointer and under the keys: what was expected there, and how surprising it was."""
    with open_page() as tab:
        text = write(tab, "%A", temperature=1, length=60, seed=3)
        assert not tab.page.locator("#likeliest").is_visible()
        spans, box = tab.page.locator("#text span"), tab.page.locator("#text")
        looks: list[tuple[int, Callable[[], None]]] = [
            (2, spans.nth(2).hover),
            (5, spans.nth(5).click),
            (6, partial(box.press, "ArrowRight")),
            (5, partial(box.press, "ArrowLeft")),
        ]
        for place, look in looks:
            look()
            after = small.next_probabilities(text[:place])
            rows = tab.page.locator("#likeliest li").all_inner_texts()
            found = [row.split("\n")[0].replace("↵", "\n") for row in rows]
            assert found == [character for character, _ in after.likeliest(5)]
            surprise = -np.log(dict(zip(*after, strict=True))[text[place]])
            assert f"surprise {surprise:.1f} nats" in tab.page.locator("#verdict").inner_text()


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_the_whole_text_can_be_reached_by_keyboard(open_page: OpenPage) -> None:
    """The keys of a text editor move through lines and to their ends, and never out of the text."""
    with open_page() as tab:
        text = write(tab, "", temperature=1, length=300, seed=3)
        starts = [place + 1 for place, character in enumerate(text) if character == "\n"]
        where = """() => [...document.querySelectorAll("#text span")]
          .findIndex((span) => span.classList.contains("at"))"""
        tab.page.locator("#copy").focus()
        tab.page.keyboard.press("Tab")
        assert tab.read(where) == 0
        for key, place in [
            ("ArrowLeft", 0),
            ("ArrowDown", starts[0]),
            ("End", starts[1] - 1),
            ("Home", starts[0]),
            ("ArrowRight", starts[0] + 1),
            ("ArrowUp", 1),
        ]:
            tab.page.keyboard.press(key)
            assert tab.read(where) == place, key
        for _ in range(len(starts) + 2):
            tab.page.keyboard.press("ArrowDown")
        tab.page.keyboard.press("End")
        tab.page.keyboard.press("ArrowRight")
        assert tab.read(where) == len(text) - 1


@pytest.mark.slow
def test_odd_characters_are_written(open_page: OpenPage) -> None:
    """Half characters, controls, marks, and scripts from right to left, as NumPy chooses them."""
    characters = sorted("\x00\t\n\r !éאم\u0301\u202e\ud83d\U0001f600\U0010ffff")
    small = write_both(make_checkpoint("".join(characters), units=9))
    with open_page() as tab:
        write(tab, "", temperature=1, length=200, seed=1)
        codes = """[...document.querySelectorAll("#text span")]
          .map((span) => span.textContent.codePointAt(0))"""
        assert tab.read(codes) == [ord(character) for character in small.generate("", 200, seed=1)]


@pytest.mark.slow
def test_a_network_that_fails_says_so(open_page: OpenPage) -> None:
    """NaN and infinity end the text with a sentence, not with nonsense."""
    checkpoint = make_checkpoint()
    weights = {name: values.copy() for name, values in checkpoint.weights.items()}
    weights["layers/dense/vars/0"][:] = 3e38
    weights["layers/dense/vars/1"][:2] = 3.4e38, -3.4e38  # one of them is beyond all floats
    write_both(replace(checkpoint, weights=weights))
    with open_page() as tab:
        start(tab, "a", length=5)
        expect(tab.page.locator("#status")).to_contain_text("NaN or infinity")


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_every_control_has_a_name_and_room(open_page: OpenPage) -> None:
    """Each field and button is labelled, and large enough for a finger, in 360 pixels too."""
    names = """[...document.querySelectorAll("button, input, textarea, [tabindex]")].map((one) =>
      one.labels?.[0]?.textContent.trim() || one.textContent.trim() || one.ariaLabel)"""
    with open_page(viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        tab.wait("#start:enabled")
        assert not tab.page.locator("#seed").is_visible()  # the phone's screen is for the text
        tab.page.locator("summary").tap()
        write(tab, "%A" * 30, length=400)
        assert all(tab.read(names))
        sizes = tab.read("""[...document.querySelectorAll("button, input, textarea, summary")]
          .map((one) => one.closest("label") ?? one)
          .map((one) => one.getBoundingClientRect().height)""")
        assert min(sizes) >= 24
        assert tab.read("document.documentElement.scrollWidth") <= PHONE["width"]
        tab.page.locator("#text span").nth(70).tap()
        assert tab.page.locator("#likeliest").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("small")
def test_everything_can_be_read(open_page: OpenPage, scheme: str) -> None:
    """Text has a contrast of 4.5 to 1 or more, on every tint, in light and dark (WCAG 1.4.3)."""
    with open_page(color_scheme=scheme) as tab:
        write(tab, "%A", temperature=2, length=300)
        tab.page.locator("#text span").nth(5).hover()
        assert_readable(tab, scheme)
