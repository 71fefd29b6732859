"""Texts to stdout: the first as it comes, as text or JSON, and memory that stays flat."""

import contextlib
import json
import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from typing import TextIO, cast

import pytest

from charrnn.cli.writing import Form, make_json_form, make_plain_form, write_texts
from tests.support.slow import slow_except

TEXTS = ['ab"\\\n\x1b\x7fä', "", "水\u2028𐍈\t"]
FACTS = {"checkpoint": "a/b.h5", "epoch": 3, "temperature": 0.5, "seed": 7}


class Bytes:
    """A stdout that counts what it is given, and keeps the beginning."""

    def __init__(self, most: int = 10_000) -> None:
        self.kept, self.count, self.most = b"", 0, most
        self.buffer = self

    def write(self, content: bytes) -> None:
        self.kept += content[: max(0, self.most - len(self.kept))]
        self.count += len(content)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def write(out: Bytes, steps: Iterator[list[str]], num: int, form: Form) -> int:
    """Write to that stdout."""
    with contextlib.redirect_stdout(cast("TextIO", out)):
        return write_texts(steps, num, form)


def make_steps(*texts: str) -> Iterator[list[str]]:
    """The characters of texts side by side, empty for one that has ended."""
    for place in range(max(map(len, texts))):
        yield [text[place : place + 1] for text in texts]


def test_plain_texts() -> None:
    """Each text follows the prompt, with a line of --- between two; the count is of what is new."""
    out = Bytes()
    assert write(out, make_steps(*TEXTS), 3, make_plain_form("é")) == sum(map(len, TEXTS))
    assert out.kept.decode() == "\n\n---\n\n".join("é" + text for text in TEXTS)


@pytest.mark.parametrize("prompt", ["", 'say "é\\\n'])
def test_json_is_what_json_makes_of_the_whole(prompt: str) -> None:
    """An object written in pieces is, byte for byte, the one that is made of the whole text."""
    out = Bytes()
    write(out, make_steps(*TEXTS), 3, make_json_form(prompt, FACTS))
    rows = [json.dumps({"prompt": prompt, "text": text} | FACTS) for text in TEXTS]
    assert out.kept.decode() == "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize("num", [1, 3])
def test_no_text_at_all(num: int) -> None:
    """Texts without a character are written too."""
    out = Bytes()
    assert write(out, iter([]), num, make_json_form("a", FACTS)) == 0
    rows = [json.loads(line) for line in out.kept.splitlines()]
    assert [row["text"] for row in rows] == [""] * num


def test_a_text_comes_as_it_is_made() -> None:
    """A character is written before the next is asked for, in JSON too."""
    out = Bytes()
    form = make_json_form("a", FACTS)
    seen: list[bytes] = []

    def make() -> Iterator[list[str]]:
        yield ["x"]
        for _ in range(2):
            seen.append(out.kept)
            yield ["y"]

    write(out, make(), 1, form)
    head = form.head.encode()
    assert seen == [head + b"x", head + b"xy"]


def test_a_network_that_can_not_write_leaves_nothing() -> None:
    """An error before the first character leaves no half object."""
    out = Bytes()

    def fail() -> Iterator[list[str]]:
        raise ZeroDivisionError
        yield []

    with pytest.raises(ZeroDivisionError):
        write(out, fail(), 1, make_json_form("a", FACTS))
    assert out.count == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num", "length", "most"),
    slow_except(
        [(1, 50_000, 20_000), (3, 200_000, 2 * 6 * 200_000)],
        (1, 50_000, 20_000),
    ),
    ids=["streamed", "kept"],
)
@pytest.mark.parametrize("form", [make_plain_form("a"), make_json_form("a", FACTS)])
def test_memory(form: Form, num: int, length: int, most: int) -> None:
    """Nothing is kept of the first text, however long, and of the others six bytes a character."""
    out = Bytes()
    steps = repeat(["a"] * num, length)
    tracemalloc.start()
    try:
        assert write(out, steps, num, form) == num * length
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert out.count > num * length
    assert peak < most + 20_000
