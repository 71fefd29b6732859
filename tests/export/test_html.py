"""The exported page as a file: one, small, self-contained, with the network's weights in it."""

import base64
import json
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import CELLS
from charrnn.data.corpus import SHAKESPEARE
from charrnn.data.vocabulary import UNKNOWN
from charrnn.errors import UsageError
from charrnn.export import html
from charrnn.export.html import render_page, write_page
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint

MOST_BYTES = 2_000_000


class Elements(HTMLParser):
    """The elements of a page, with their attributes, and the text of those that have an id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = dict(attrs).get("id") or tag

    def handle_data(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as the base has it
        self._open = ""


def decode(text: str, dtype: str, *shape: int) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


def dequantize(matrix: dict[str, Any]) -> Any:
    values = decode(matrix["values"], "<i1", matrix["rows"], matrix["columns"])
    return values * decode(matrix["scales"], "<f4", matrix["columns"])


@pytest.mark.parametrize("cell", CELLS)
def test_the_page_has_the_weights_of_an_int8_checkpoint(
    make_checkpoint: MakeCheckpoint, cell: str
) -> None:
    """Page and checkpoint are the same network, bit by bit, and know the same characters."""
    made = make_checkpoint(cell=cell, layers=2)
    write_checkpoint(Path("small"), made, int8=True)
    expected = [*read_checkpoint(Path("small")).weights.values()]
    network = json.loads(Elements(render_page(made)).texts["network"])
    found = [dequantize(network["embedding"])]
    for layer in network["layers"]:
        found += [dequantize(layer["kernel"]), dequantize(layer["recurrent"])]
        found.append(decode(layer["bias"], "<f4", *expected[len(found)].shape))
    found.append(dequantize(network["dense"]["kernel"]))
    found.append(decode(network["dense"]["bias"], "<f4", -1))
    assert len(found) == len(expected)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert "".join(map(chr, network["characters"])) == made.vocabulary.to_values()
    assert network["cell"] == cell


def test_a_network_of_512_units_is_a_small_file(make_checkpoint: MakeCheckpoint) -> None:
    """The page of an LSTM 512 can be sent by mail."""
    made = make_checkpoint("".join(map(chr, range(32, 97))), embedding=64, units=512)
    assert made.network.parameters == 1_219_201
    write_page(LanguageModel(made), Path("page.html"))
    assert Path("page.html").stat().st_size < MOST_BYTES


def test_the_page_refers_to_nothing_outside(make_checkpoint: MakeCheckpoint) -> None:
    """No element loads or links to anything, and the page forbids itself to ask for anything."""
    elements = Elements(render_page(make_checkpoint())).found
    referring = {"src", "href", "srcset", "action", "data", "poster", "ping"}
    given = [
        value or ""
        for _, attributes in elements
        for name, value in attributes.items()
        if name in referring
    ]
    assert [value for value in given if not value.startswith("data:")] == []
    (policy,) = (dict(a)["content"] for _, a in elements if "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert "connect-src" not in policy


def rename(made: Checkpoint, corpus: str) -> Checkpoint:
    return replace(made, provenance=replace(made.provenance, corpus=corpus))


def test_a_strange_name_is_only_a_name(make_checkpoint: MakeCheckpoint) -> None:
    """A corpus can be called anything: the page has the same elements, and shows the name."""
    made = make_checkpoint()
    name = "</title></script><script>alert('{{about}} {{x}}')</script>"
    strange, plain = (Elements(render_page(rename(made, each))) for each in (name, "plays"))
    assert [tag for tag, _ in strange.found] == [tag for tag, _ in plain.found]
    assert strange.texts["title"] == f"A network that has read “{name}”"
    assert strange.texts["h1"] == strange.texts["title"]


def test_shakespeare_is_called_so(make_checkpoint: MakeCheckpoint) -> None:
    """By the text's hash, whatever its file was called; another text gets no example of his."""
    made = make_checkpoint()
    known = replace(made.provenance, corpus="input", corpus_sha256=SHAKESPEARE.sha256)
    page = render_page(replace(made, provenance=known))
    assert Elements(page).texts["title"] == "A network that has read Shakespeare"
    assert "for example ROMEO:" in page
    assert "ROMEO" not in render_page(rename(made, "shakespeare"))


def test_a_page_says_which_network_it_is(make_checkpoint: MakeCheckpoint) -> None:
    """Cell, sizes, epoch and loss stand at the end."""
    made = make_checkpoint(cell="gru", layers=2)
    page = Elements(render_page(made))
    about = page.texts["about"]
    assert "2 layers of GRU 7" in about
    assert f"{made.network.parameters:,} numbers" in about
    assert "epoch 1, validation loss 2.2500" in about


def test_a_network_that_is_too_large_is_refused(
    make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says how large a page's network can be, and no file is written."""
    monkeypatch.setattr(html, "_MOST_PARAMETERS", 100)
    model = LanguageModel(make_checkpoint())
    message = catch_message(UsageError, partial(write_page, model, Path("page.html")))
    assert "100" in message
    assert not Path("page.html").exists()


def test_the_page_never_writes_the_unknown(make_checkpoint: MakeCheckpoint) -> None:
    """A network's unknown has a logit whose exp is 0, whatever the other logits are."""
    made = make_checkpoint("ab" + UNKNOWN)
    network = json.loads(Elements(render_page(made)).texts["network"])
    bias = decode(network["dense"]["bias"], "<f4", -1)
    assert np.array_equal(bias[:2], made.weights["layers/dense/vars/1"][:2])
    assert np.exp(np.float64(bias[2]) + 1e6) == 0
