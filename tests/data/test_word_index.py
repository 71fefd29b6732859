"""A word index: every word with its rank, or an error that names the file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from charrnn.data.word_index import read_index
from charrnn.errors import ReviewsError
from tests.support.messages import catch_message

INDEX = Path("index.json")


def refuse(content: str) -> str:
    INDEX.write_text(content, encoding="utf-8")
    return catch_message(ReviewsError, lambda: read_index(INDEX))


def test_words_come_by_rank() -> None:
    """The words are listed by their ranks, whatever their order in the file."""
    INDEX.write_text('{"film": 3, "the": 1, "\\u00e9t\\u00e9": 2}')
    assert read_index(INDEX) == ["the", "été", "film"]


@pytest.mark.parametrize(
    "content",
    [
        [],
        ["the"],
        {},
        None,
        {"the": "1"},
        {"the": 1.0},
        {"the": True},
        {"the": [1]},
        {"the": 0},
        {"the": -1},
        {"the": 1, "and": 1},
        {"the": 1, "and": 3},
        {"": 1},
    ],
    ids=str,
)
def test_other_content_is_refused(content: Any) -> None:
    """Anything but each rank from 1 on once is refused: ids would be wrong."""
    assert refuse(json.dumps(content)).startswith("index.json is no word index: it must be")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[" * 100_000, "lists in lists in lists"),
        ('{"a": 1e999}', "a number is 1e999"),
        ('{"a": 1' + "0" * 5_000 + "}", "a number is 1000000000"),
        ("[" + "1," * 2**22 + "1]", "over 4,194,304 values"),
    ],
    ids=["empty", "nest", "infinity", "huge", "many"],
)
def test_unusable_json_is_refused(content: str, reason: str) -> None:
    """For a file of another kind, or a hostile one, the error says why, and what is expected."""
    assert refuse(content) == (
        f"index.json is no usable JSON ({reason}): give a file like Keras's imdb_word_index.json"
    )


@pytest.mark.slow
def test_as_many_words_as_the_bytes_have_are_read() -> None:
    """An index of 16 MB is read, however short its words are."""
    words = [f"{number:x}" for number in range(1, 1_100_001)]
    ranks = {word: rank for rank, word in enumerate(words, 1)}
    INDEX.write_text(json.dumps(ranks, separators=(",", ":")), encoding="utf-8")
    assert INDEX.stat().st_size > 16_000_000
    assert read_index(INDEX) == words


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_only_a_small_file_is_read() -> None:
    """A pipe, a missing file, and one of over 16 MiB are refused before they are read."""
    assert catch_message(ReviewsError, lambda: read_index(INDEX)) == (
        "can't read index.json: No such file or directory"
    )
    with INDEX.open("wb") as file:
        file.truncate(2**34)
    assert "it has over 16,777,216 bytes" in catch_message(ReviewsError, lambda: read_index(INDEX))
    os.mkfifo("pipe")
    message = catch_message(ReviewsError, lambda: read_index(Path("pipe")))
    assert message == "can't read pipe: it is no regular file"
