"""Draws a terminal: `tmux capture-pane -ep | python docs/training_picture.py PICTURE.png`.

Standard input is a screen of 100 columns, with its colours, in which `charrnn train` runs. Rich
draws it, and a headless Chromium makes a picture of that.
"""

import io
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

WIDTH = 100  # characters


def main() -> None:
    """Draw it."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(sys.stdin.read().rstrip()), soft_wrap=True)
    svg = console.export_svg(title="charrnn train --preset minute --cell rnn")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1000, "height": 760}, offline=True)
        page = context.new_page()
        page.set_content(svg)
        page.locator("svg").screenshot(path=Path(sys.argv[1]), omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
