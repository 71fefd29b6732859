"""Draws the picture of an inspected text: `python docs/inspect_picture.py PAGE.html PICTURE.png`.

PAGE.html is what `charrnn inspect --html PAGE.html` wrote. A headless Chromium opens it, and points
at the most surprising character.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main() -> None:
    """Draw it."""
    page_file, picture = map(Path, sys.argv[1:])
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 760})
        page.goto(page_file.resolve().as_uri())
        place = page.locator("#places a").first.get_attribute("data-place")
        page.locator("#text span").nth(int(place or 0)).hover()
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
