"""Texts to the ids of frequent pieces of words and back, by byte-level byte-pair encoding.

A text is bytes, and the pairs of pieces that are next to each other most often become pieces
themselves, so every text has ids and comes back whole. Id 0 is padding and never in a text's ids;
1 to 256 are the bytes, and each merge of two pieces has one id more.
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

Merge = tuple[str, str]

_PADDING = 1  # number of ids before the tokenizer's own
_BYTES = 256
_PAIR = 2
_RARE = 2  # a pair that is there once is not worth an id
_AT_ONCE = 1000  # texts; the tokenizer's answers take 100 times the memory of their ids


class Subwords:
    """The vocabulary of a classifier that reads subwords; its length counts padding too.

    Args:
        merges: pairs of pieces, each made of bytes or of earlier pairs, in byte-level characters.

    Raises:
        ValueError: a merge is of a piece that is not there yet.
    """

    def __init__(self, merges: Sequence[Merge]) -> None:
        from tokenizers.models import BPE

        self.merges = list(merges)
        self._pieces = _pieces(self.merges)
        self._tokenizer = _tokenizer(BPE(self._pieces, self.merges))

    @classmethod
    def learn(cls, texts: Iterable[str], size: int) -> "Subwords":
        """The `size` - 257 most useful merges in the texts, fewer where the texts have fewer.

        Args:
            texts: what to learn from.
            size: the vocabulary's length, padding and the 256 bytes included.

        Raises:
            ReviewsError: the size is below 257.
        """
        from tokenizers.models import BPE
        from tokenizers.pre_tokenizers import ByteLevel
        from tokenizers.trainers import BpeTrainer

        if size < _PADDING + _BYTES:
            raise ReviewsError(f"subwords need at least {_PADDING + _BYTES} ids, not {size}")
        tokenizer = _tokenizer(BPE())
        trainer = BpeTrainer(
            vocab_size=size - _PADDING,
            min_frequency=_RARE,
            initial_alphabet=ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(map(_clean, texts), trainer)
        return cls([(a, b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"]])

    @classmethod
    def from_json(cls, content: str) -> "Subwords":
        """The vocabulary that `to_json` wrote.

        Raises:
            ValueError: the content is not a list of merges in JSON.
        """
        try:
            merges = json.loads(content)
        except (ValueError, RecursionError):
            raise ValueError("the subwords are not JSON") from None
        if not isinstance(merges, list) or not all(map(_is_merge, merges)):
            raise ValueError("the subwords are not a list of pairs")
        return cls([(first, second) for first, second in merges])

    def to_json(self) -> str:
        """The merges in the order of their making, as a JSON list of pairs."""
        return json.dumps(self.merges, ensure_ascii=False)

    def __len__(self) -> int:
        return _PADDING + len(self._pieces)

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

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The text of the ids; padding is left out, and bytes that are no UTF-8 become �."""
        numbers = np.asarray(ids, np.int64)
        return self._tokenizer.decode((numbers[numbers > 0] - _PADDING).tolist())


def _tokenizer(model: "BPE") -> "Tokenizer":
    """A model between text and bytes, with no special tokens that a text might spell."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers

    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _pieces(merges: Iterable[Merge]) -> dict[str, int]:
    """Piece to its number in the tokenizer, the bytes first; two merges may make the same piece."""
    from tokenizers.pre_tokenizers import ByteLevel

    pieces = {byte: number for number, byte in enumerate(sorted(ByteLevel.alphabet()))}
    for first, second in merges:
        if first not in pieces or second not in pieces:
            raise ValueError("a subword is made of pieces that are not there")
        pieces.setdefault(first + second, len(pieces))
    return pieces


def _is_merge(item: object) -> bool:
    return isinstance(item, list) and len(item) == _PAIR and all(isinstance(s, str) for s in item)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
