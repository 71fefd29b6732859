"""What is odd about a text that a network is to learn: how often it occurs, and what mends it."""

from collections.abc import Iterator

import numpy as np

from charrnn.data.corpus import Corpus
from charrnn.data.decoding import BYTE_ORDER_MARK
from charrnn.data.encodings import UTF8
from charrnn.data.formats import is_markup
from charrnn.data.text import Text, count_ids, list_blocks
from charrnn.data.vocabulary import UNKNOWN, list_characters
from charrnn.errors import say_count

_START = 1000  # characters that say whether a text is a web page
_LOW = "".join(map(chr, (*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F)))  # but \t \n \f \r
_HIGH = "".join(map(chr, range(0x80, 0xA0)))


def list_oddities(corpus: Corpus) -> Iterator[str]:
    """Yield what few texts are meant to hold, each in a line.

    Most texts have none, which their vocabulary says.
    """
    first = "" if corpus.reading.encoding == UTF8 else "converted to UTF-8, "
    text, known = corpus.text, corpus.text.vocabulary.characters
    if is_markup(str(text[:_START])):
        advice = "name it .html to learn only what it shows"
        yield f"the text is a web page or XML, so its tags are learnt too: {advice}"
    if "\r" in known:
        yield from _describe_line_ends(text)
    if BYTE_ORDER_MARK in known:
        marks = say_count(_count(text, BYTE_ORDER_MARK), "byte order mark")
        yield f"the text has {marks} within, where files were joined: `clean` removes them"
    if UNKNOWN in known:
        count = f"{_count(text, UNKNOWN):,} × U+FFFF"
        yield f"the text has {count}, which no text should: the network takes it for the unknown"
    if found := _find(known, _LOW):
        mend = r"tr -d '\000-\010\013\016-\037\177'"
        yield f"{_count_controls(text, found)}: {first}{mend} removes them"
    if found := _find(known, _HIGH):
        yield (
            f"{_count_controls(text, found)}: it is probably a Windows text that was read or "
            "converted as Latin-1 instead of cp1252"
        )


def _describe_line_ends(text: Text) -> Iterator[str]:
    pairs = _count_pairs(text, "\r", "\n")
    alone = _count(text, "\r") - pairs
    if pairs:
        lines = say_count(pairs, "line")
        yield (
            f"the text has {lines} ending in CR LF, as on Windows, which the network learns too: "
            "set `newlines` to unix to make them end in LF"
        )
    if alone:
        returns = say_count(alone, "carriage return")
        yield (
            f"the text has {returns} without a line feed, as on old Macs: set `newlines` to unix "
            "to make line ends of them"
        )


def _find(known: str, odd: str) -> str:
    return "".join(character for character in known if character in odd)


def _count_controls(text: Text, found: str) -> str:
    count = say_count(_count(text, found), "control character")
    return f"the text has {count}, {list_characters(found)}"


def _count(text: Text, characters: str) -> int:
    """How often any of these occurs."""
    return int(count_ids(text.ids, len(text.vocabulary))[text.vocabulary.encode(characters)].sum())


def _count_pairs(text: Text, one: str, other: str) -> int:
    """How often one character is followed by the other."""
    first, second = text.vocabulary.find(one + other)
    blocks = (text.ids[block.start : block.stop + 1] for block in list_blocks(len(text)))
    return sum(int(np.sum((ids[:-1] == first) & (ids[1:] == second))) for ids in blocks)
