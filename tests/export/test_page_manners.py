"""How the page treats its reader: what it says, to eye and ear; where focus and view go."""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Tab, open_tab
from tests.support.contrast import assert_readable, measure_contrast
from tests.support.networks import make_realistic
from tests.support.writing_page import PHONE, start, write, write_both

pytestmark = pytest.mark.slow

DESK = {"width": 1280, "height": 720}
FROM_END = """() => {
  const text = document.querySelector("#text");
  return text.scrollHeight - text.scrollTop - text.clientHeight;
}"""
FOCUS = "document.activeElement.id"


def read_path(tab: Tab) -> Path:
    """The file that a tab shows."""
    return Path(tab.requests[0].removeprefix("file://"))


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One tab for all these tests."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_both(make_realistic(units=32))
    with open_tab(browser, folder / "page.html", viewport=DESK, has_touch=True) as tab:
        yield tab


@pytest.fixture
def tab(opened: Tab) -> Tab:
    """The tab as if it had just been opened."""
    opened.page.set_viewport_size({"width": 1280, "height": 720})
    opened.page.emulate_media(media="screen", forced_colors="none")
    opened.page.evaluate("""() => {
      removeEventListener("pagehide", remember);
      sessionStorage.clear();
    }""")
    opened.page.reload()
    opened.wait("#start:enabled")
    return opened


def answer(
    tab: Tab, text: str = "", read: int = 2, *, done: bool = False, probability: float = 0.5
) -> None:
    """Answer in the worker's stead, as if it had written a text."""
    tab.read(
        """([text, read, done, probability]) => {
          const id = (character) => ids.get(character);
          const mark = (character) => ({
            id: id(character), probability, guesses: [0, 1, 2, 3, 4].map((other) => [other, 0.1]),
          });
          receive({ written: [...text].map(mark), read, done });
        }""",
        [text, read, done, probability],
    )


def hold(tab: Tab, prompt: str = "%A", **fields: Any) -> None:
    """Start a text, and keep the worker from hearing of it."""
    tab.read("() => { worker.postMessage = (request) => { window.asked = request; }; }")
    start(tab, prompt, **fields)


def look(tab: Tab, place: int) -> str:
    """Point at a character; what the page says of it."""
    tab.page.locator("#text span").nth(place).hover()
    return tab.page.locator("#verdict").inner_text()


def picture(tab: Tab, selector: str) -> bytes:
    """The pixel in the lower left corner of an element, which no letter covers."""
    box = tab.page.locator(selector).bounding_box()
    assert box is not None
    x, y = box["x"] + 2, box["y"] + box["height"] - 2
    return tab.page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})


def count_changes(tab: Tab, selector: str) -> None:
    """Begin to count how often an element's text is set, in `changes`."""
    tab.read(
        """(selector) => {
          window.changes = 0;
          new MutationObserver((found) => { changes += found.length; })
            .observe(document.querySelector(selector), { childList: true, subtree: true });
        }""",
        selector,
    )


@pytest.mark.parametrize("button", ["start", "extend"])
def test_a_wrong_field_is_shown_though_the_settings_are_folded(tab: Tab, button: str) -> None:
    """The settings unfold, and the wrong field has the focus, where the browser says why."""
    write(tab, "%A", length=5)
    tab.page.locator("#length").fill("0")
    tab.page.locator("summary").click()
    tab.page.locator(f"#{button}").click()
    expect(tab.page.locator("#length")).to_be_focused()
    assert tab.read("document.querySelector('#settings').open")


def test_a_long_beginning_hides_nothing(tab: Tab) -> None:
    """The box shows where the writing begins, and follows it, wherever it had been scrolled to."""
    for _ in range(2):
        hold(tab, "%A!\n" * 60)
        assert tab.read(FROM_END) < 2
        answer(tab, "A\n" * 20, read=240)
        assert tab.read(FROM_END) < 2
        answer(tab, done=True)
        tab.read("() => { document.querySelector('#text').scrollTop = 0; }")


def test_a_reader_who_scrolls_back_is_left_there(tab: Tab) -> None:
    """The text doesn't run away from what is being read."""
    hold(tab)
    answer(tab, "A\n" * 60)
    tab.page.locator("#text").hover()
    tab.page.mouse.wheel(0, -500)
    ends = time.monotonic() + 20
    while tab.read(FROM_END) < 400 and time.monotonic() < ends:
        tab.page.wait_for_timeout(20)
    tab.page.wait_for_timeout(50)
    answer(tab, "A\n" * 60)
    assert tab.read(FROM_END) > 400


def test_it_follows_after_a_resize(tab: Tab) -> None:
    """A box that becomes smaller, or whose lines break, still ends where the writing does."""
    hold(tab)
    answer(tab, ("A" * 70 + "\n") * 40)
    for change in ("text.style.height = '150px'", "text.style.width = '300px'"):
        tab.read(f"() => {{ {change}; text.dispatchEvent(new Event('scroll')); }}")
        tab.page.wait_for_timeout(50)
        assert tab.read(FROM_END) < 2


def test_what_is_skipped_is_described_only_if_there_is_any(tab: Tab) -> None:
    """No empty promise stands at the field; what is said, is said once."""
    prompt = tab.page.locator("#prompt")
    expect(prompt).to_have_accessible_description("Ctrl+Enter writes, Escape stops.")
    count_changes(tab, "#prompt-note")
    prompt.press_sequentially("AéAAA")
    expect(prompt).to_have_accessible_description(re.compile("skips them: é$"))
    expect(tab.page.locator("#prompt-note")).to_have_role("status")
    assert tab.read("changes") == 1


def test_skipped_characters_can_be_told_apart(tab: Tab) -> None:
    """The invisible have their numbers, none disturbs another, and the rest is counted."""
    tab.page.locator("#prompt").fill("A\u200b\u0301\u202eא" + "".join(map(chr, range(97, 123))))
    note = tab.page.locator("#prompt-note")
    expect(note).to_have_text(re.compile(r"U\+200B U\+0301 U\+202E א a b c d e f and 20 more$"))
    assert note.locator("bdi").all_inner_texts()[:4] == ["U+200B", "U+0301", "U+202E", "א"]


def test_a_beginning_of_which_nothing_is_left_is_said(tab: Tab) -> None:
    """If all is skipped, the network begins by itself, and the page says so."""
    tab.page.locator("#prompt").fill("éé")
    expect(tab.page.locator("#prompt-note")).to_contain_text("Nothing is left")
    tab.page.locator("#prompt").fill("éA")
    expect(tab.page.locator("#prompt-note")).not_to_contain_text("Nothing is left")


def test_the_focus_goes_to_the_button_that_takes_over(tab: Tab) -> None:
    """Whoever works by keyboard can stop what they started, and start again."""
    for button in ("start", "extend"):
        tab.page.locator("#settings").evaluate("(details) => { details.open = true; }")
        tab.page.locator("#length").fill("100000")
        tab.page.locator(f"#{button}").focus()
        tab.page.keyboard.press("Enter")
        assert tab.read(FOCUS) == "stop"
        tab.wait("#text span:nth-child(3)")
        tab.page.keyboard.press("Enter")
        tab.wait("#start:enabled")
        assert tab.read(FOCUS) == button


def test_a_seed_that_is_replaced_can_be_wrong(tab: Tab) -> None:
    """With a new seed each time the field counts for nothing; going on needs no seed either."""
    write(tab, "%A", length=5, seed="")
    assert tab.read(FOCUS) == "seed"
    tab.page.get_by_label("a new seed each time").check()
    assert tab.page.locator("#seed").is_disabled()
    tab.page.locator("#start").click()
    expect(tab.page.locator("#status")).to_contain_text("5 characters")
    tab.page.get_by_label("a new seed each time").uncheck()
    tab.page.locator("#seed").fill("-1")
    tab.page.locator("#extend").click()
    expect(tab.page.locator("#status")).to_contain_text("10 characters")


def test_going_on_adds_as_much_as_length_says(tab: Tab) -> None:
    """After a stop too, it counts from here, and not to what was asked for first."""
    hold(tab, length=900)
    answer(tab, "A" * 30)
    tab.page.locator("#stop").click()
    answer(tab, "B" * 10)
    tab.page.locator("#length").fill("25")
    tab.page.locator("#extend").click()
    assert tab.read("asked") == {"kind": "extend", "temperature": 0.8, "topK": 0, "left": 25}
    expect(tab.page.locator("#progress")).to_have_text("40 of 65 characters")


def test_the_time_of_reading_is_not_the_writing_s(tab: Tab) -> None:
    """How fast it writes is counted from when it has read."""
    hold(tab, "%A" * 30, length=100)
    answer(tab, read=20)
    expect(tab.page.locator("#status")).to_have_text("Reading:")
    expect(tab.page.locator("#progress")).to_have_text("20 of 60 characters")
    tab.page.wait_for_timeout(1000)
    answer(tab, read=60)
    answer(tab, "A" * 100, read=60, done=True)
    (speed,) = re.findall(r"([\d,]+) a second", tab.page.locator("#status").inner_text())
    assert int(speed.replace(",", "")) > 200  # of the whole second it would be 100


def test_a_stop_while_it_reads_gives_no_figures(tab: Tab) -> None:
    """Nothing was written, and nothing else is said; nor is a speed without a character."""
    hold(tab, "%A" * 30)
    tab.page.keyboard.press("Escape")
    answer(tab, read=20)
    status = tab.page.locator("#status")
    expect(status).to_have_text("Stopped before it wrote anything.")
    hold(tab, seed=5)
    answer(tab, "AAA", done=True)
    tab.page.locator("#extend").click()
    tab.page.keyboard.press("Escape")
    answer(tab)
    expect(status).to_have_text("Stopped: 3 characters, seed 5.")


def test_the_status_speaks_at_the_start_and_at_the_end(tab: Tab) -> None:
    """How far it is can be seen, and is not spoken."""
    hold(tab, length=200)
    count_changes(tab, "[role=status]:not(#prompt-note)")
    for _ in range(10):
        answer(tab, "A" * 10)
    expect(tab.page.locator("#progress")).to_have_text("100 of 200 characters")
    assert tab.read("changes") == 0
    answer(tab, "A" * 100, done=True)
    assert tab.read("changes") == 1


def test_a_click_pins_what_was_expected(tab: Tab) -> None:
    """Moving the pointer changes it again only after Escape, or a click beside the text."""
    write(tab, "%A", length=40)
    tab.page.locator("#text span").nth(5).click()
    kept = tab.page.locator("#verdict").inner_text()
    assert look(tab, 7) == kept
    tab.page.keyboard.press("Escape")
    assert tab.page.locator("#hint").is_visible()
    assert look(tab, 9) != ""
    tab.page.locator("#text").focus()
    tab.page.keyboard.press("Enter")
    kept = tab.page.locator("#verdict").inner_text()
    assert look(tab, 7) == kept


def test_the_pointer_alone_says_nothing(tab: Tab) -> None:
    """A screen reader hears what was clicked, or reached by keys, with its five guesses."""
    write(tab, "%A", length=40)
    spoken = tab.page.locator("#spoken")
    assert look(tab, 7) != ""
    expect(spoken).to_have_text("")
    for act in (
        tab.page.locator("#text span").nth(5).click,
        partial(tab.page.locator("#text").press, "ArrowRight"),
    ):
        act()
        expect(spoken).to_have_text(re.compile(r"It wrote .*Guesses: (.+%, ){4}.+%\.$"))
        expect(spoken).to_contain_text(tab.page.locator("#verdict").inner_text())
    live = "[...document.querySelectorAll('#guesses [role=status]')].map(({ id }) => id)"
    assert tab.read(live) == ["spoken"]


def test_a_bold_character_is_the_reader_s(tab: Tab) -> None:
    """Clicked, it says so, and shows no guesses."""
    write(tab, "%A", length=40)
    tab.page.locator("#text span").nth(5).click()
    tab.page.locator("#text span").nth(0).click()
    expect(tab.page.locator("#verdict")).to_contain_text("yours")
    assert not tab.page.locator("#likeliest").is_visible()


def test_guesses_come_into_view_when_they_are_pinned(tab: Tab) -> None:
    """On a small screen too."""
    write(tab, "%A", length=40)
    tab.page.set_viewport_size({"width": 640, "height": 400})
    tab.read("() => scrollTo(0, 0)")
    tab.page.locator("#text span").nth(5).click()
    box = tab.page.locator("#likeliest").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 400


def test_on_a_phone_nothing_jumps(tab: Tab) -> None:
    """The buttons stay in view beside the text, and the first tap moves nothing."""
    tab.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    write(tab, "%A", length=400)
    places = """["text", "tint", "about"].map((id) => find(id).getBoundingClientRect().top)"""
    before = tab.read(places)
    tab.page.locator("#text span").nth(5).tap()
    assert tab.page.locator("#likeliest").is_visible()
    assert tab.read(places) == before
    tab.read("() => find('guesses').scrollIntoView({ block: 'center' })")
    for button in ("start", "stop"):
        expect(tab.page.locator(f"#{button}")).to_be_in_viewport(ratio=1)
    tab.page.locator("#start").tap()
    top, covered = tab.read("[find('text'), find('bar')].map((one) => one.getBoundingClientRect())")
    assert top["top"] >= covered["bottom"]


def test_copying_is_said_and_passes(tab: Tab) -> None:
    """What has been written so far can be copied; the status stays."""
    hold(tab)
    answer(tab, "A" * 30)
    copy = tab.page.locator("#copy")
    copy.click()
    expect(copy).to_have_text("Copied")
    expect(tab.page.locator("#status")).to_have_text("Writing:")
    expect(copy).to_have_text("Copy")


def test_a_reload_keeps_the_fields(tab: Tab) -> None:
    """Beginning and settings outlive it, and so does what follows from them."""
    write(tab, "%Aé", length=33, seed=5, temperature=1.5)
    tab.page.locator("#tint").uncheck()
    tab.page.reload()
    tab.wait("#start:enabled")
    shown = {one: tab.page.locator(f"#{one}").input_value() for one in ("prompt", "length", "seed")}
    assert shown == {"prompt": "%Aé", "length": "33", "seed": "5"}
    expect(tab.page.locator("#temperature-shown")).to_have_text("1.5")
    expect(tab.page.locator("#prompt-note")).to_contain_text("é")
    assert tab.page.locator("#seed").is_enabled()
    assert not tab.page.locator("#tint").is_checked()


def test_the_likeliest_can_be_limited_to_what_there_is(tab: Tab) -> None:
    """The hint names the largest number that the field takes."""
    most = tab.page.locator("#top-k").get_attribute("max")
    assert most == "40"
    expect(tab.page.locator("#top-k-note")).to_contain_text(f"From 1 to {most}:")


def test_a_print_has_the_whole_text_and_no_controls(tab: Tab) -> None:
    """What the box would scroll to is printed, below the title."""
    write(tab, "", length=2000)
    tab.page.emulate_media(media="print")
    assert tab.read("() => find('text').clientHeight >= find('text').scrollHeight")
    for element in ("button", "form", ".bar", ".legend", "#guesses", ".note"):
        assert not any(one.is_visible() for one in tab.page.locator(element).all())
    assert tab.page.locator("h1").is_visible()


def test_surprise_can_be_seen_in_forced_colours(tab: Tab) -> None:
    """With the reader's own colours text can be read, and tints stay apart, in the legend too."""
    hold(tab)
    for probability in (0.5, 0.2, 0.08):
        answer(tab, "A", probability=probability)
    tab.page.emulate_media(forced_colors="active")
    assert_readable(tab, "light")
    for where in ("#text", ".legend"):
        tints = [picture(tab, f"{where} .s{level} >> nth=0") for level in (1, 2, 3)]
        assert len(set(tints)) == 3


def test_the_box_of_the_text_has_an_edge(tab: Tab) -> None:
    """Its border has a contrast of 3 to 1 with the page (WCAG 1.4.11)."""
    edge, paper = (
        [*map(float, re.findall(r"\d+", tab.read(code))), 1.0]
        for code in (
            "getComputedStyle(find('text')).borderTopColor",
            "getComputedStyle(document.body).backgroundColor",
        )
    )
    assert measure_contrast([edge, paper]) >= 3


def test_a_browser_without_workers_is_told(browser: Browser, opened: Tab) -> None:
    """It says so, instead of loading forever. One that lets nothing be kept works all the same."""
    with open_tab(browser, read_path(opened)) as tab:
        tab.page.add_init_script("""Object.defineProperty(window, "sessionStorage", {
          get() { throw new DOMException("no store here"); } })""")
        tab.page.reload()
        tab.wait("#start:enabled")
        tab.page.add_init_script("delete window.Worker")
        tab.page.reload()
        expect(tab.page.locator("#status")).to_contain_text("Sorry, this does not work here")
        assert tab.page.locator("#start").is_disabled()


def test_a_browser_without_scripts_waits_for_nothing(browser: Browser, opened: Tab) -> None:
    """It says what is switched off, and nothing about loading."""
    with open_tab(browser, read_path(opened), java_script_enabled=False) as tab:
        text = tab.page.locator("body").inner_text()
        assert "switched off" in text
        assert "Loading" not in text
