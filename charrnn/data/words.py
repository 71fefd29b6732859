"""A review's words to ids and back, numbered the way Keras numbers its IMDB reviews.

Id 0 is padding, 1 a review's start, 2 a word outside the vocabulary; 3 is never used. The word of
rank r, 1 for the most frequent, has id r + 3.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from charrnn.data.spans import Span, locate_split_words
from charrnn.data.vocabulary import Ids
from charrnn.data.word_index import read_index
from charrnn.errors import ReviewsError

PADDING = 0
START = 1
UNKNOWN = 2
OFFSET = 3
_FIRST = OFFSET + 1  # id of the most frequent word

_FILTERED = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_IN_WORDS = "\x85\xa0"  # white space to Unicode, letters of 556 words to Keras's word index
_SPACES = {c for c in map(chr, range(0x3001)) if c.isspace()} - set(_IN_WORDS)
_TO_SPACE = dict.fromkeys(map(ord, (*_FILTERED, *_SPACES)), " ")


def split_words(text: str) -> list[str]:
    """The words of a text, split like Keras 2: lower-case, no punctuation except apostrophes.

    All other white space separates words as well. `<br />` becomes the word br, as in Keras's
    reviews.
    """
    return [word for word in text.lower().translate(_TO_SPACE).split(" ") if word]


def convert_ranks(ranks: Ids, max_words: int) -> Ids:
    """The ids of a review's word ranks, as `keras.datasets.imdb.load_data(num_words=max_words)`.

    Args:
        ranks: shape (T,).
        max_words: this id and all above it become the unknown word's.

    Returns:
        The start's id and one for each word, shape (T + 1,).
    """
    ids = np.empty(len(ranks) + 1, np.int32)
    ids[0] = START
    ids[1:] = np.where(ranks < max_words - OFFSET, ranks + np.int32(OFFSET), UNKNOWN)
    return ids


class Words:
    """The vocabulary of a classifier that reads words; its length includes the ids below 4.

    Args:
        words: in the order of their ids from 4 on, each once.

    Raises:
        ReviewsError: there are no words, or a word is empty, occurs twice or has half a character.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._ids = {word: _FIRST + place for place, word in enumerate(self.words)}
        if not self._ids or "" in self._ids or len(self._ids) != len(self.words):
            raise ReviewsError("a vocabulary must hold words, each once and none empty")
        _require_whole(self.words)

    @classmethod
    def from_index(cls, path: Path, max_words: int) -> "Words":
        """The words of ids below `max_words` in a file like Keras's imdb_word_index.json.

        Raises:
            ReviewsError: the file is missing, or not an object of words and their ranks from 1 to
                their number; or `max_words` leaves no word.
        """
        words = read_index(path)[: _count_words(max_words)]
        try:
            return cls(words)
        except ReviewsError as error:
            raise ReviewsError(f"{path} can't be used: {error}") from error

    @classmethod
    def from_texts(cls, texts: Iterable[str], max_words: int) -> "Words":
        """The most frequent words of the texts, as many as have ids below `max_words`.

        Of equally frequent words the one that appears first comes first, as in Keras 2's Tokenizer.

        Raises:
            ReviewsError: the texts have no word, or `max_words` leaves none.
        """
        counts = Counter(word for text in texts for word in split_words(text))
        if not counts:
            raise ReviewsError("the reviews contain no word: give reviews with letters or digits")
        return cls([word for word, _ in counts.most_common(_count_words(max_words))])

    @classmethod
    def from_values(cls, values: object) -> "Words":
        """The vocabulary that `to_values` gave.

        Raises:
            ValueError: the values are not a list of distinct words.
        """
        if not isinstance(values, list) or not all(isinstance(word, str) for word in values):
            raise ValueError("the vocabulary is not a list of words")
        try:
            return cls(values)
        except ReviewsError as error:
            raise ValueError(str(error)) from error

    def to_values(self) -> list[str]:
        """The words in the order of their ids from 4 on."""
        return list(self.words)

    def __len__(self) -> int:
        return _FIRST + len(self.words)

    @property
    def word_ids(self) -> Mapping[str, int]:
        """The id of each word, from 4 on."""
        return MappingProxyType(self._ids)

    def frequent_words(self, count: int) -> list[str]:
        """The most frequent words, at most `count`, the most frequent first."""
        return self.words[:count]

    def encode(self, text: str) -> Ids:
        """The start's id and one for each word, shape (T + 1,)."""
        ids = self._ids
        return np.array([START, *(ids.get(word, UNKNOWN) for word in split_words(text))], np.int32)

    def encode_batch(self, texts: Iterable[str]) -> list[Ids]:
        """The ids of each text, as from `encode`."""
        return [self.encode(text) for text in texts]

    def encode_word(self, word: str) -> Ids:
        """The ids of a review of this word alone, shape (2,)."""
        return self.encode(word)

    def count_tokens(self, text: str) -> tuple[int, int]:
        """How many words a text has, and how many of them the vocabulary lacks."""
        ids = self.encode(text)
        return len(ids) - 1, int(np.count_nonzero(ids == UNKNOWN))  # without the start

    def locate_words(self, text: str) -> tuple[Ids, list[Span]]:
        """The ids of a text, as from `encode`, and where the words of `split_words` are."""
        return self.encode(text), locate_split_words(text, split_words)

    def decode(self, ids: Iterable[int] | Ids) -> str:
        """The words of the ids between spaces: ? for an unknown one, nothing for start and padding.

        Punctuation and capitals, which encoding drops, are lost.
        """
        numbers = np.asarray(ids, np.int64).tolist()
        return " ".join(
            self._decode(number) for number in numbers if number not in {PADDING, START}
        )

    def _decode(self, number: int) -> str:
        place = number - _FIRST
        return self.words[place] if 0 <= place < len(self.words) else "?"


def _count_words(max_words: int) -> int:
    """How many words have an id below `max_words`."""
    if max_words <= _FIRST:
        raise ReviewsError(
            f"`max_words` must be above {_FIRST}, because the ids up to 3 stand for no words: give "
            "a larger one"
        )
    return max_words - _FIRST


def _require_whole(words: Iterable[str]) -> None:
    """Reject halves of characters, which no file can hold."""
    try:
        "".join(words).encode()
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise ReviewsError(
            f"a word has half a character, U+{code:04X}: give whole characters"
        ) from error
