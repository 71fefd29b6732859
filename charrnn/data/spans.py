"""Where the words of a text are, in the text itself and in its ids."""

import re
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from charrnn.data.vocabulary import Ids

# White space the way the subwords' splitter sees it; Python counts four control characters too.
_BETWEEN_SPACES = re.compile(r"(?:\S|[\x1c-\x1f])+")
_BETWEEN_GAPS = re.compile(r"[^ ]+")


class Span(NamedTuple):
    """A word's place in its text, [start, end), and in the text's ids, [first, last)."""

    start: int
    end: int
    first: int
    last: int


def locate_split_words(text: str, split: Callable[[str], list[str]]) -> list[Span]:
    """The words that `split` finds; each has one id, and one id comes before the first.

    Each character is tried by itself, because `split` may change a text's length: the lower case
    of İ is two characters.
    """
    gaps = {ord(character): " " for character in set(text) if not split(character)}
    places = [match.span() for match in _BETWEEN_GAPS.finditer(text.translate(gaps))]
    return [Span(*place, number, number + 1) for number, place in enumerate(places, 1)]


def locate_spaced_words(text: str, encode: Callable[[str], Ids]) -> tuple[Ids, list[Span]]:
    """The ids of a text, shape (T,), and its words, which white space separates.

    A word has the ids of the white space before it too. No subword crosses the end of a word, so
    the pieces between these ends can be encoded one by one.
    """
    places = [match.span() for match in _BETWEEN_SPACES.finditer(text)]
    ends = [0, *(end for _, end in places), len(text)]
    pieces = [encode(text[start:end]) for start, end in pairwise(ends)]
    borders = list(accumulate(map(len, pieces), initial=0))
    spans = [Span(*place, *ids) for place, ids in zip(places, pairwise(borders), strict=False)]
    return np.concatenate(pieces), spans
