"""A real browser, if there is one: pages are opened from files, and whatever they do is noted."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Tab:
    """An open page.

    Attributes:
        page: what drives it.
        complaints: what the page said on its console, and errors that it did not catch.
        requests: the addresses that it asked for, its own first.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def read(self, code: str, argument: Any = None) -> Any:
        """What a piece of JavaScript evaluates to."""
        return self.page.evaluate(code, argument)

    def wait(self, selector: str) -> None:
        """Wait until something is there."""
        self.page.wait_for_selector(selector, state="attached")


@contextmanager
def start_browser() -> Iterator[Browser]:
    """A headless Chromium; where there is none, the tests that need it are skipped, and say so."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("NOT TESTED: no Chromium here; install it, with apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def open_tab(browser: Browser, path: Path, after: str = "", **settings: Any) -> Iterator[Tab]:
    """Open a file in a browser without a network; fail if it complains, or asks for anything.

    Args:
        browser: the browser.
        path: the file.
        after: what stands behind its address, such as #plain.
        settings: of the browser, such as the size of its window.
    """
    context = browser.new_context(offline=True, **settings)
    tab = Tab(context.new_page())
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    context.on("request", lambda request: tab.requests.append(request.url))
    address = path.resolve().as_uri()
    tab.page.goto(address + after)
    yield tab
    context.close()
    assert tab.complaints == []
    assert tab.requests[0] == address
    others = {url for url in tab.requests if url != address}
    assert all(url.startswith("blob:") for url in others)  # the page's own worker
