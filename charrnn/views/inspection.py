"""A page that shows what a network thought while it read: one file, for any browser, offline."""

import base64
import html
import json
import math
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.data.files import spell_plainly
from charrnn.errors import UsageError
from charrnn.inference.inspect import Inspection
from charrnn.inference.units import Unit
from charrnn.runs.atomic import write_atomically
from charrnn.runs.history import format_number, perplexity

_PAGE = Path(__file__).with_name("inspection_page")
_MOST_CHARACTERS = 20_000
_MOST_OUTPUTS = 2**23  # a byte each
_LEVELS = 6
_SURPRISING = 10  # places
_BEFORE, _AFTER = 24, 12  # characters shown around one
_SIGNS = {"\n": "↵", "\t": "⇥"}


def write_inspection(
    path: Path, seen: Inspection, title: str, about: str = "", unit: Unit | None = None
) -> None:
    """Write the page of `render_inspection` to `path`, whole or not at all.

    Raises:
        UsageError: the text is too long for a page.
        OSError: the disk is full or the folder can't be written.
    """
    write_atomically(path, render_inspection(seen, title, about, unit).encode())


def render_inspection(
    seen: Inspection, title: str, about: str = "", unit: Unit | None = None
) -> str:
    """Make a page with the text coloured by surprise, the guesses and every unit's outputs.

    Args:
        seen: what the network computed.
        title: which network read what.
        about: more of it, for the page's foot.
        unit: whose outputs the page shows first; None for the surprise.

    Raises:
        UsageError: the text is too long for a page.
    """
    _check_length(seen)
    factor = format_number(perplexity(seen.loss), 1)
    places = {
        "title": html.escape(spell_plainly(title)),
        "loss": f"{seen.loss:.2f} nats on average, a perplexity of {factor}",
        "about": html.escape(spell_plainly(about)),
        "style": _read("page.css"),
        "text": "".join(_render_lines(seen)),
        "classes": "\n".join(_render_classes(seen)),
        "places": "\n".join(_render_places(seen)),
        "reading": json.dumps(_list_reading(seen, unit), separators=(",", ":")),
        "script": _read("page.js"),
    }
    parts = _read("page.html").split("{{")
    filled = (part.split("}}", 1) for part in parts[1:])
    return parts[0] + "".join(places[name] + rest for name, rest in filled)


def find_level(surprise: float) -> int:
    """How strong a surprise in nats is coloured, from 0 to 6: six steps up to five nats."""
    return 0 if math.isnan(surprise) else min(_LEVELS, round(1.2 * surprise))


def _check_length(seen: Inspection) -> None:
    layers, length, units = seen.outputs.shape
    most = min(_MOST_CHARACTERS, max(2, _MOST_OUTPUTS // (layers * units)))
    if length > most:
        raise UsageError(
            f"{length:,} characters are too many for a page, which takes {most:,} with this "
            "network: set `limit`"
        )


def _render_lines(seen: Inspection) -> Iterator[str]:
    """Yield a block for each line, with a span for each character."""
    place = 0
    for line in seen.text.split("\n"):
        whole = f"{line}\n" if place + len(line) < len(seen.text) else line
        if whole:
            spans = "".join(_render_span(seen, at) for at in range(place, place + len(whole)))
            yield f'<div dir="auto">{spans}</div>'
        place += len(whole)


def _render_span(seen: Inspection, place: int) -> str:
    character = seen.text[place]
    end = " end" if character == "\n" else ""
    level = find_level(float(seen.surprise[place]))
    return f'<span class="s{level}{end}">{_show(character)}</span>'


def _render_classes(seen: Inspection) -> Iterator[str]:
    for one in seen.class_losses():
        cells = f"<td>{one.characters:,}</td><td>{one.loss:.2f}</td><td>{one.share:.0%}</td>"
        yield f'<tr><th scope="row">{one.name}</th>{cells}</tr>'


def _render_places(seen: Inspection) -> Iterator[str]:
    for place in seen.most_surprising(_SURPRISING):
        before = _show_in_line(seen.text[max(place - _BEFORE, 0) : place])
        came = _show_in_line(seen.text[place])
        after = _show_in_line(seen.text[place + 1 : place + 1 + _AFTER])
        nats = f"{seen.surprise[place]:.1f} nats"
        where = f"<code>{before}<b>{came}</b>{after}</code>"
        yield f'<li><a href="#text" data-place="{place}">{nats} {where}</a></li>'


def _list_reading(seen: Inspection, unit: Unit | None) -> dict[str, Any]:
    """What the page's script needs, in numbers alone: nothing in it can end its element."""
    surprise = [None, *(round(value, 4) for value in seen.surprise[1:].tolist())]
    guesses = [
        [(_number(symbol), round(probability, 5)) for symbol, probability in row]
        for row in seen.guesses()
    ]
    vocabulary = seen.checkpoint.vocabulary
    ids = vocabulary.encode(seen.text)
    starts = vocabulary.find_starts(ids)
    firsts = [_number(vocabulary.symbols[id_]) for id_ in (ids if starts is None else ids[starts])]
    outputs = np.rint(seen.outputs.transpose(0, 2, 1) * 127).astype(np.int8)  # (L, H, N)
    return {
        "characters": [ord(character) for character in seen.text],
        "firsts": firsts,
        "surprise": surprise,
        "guesses": guesses,
        "units": seen.outputs.shape[2],
        "layers": [base64.b64encode(layer.tobytes()).decode() for layer in outputs],
        "unit": unit,
    }


def _number(symbol: str) -> int:
    """A character's code point, or a byte of several as a number below 0."""
    return ord(symbol) if len(symbol) == 1 else -int(symbol.removeprefix(r"\x"), 16)


def _show_in_line(text: str) -> str:
    return "".join(_SIGNS.get(character) or _show(character) for character in text)


def _show(character: str) -> str:
    """A character in HTML; a sign for those that a page can't show."""
    is_space = character in "\n\t" or unicodedata.category(character) == "Zs"
    return html.escape(character) if is_space or character.isprintable() else "�"


def _read(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8").rstrip("\n")
