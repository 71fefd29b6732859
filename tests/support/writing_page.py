"""The exported page in a browser: made of a small network, filled in, and read."""

from pathlib import Path
from typing import Any

from charrnn.export.write import write_model
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.runs.checkpoint import Checkpoint
from tests.support.browser import Tab

PHONE = {"width": 360, "height": 740}
READ = """[...document.querySelectorAll("#text span")].map((span) => span.textContent).join("")"""


def write_both(checkpoint: Checkpoint) -> LanguageModel:
    """Write page.html; the network of the int8 checkpoint, which has the same weights."""
    model = LanguageModel(checkpoint)
    write_model(model, "html", Path("page.html"))
    return load_model(write_model(model, "int8", Path("small.h5")))


def start(tab: Tab, prompt: str, **fields: Any) -> None:
    """Fill in the form, and send it by keyboard."""
    tab.wait("#start:enabled")
    tab.page.locator("#settings").evaluate("(details) => { details.open = true; }")
    tab.page.get_by_label("a new seed each time").uncheck()
    for name, value in fields.items():
        tab.page.locator(f"#{name}").fill(str(value))
    tab.page.get_by_label("Beginning").fill(prompt)
    tab.page.keyboard.press("Control+Enter")


def write(tab: Tab, prompt: str, **fields: Any) -> str:
    """Let the page write to the end; all that it shows."""
    start(tab, prompt, **fields)
    tab.wait("#start:enabled")
    text: str = tab.read(READ)
    return text
