"""A browser that all tests of pages share, and a worker that runs a page's engine alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import start_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, or a skip that says that there is none."""
    with start_browser() as browser:
        yield browser
