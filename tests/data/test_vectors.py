"""Word vectors in the text formats of GloVe and word2vec, against plain Python."""

import struct
from pathlib import Path

import numpy as np
import pytest

from charrnn.data.vectors import Vectors, read_vectors
from charrnn.errors import ReviewsError

FILE = Path("vectors.txt")
LINES = ["the 0.5 -1 2e-3", "film 1 2 3", "don't 0.1 0.2 0.3", "été -0.25 0 1"]
EXPECTED = {
    "the": [0.5, -1.0, 0.002],
    "film": [1.0, 2.0, 3.0],
    "don't": [0.1, 0.2, 0.3],
    "été": [-0.25, 0.0, 1.0],
}


def read(*lines: str, wanted: set[str] | None = None, end: str = "\n") -> Vectors:
    FILE.write_bytes("".join(line + end for line in lines).encode())
    return read_vectors(FILE, frozenset(EXPECTED if wanted is None else wanted))


def failure_of(*lines: str) -> str:
    with pytest.raises(ReviewsError) as failure:
        read(*lines)
    message = str(failure.value)
    assert message.startswith(str(FILE))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("head", [[], ["4 3"]], ids=["GloVe", "word2vec"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"], ids=["LF", "CRLF", "space"])
def test_both_formats_are_read(head: list[str], end: str) -> None:
    """Both formats are read, with any line end."""
    found = read(*head, *LINES, end=end)
    assert list(found) == list(EXPECTED)
    for word, numbers in EXPECTED.items():
        assert found[word].dtype == np.float32
        assert found[word].tolist() == pytest.approx(numbers)


def test_only_wanted_words_are_kept() -> None:
    """Other words' vectors are skipped; a wanted word without one is no error."""
    found = read(*LINES, "odd 1 x 2", wanted={"film", "absent"})
    assert list(found) == ["film"]


def test_the_first_of_two_vectors_counts() -> None:
    """A word that occurs twice has its first vector."""
    found = read(*LINES, "film 7 8 9")
    assert found["film"].tolist() == [1, 2, 3]


def test_words_may_have_spaces() -> None:
    """The last numbers of a line are the vector: some of GloVe's words have spaces."""
    odd = [". . . 7 8 9", "at name@domain.com 7 8 9", "the name@domain.com 7 8 9"]
    for lines in ([*odd, *LINES], [*LINES, *odd]):
        found = read(*lines)
        assert found.keys() == EXPECTED.keys()
        assert found["the"].tolist() == pytest.approx(EXPECTED["the"])


@pytest.mark.parametrize("line", ["good 1", "2 x", "-2 1", "2.0 1"])
def test_a_head_is_two_counts(line: str) -> None:
    """A first line of a word and one number is a vector, not a head that is skipped."""
    word = line.split(maxsplit=1)[0]
    if line == "2 x":
        assert "line 1, is no word vector" in failure_of(line, "the 1")
    else:
        assert read(line, "the 1", wanted={word, "the"}).keys() == {word, "the"}


def test_a_number_can_be_a_word() -> None:
    """Only the first line can be a head; later, a word and one number are a vector."""
    found = read("2 1", "the 1", "film 2", wanted={"the", "film"})
    assert {word: vector.tolist() for word, vector in found.items()} == {"the": [1], "film": [2]}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["the 1 2", "film 1 x"],
            "line 2, is no word vector: a word must be followed by finite numbers",
        ),
        (["the 1 nan"], "line 1, is no word vector: a word must be followed by finite numbers"),
        (["the 1 1e999"], "line 1, is no word vector: a word must be followed by finite numbers"),
        (["the 1  2"], "line 1, is no word vector: a word must be followed by finite numbers"),
        (["the 1 2", "film 1 2 3"], "vectors of different lengths, 2 and in line 2 3"),
        (["the 1 2", "film 1"], "vectors of different lengths, 2 and in line 2 1"),
        (["film nan 1"], "line 1, is no word vector: a word must be followed by finite numbers"),
        (["the x y"], "line 1, is no word vector: a word must be followed by finite numbers"),
        (["the" + " 1" * 4097], "vectors of over 4,096 numbers: give shorter ones"),
        (["the 1 2", "film"], "line 2, is no word vector: give a text file of GloVe"),
        (["the 1 2", ""], "line 2, is no word vector: give a text file of GloVe"),
        (["other 1 2"], "a vector for none of the reviews' words"),
        ([], "a vector for none of the reviews' words"),
    ],
    ids=str,
)
def test_other_lines_are_rejected(lines: list[str], expected: str) -> None:
    """The error names the line that is no vector, or says what the file lacks."""
    assert expected in failure_of(*lines)


def test_a_binary_file_is_rejected() -> None:
    """word2vec's binary format and files without line ends are rejected."""
    content = b"2 50\nthe " + struct.pack("<50f", *[0.1] * 50) + b"\nfilm\n"
    for binary in (content, b"\x00\x01" * 2**20, b"the " + b"1 " * 2**19):
        FILE.write_bytes(binary)
        with pytest.raises(ReviewsError, match="no word vector"):
            read_vectors(FILE, frozenset({"the"}))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["missing.txt", ".", "/dev/zero"])
def test_an_unreadable_file_is_rejected(name: str) -> None:
    """The error names a missing file, a folder, or a device, which has no end."""
    with pytest.raises(ReviewsError, match=r"^can't read "):
        read_vectors(Path(name), frozenset({"the"}))
