"""Texts to the ids of frequent pieces of words and back, by byte-level byte-pair encoding.

A text is bytes, and the most frequent pairs of neighbouring pieces become pieces themselves, so
every text can be encoded, and decoding restores it. Id 0 is padding and never in a text's ids; 1 to
256 are the bytes, and each merge of two pieces adds one id.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from charrnn.data.spans import Span, locate_spaced_words
from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

Merge = tuple[str, str]

_PADDING = 1  # number of ids before the tokenizer's own
_BYTES = 256
_PAIR = 2
_RARE = 2  # a pair that occurs once is not worth an id
_AT_ONCE = 1000  # texts; the tokenizer's results take 100 times the memory of their ids
_SHORTEST_WORD = 3  # letters; shorter pieces are mostly fragments


class Subwords:
    """The vocabulary of a classifier that reads subwords; its length includes padding.

    Args:
        merges: pairs of pieces, each made of bytes or of earlier pairs, in byte-level characters.

    Raises:
        ValueError: a merge uses a piece that no earlier merge made.
    """

    def __init__(self, merges: Sequence[Merge]) -> None:
        from tokenizers.models import BPE

        self.merges = list(merges)
        self._pieces = _number_pieces(self.merges)
        self._tokenizer = _build_tokenizer(BPE(self._pieces, self.merges))

    @classmethod
    def learn(cls, texts: Iterable[str], size: int) -> "Subwords":
        """Learn `size` - 257 merges from the texts, fewer if the texts have fewer frequent pairs.

        Args:
            texts: to learn from.
            size: the vocabulary's length, padding and the 256 bytes included.

        Raises:
            ReviewsError: the size is below 257.
        """
        from tokenizers.models import BPE
        from tokenizers.pre_tokenizers import ByteLevel
        from tokenizers.trainers import BpeTrainer

        if size < _PADDING + _BYTES:
            raise ReviewsError(f"subwords need at least {_PADDING + _BYTES} ids, not {size}")
        tokenizer = _build_tokenizer(BPE())
        trainer = BpeTrainer(
            vocab_size=size - _PADDING,
            min_frequency=_RARE,
            initial_alphabet=ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(map(_clean, texts), trainer)
        return cls([(a, b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"]])

    @classmethod
    def from_values(cls, values: object) -> "Subwords":
        """The vocabulary that `to_values` gave.

        Raises:
            ValueError: the values are not a list of merges.
        """
        if not isinstance(values, list) or not all(map(_is_merge, values)):
            raise ValueError("the subwords are not a list of pairs")
        return cls([(first, second) for first, second in values])

    def to_values(self) -> list[list[str]]:
        """The merges in the order of their ids, each a list of two pieces."""
        return [list(merge) for merge in self.merges]

    def __len__(self) -> int:
        return _PADDING + len(self._pieces)

    @property
    def word_ids(self) -> Mapping[str, int]:
        """Empty: pieces mean something only together."""
        return MappingProxyType({})

    def frequent_words(self, count: int) -> list[str]:
        """The most frequent pieces that begin words, at most `count`, without the space before.

        They have at least three letters, and come in the order in which they were learned, which
        is nearly the order of their frequency.
        """
        pieces = (self.decode([number]) for number in range(1, len(self)))
        words = (piece[1:] for piece in pieces if piece[:1] == " " and piece[1:].isalpha())
        return [word for word in words if len(word) >= _SHORTEST_WORD][:count]

    def encode(self, text: str) -> Ids:
        """The ids of a text, shape (T,); a lone surrogate, which has no bytes, counts as ?."""
        return np.array(self._tokenizer.encode(_clean(text)).ids, np.int32) + _PADDING

    def encode_batch(self, texts: Iterable[str]) -> list[Ids]:
        """The ids of each text, as from `encode`, on all cores."""
        clean = list(map(_clean, texts))
        return [
            np.array(encoding.ids, np.int32) + _PADDING
            for start in range(0, len(clean), _AT_ONCE)
            for encoding in self._tokenizer.encode_batch_fast(clean[start : start + _AT_ONCE])
        ]

    def encode_word(self, word: str) -> Ids:
        """The ids of a review of this word alone, after a space like most words, shape (T,)."""
        return self.encode(" " + word)

    def count_tokens(self, text: str) -> tuple[int, int]:
        """How many subwords a text has, and 0: subwords can spell every text."""
        return len(self.encode(text)), 0

    def locate_words(self, text: str) -> tuple[Ids, list[Span]]:
        """The ids of a text, as from `encode`, and where the words between white space are.

        A word has the ids of the white space before it too.
        """
        return locate_spaced_words(text, self.encode)

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text of the ids; padding is left out, and bytes that are not UTF-8 become �."""
        numbers = np.asarray(ids, np.int64)
        return self._tokenizer.decode((numbers[numbers > 0] - _PADDING).tolist())


def _build_tokenizer(model: "BPE") -> "Tokenizer":
    """A tokenizer of bytes, with no special tokens that a text might spell."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _number_pieces(merges: Iterable[Merge]) -> dict[str, int]:
    """Each piece's number in the tokenizer, bytes first; two merges may make the same piece."""
    from tokenizers.pre_tokenizers import ByteLevel

    pieces = {byte: number for number, byte in enumerate(sorted(ByteLevel.alphabet()))}
    for first, second in merges:
        if first not in pieces or second not in pieces:
            raise ValueError("a subword is made of pieces that do not exist")
        pieces.setdefault(first + second, len(pieces))
    return pieces


def _is_merge(item: object) -> bool:
    return isinstance(item, list) and len(item) == _PAIR and all(isinstance(s, str) for s in item)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
