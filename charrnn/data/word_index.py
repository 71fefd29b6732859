"""A file like Keras's imdb_word_index.json: words and their ranks by frequency."""

from pathlib import Path

from charrnn.data.json_files import read_json
from charrnn.errors import ReviewsError

_MOST = 2**24  # bytes, ten times what Keras's has
_MOST_VALUES = 2**22  # words and ranks, more than so many bytes have


def read_index(path: Path) -> list[str]:
    """The words of an index, the most frequent first.

    Raises:
        ReviewsError: the file is missing, too large, or not one object of words and their ranks,
            from 1 to their number.
    """
    try:
        ranks = read_json(path, _MOST, _MOST_VALUES)
    except OSError as error:
        raise ReviewsError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ReviewsError(
            f"{path} is no usable JSON ({error}): give a file like Keras's imdb_word_index.json"
        ) from error
    if not isinstance(ranks, dict) or not _is_ranking(list(ranks.values())) or "" in ranks:
        raise ReviewsError(
            f"{path} is no word index: it must be one JSON object of words and their ranks, from 1 "
            "to their number, each once"
        )
    return sorted(ranks, key=ranks.__getitem__)


def _is_ranking(ranks: list[object]) -> bool:
    integers = all(type(rank) is int for rank in ranks)
    return integers and bool(ranks) and set(ranks) == set(range(1, len(ranks) + 1))
