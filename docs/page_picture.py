"""Draws the picture of an exported page: `python docs/page_picture.py PAGE.html PICTURE.png`.

It opens the page in a headless Chromium, has it write, and points at a character.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PROMPT, SEED, LENGTH, POINT_AT = "ROMEO:\n", "1", "600", 130


def main() -> None:
    """Draw it."""
    page_file, picture = map(Path, sys.argv[1:])
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 830})
        page.goto(page_file.resolve().as_uri())
        page.wait_for_selector("#start:enabled")
        page.locator("#new-seed").uncheck()
        for field, value in {"prompt": PROMPT, "seed": SEED, "length": LENGTH}.items():
            page.locator(f"#{field}").fill(value)
        page.locator("#start").click()
        page.wait_for_selector("#start:enabled")
        page.locator("#text").evaluate("(text) => { text.scrollTop = 0; }")
        page.locator("#text span").nth(POINT_AT).hover()
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
