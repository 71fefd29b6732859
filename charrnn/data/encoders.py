"""What turns a review into a classifier's ids: a vocabulary of words, or of subwords."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from charrnn.data.spans import Span
from charrnn.data.subwords import Subwords
from charrnn.data.vocabulary import Ids
from charrnn.data.words import Words


class Encoder(Protocol):
    """Text to ids and back; id 0 is padding."""

    def encode(self, text: str) -> Ids:
        """The ids of a text, shape (T,)."""

    def encode_batch(self, texts: Iterable[str]) -> list[Ids]:
        """The ids of each text, as from `encode`."""

    def encode_word(self, word: str) -> Ids:
        """The ids of a review of this word alone, shape (T,)."""

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text that the ids stand for, as far as they preserve it."""

    def count_tokens(self, text: str) -> tuple[int, int]:
        """How many tokens a text has, and how many of them are unknown."""

    def locate_words(self, text: str) -> tuple[Ids, list[Span]]:
        """The ids of a text, as from `encode`, and where its words are, in order."""

    @property
    def word_ids(self) -> Mapping[str, int]:
        """The id of each whole word; empty if ids stand for pieces of words.

        Ids below the smallest of these are reserved: padding and the like.
        """

    def frequent_words(self, count: int) -> list[str]:
        """The most frequent words of the vocabulary, at most `count`."""

    def __len__(self) -> int:
        """How many ids there are, padding included."""

    def to_values(self) -> list[Any]:
        """What JSON can hold, all that `parse_encoder` needs."""


ENCODERS: dict[str, type[Words] | type[Subwords]] = {"words": Words, "subwords": Subwords}


def parse_encoder(tokens: str, values: object) -> Encoder:
    """The encoder whose `to_values` gave `values`.

    Args:
        tokens: what its ids stand for, a key of `ENCODERS`.
        values: parsed JSON, as a checkpoint stores it.

    Raises:
        ValueError: the values do not describe such an encoder.
    """
    return ENCODERS[tokens].from_values(values)
