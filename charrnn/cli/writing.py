"""Texts to stdout: a few side by side, the first as it comes, or many, each once it is whole."""

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from charrnn.cli.visible import encode

_SEPARATOR = "\n\n---\n\n"


@dataclass(frozen=True)
class Form:
    """How texts are written.

    Attributes:
        head: what stands before each text.
        tail: what stands after it.
        between: what stands between two texts.
        spell: how a piece of a text is written.
    """

    head: str
    tail: str
    between: str
    spell: Callable[[str], str]


def make_plain_form(prompt: str) -> Form:
    """The prompt and what follows it, with a line of --- between two texts."""
    return Form(prompt, "", _SEPARATOR, str)


def make_json_form(prompt: str, facts: Mapping[str, Any]) -> Form:
    """A JSON object a line: the prompt, the text, and what else is known of it."""
    head = json.dumps({"prompt": prompt, "text": ""}).removesuffix('"}')
    tail = json.dumps(dict(facts)).removeprefix("{")
    return Form(head, f'", {tail}\n', "", lambda text: json.dumps(text)[1:-1])


def write_texts(steps: Iterator[list[str]], num: int, form: Form) -> int:
    """Write texts that are made side by side; count the characters made.

    Of the first text nothing is kept, of the others no more than their characters. In a terminal
    the last line is ended.

    Args:
        steps: the next characters of all texts, empty for one that has ended.
        num: how many texts.
        form: how they are written.
    """
    out = Out()
    others = [io.StringIO() for _ in range(num - 1)]
    written = 0
    first = next(steps, [""] * num)  # a network that can't write fails here, before any output
    out.write(form.head)
    for new, *rest in chain([first], steps):
        out.write(form.spell(new))
        written += len(new) + sum(map(len, rest))
        for text, more in zip(others, rest, strict=True):
            text.write(more)
    out.write(form.tail)
    for text in others:
        out.write(form.between + form.head + form.spell(text.getvalue()) + form.tail)
    out.end_line()
    return written


def write_whole_texts(texts: Iterator[str], form: Form) -> int:
    """Write texts one by one, as they are made; count the characters made.

    Args:
        texts: at least one.
        form: how they are written.
    """
    out = Out()
    written = 0
    first = next(texts)  # a network that can't write fails here, before any output
    for place, text in enumerate(chain([first], texts)):
        out.write((form.between if place else "") + form.head + form.spell(text) + form.tail)
        written += len(text)
    out.end_line()
    return written


class Out:
    """stdout, written to without delay."""

    def __init__(self) -> None:
        self._last = ""

    def write(self, text: str) -> None:
        """Write a piece of text."""
        self._last = text[-1:] or self._last
        sys.stdout.buffer.write(encode(text))
        sys.stdout.buffer.flush()

    def end_line(self, *, always: bool = False) -> None:
        """End the last line if it isn't, in a terminal or always."""
        if (always or sys.stdout.isatty()) and self._last != "\n":
            self.write("\n")
