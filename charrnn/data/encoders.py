"""What turns a review into a classifier's ids: a vocabulary of words, or of subwords."""

from collections.abc import Iterable
from typing import Protocol

from charrnn.data.subwords import Subwords
from charrnn.data.vocabulary import Ids
from charrnn.data.words import Words


class Encoder(Protocol):
    """Text to ids and back; id 0 is padding."""

    def encode(self, text: str) -> Ids:
        """The ids of a text, shape (T,)."""

    def encode_batch(self, texts: Iterable[str]) -> list[Ids]:
        """The ids of each text."""

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text that the ids stand for, as far as they tell."""

    def __len__(self) -> int:
        """How many ids there are, padding included."""

    def to_json(self) -> str:
        """Everything that `load_encoder` needs."""


ENCODERS: dict[str, type[Words] | type[Subwords]] = {"words": Words, "subwords": Subwords}


def load_encoder(tokens: str, content: str) -> Encoder:
    """The encoder that a checkpoint holds.

    Raises:
        ValueError: the content is no such encoder's.
    """
    return ENCODERS[tokens].from_json(content)
