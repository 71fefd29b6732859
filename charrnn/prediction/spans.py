"""The words of a text: where each stands, and which of the text's ids it has."""

import re
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from charrnn.data.encoders import Encoder
from charrnn.data.vocabulary import Ids
from charrnn.data.words import Words, split_words

# White space as the subwords' splitter sees it; to Python four control characters are some too.
_BETWEEN_SPACES = re.compile(r"(?:\S|[\x1c-\x1f])+")
_BETWEEN_GAPS = re.compile(r"[^ ]+")


class Span(NamedTuple):
    """A word's place in its text, [start, end), and in the text's ids, [first, last)."""

    start: int
    end: int
    first: int
    last: int


def spans(text: str, encoder: Encoder) -> tuple[Ids, list[Span]]:
    """The ids of a text, as from `encoder.encode`, and its words in order.

    For a vocabulary of words a word is what `split_words` takes for one, and has one id. For
    subwords it is what stands between white space, and has the ids of the space before it too.
    """
    if isinstance(encoder, Words):
        places = _words(text)
        return encoder.encode(text), [Span(*place, k, k + 1) for k, place in enumerate(places, 1)]
    return _spaced(text, encoder)


def _words(text: str) -> list[tuple[int, int]]:
    """Start and end of each word; found without lower(), which may make a text longer."""
    gaps = {ord(character): " " for character in set(text) if not split_words(character)}
    return [match.span() for match in _BETWEEN_GAPS.finditer(text.translate(gaps))]


def _spaced(text: str, encoder: Encoder) -> tuple[Ids, list[Span]]:
    """Subwords never reach over the end of a word, so each piece up to one is encoded alone."""
    places = [match.span() for match in _BETWEEN_SPACES.finditer(text)]
    ends = [0, *(end for _, end in places), len(text)]
    pieces = [encoder.encode(text[start:end]) for start, end in pairwise(ends)]
    borders = list(accumulate(map(len, pieces), initial=0))
    found = [Span(*place, borders[k], borders[k + 1]) for k, place in enumerate(places)]
    return np.concatenate(pieces), found
