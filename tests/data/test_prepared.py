"""Prepared texts: the ids of a text in a file, against those in memory."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.data.corpus import make_corpus
from charrnn.data.prepared import START, Prepared, is_prepared, read_prepared, write_rest
from charrnn.data.reading import Reading
from charrnn.data.sources import Source
from charrnn.data.stores import FileStore
from charrnn.data.text import Text, TextGatherer
from charrnn.errors import CorpusError
from tests.support.messages import catch_message

SOURCES = (Source("/texts/é.txt", "a" * 64), Source("/texts/b.txt", "b" * 64))
READING = Reading(separator="|", glob=("*.a", "*.b"), clean=True)
WIDE = "".join(map(chr, range(0x1_0000, 0x1_0000 + 70_000)))  # more than two bytes' values


def write(path: Path, text: str) -> Prepared:
    """Write a text to a file, in two pieces, and return what is in it."""
    with path.open("w+b") as file:
        store = FileStore(file, START, str(path))
        gatherer = TextGatherer(store)
        for piece in (text[:70_000], text[70_000:]):
            gatherer.add(piece)
        whole = gatherer.finish().make_text(store)
        prepared = Prepared(whole, "name", SOURCES, make_corpus(text).sha256, READING, "state")
        write_rest(file, prepared)
        return prepared


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("to be, or not to be", 1),
        ("ba" * 100_000, 1),
        ("ab" * 50_000 + WIDE[:300] + "a\0é", 2),
        (WIDE[::-1] + "abc" * 3, 4),
    ],
    ids=["short", "two blocks", "two bytes", "four bytes"],
)
def test_a_text_comes_back(tmp_path: Path, text: str, size: int) -> None:
    """Ids, vocabulary, counts, sources and hash are those of the same text in memory."""
    path = tmp_path / "a.ids"
    write(path, text)
    assert is_prepared(path)
    found, expected = read_prepared(path), Text.of(text)
    assert isinstance(found.text.ids, np.memmap)
    assert found.text.ids.itemsize == size
    np.testing.assert_array_equal(found.text.ids, expected.ids)
    assert found.text.vocabulary.characters == expected.vocabulary.characters
    np.testing.assert_array_equal(found.text.counts, expected.counts)
    assert str(found.text) == text
    assert (found.name, found.sources) == ("name", SOURCES)
    assert (found.reading, found.state) == (READING, "state")
    assert found.sha256 == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def test_what_is_no_prepared_text(tmp_path: Path) -> None:
    """A text, a folder, nothing at all and a pipe are not taken for one."""
    (tmp_path / "a.txt").write_text("charrnn prepared", encoding="utf-8")
    assert not any(map(is_prepared, [tmp_path / "a.txt", tmp_path, tmp_path / "b"]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "a.ids", "to be, or not to be")
    return tmp_path / "a.ids"


def reseal(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a file says of itself, as a stranger would, with a right checksum."""
    data = path.read_bytes()
    place = int(data.split(b"\n")[2].split()[1])
    values = json.loads(data[place:])
    change(values)
    content = json.dumps(values).encode()
    digest = hashlib.sha256(content).hexdigest()
    head = f"charrnn prepared text\nformat 1\njson {place} {len(content)}\nsha256 {digest}\n"
    path.write_bytes(head.encode().ljust(START, b"\0") + data[START:place] + content)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "more characters": lambda v: v.update(counts=[*v["counts"][:-1], 10**12]),
    "negative counts": lambda v: v.update(
        counts=[-1, v["counts"][0] + v["counts"][1] + 1, *v["counts"][2:]]
    ),
    "no counts": lambda v: v.pop("counts"),
    "odd counts": lambda v: v.update(counts="many"),
    "huge counts": lambda v: v.update(counts=[10**30, *v["counts"][1:]]),
    "fewer characters": lambda v: v.update(vocabulary=v["vocabulary"][1:], counts=v["counts"][1:]),
    "unsorted": lambda v: v.update(vocabulary=v["vocabulary"][::-1]),
    "odd numbers": lambda v: v.update(dtype="float64"),
    "wide numbers": lambda v: v.update(dtype="uint32"),
    "odd sources": lambda v: v.update(sources=[1, 2]),
    "no hash": lambda v: v.update(sha256="x" * 5000),
    "a long name": lambda v: v.update(name="x" * 5000),
    "no checksums": lambda v: v.update(crc32=[]),
    "odd checksums": lambda v: v.update(crc32=7),
    "odd reading": lambda v: v["reading"].update(clean="yes"),
    "another reading": lambda v: v["reading"].update(more=1),
    "odd patterns": lambda v: v["reading"].update(glob=[1]),
    "objects": lambda v: v.update(vocabulary={"bytes": True}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_strangers_file(path: Path, change: str) -> None:
    """What it says of itself is not believed, though its checksum is right."""
    reseal(path, CHANGES[change])
    message = catch_message(CorpusError, lambda: read_prepared(path))
    assert message.startswith(f"{path} is damaged, or of another version: ")
    assert "\n" not in message


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-1],
    "longer": lambda data: data + b" ",
    "the start alone": lambda data: data[:40],
    "two lines": lambda data: data[:30],
    "three lines": lambda data: b"".join(data.splitlines(keepends=True)[:3]).strip(),
    "another id": lambda data: data[:START] + bytes([data[START] ^ 1]) + data[START + 1 :],
    "another format": lambda data: data.replace(b"format 1", b"format 2"),
    "no place": lambda data: data.replace(b"json ", b"json x"),
    "a place before the ids": lambda data: data.replace(b"json 531", b"json 100"),
    "an id": lambda data: data[:START] + b"\xff" + data[START + 1 :],
    "a byte of the JSON": lambda data: data[:-3] + b"x" + data[-2:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file(path: Path, damage: str) -> None:
    """It is rejected in one line, with what to do; an id beyond the characters counts as damage."""
    changed = DAMAGES[damage](path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    message = catch_message(CorpusError, lambda: read_prepared(path))
    assert message.endswith("; prepare the text again")
