"""The lines of a text in any encoding, against Python's own decoding of the whole."""

from collections.abc import Callable, Iterable
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.formats import recognize_format
from charrnn.data.lines import decode_lines
from charrnn.errors import ReviewsError
from tests.support.messages import catch_message

ENCODINGS = {
    "utf-8": "añ水\x85\u2028",
    "utf-8-sig": "añ水",
    "utf-16": "añ水Ċ",  # whose last has a line feed's byte in it
    "utf-16-be": "añ水Ċ",
    "utf-32-le": "añ😀",
    "cp1252": "añ”",
    "cp037": "añ¬",  # a line feed is another byte there
    "shift_jis": "a水ア",
    "gb18030": "añ水😀",
    "iso2022_jp": "a水あ",
}
NAMES = "reviews.txt", "line {} of reviews.txt".format


def make_read(blocks: Iterable[bytes]) -> Callable[[int], bytes]:
    """What gives a text in these blocks."""
    given = iter(blocks)
    return lambda _: next(given, b"")


def decode(blocks: Iterable[bytes], encoding: str, longest: int | None = None) -> list[list[str]]:
    return list(decode_lines(make_read(blocks), *NAMES, ReviewsError, encoding, longest))


def cut(content: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut bytes into blocks, none of them empty."""
    borders = [0, *sorted({place % (len(content) or 1) for place in places} - {0}), len(content)]
    return [content[one:other] for one, other in pairwise(borders)]


@settings(deadline=None)
@given(st.data(), st.sampled_from(list(ENCODINGS)), st.lists(st.integers(0, 10**6), max_size=9))
def test_lines_are_those_of_the_whole(
    data: st.DataObject, encoding: str, places: list[int]
) -> None:
    """Wherever a block ends, within a character too, the lines are the same."""
    text = data.draw(st.text(st.sampled_from(ENCODINGS[encoding] + "\r\n"), max_size=40))
    content = text.encode(encoding)
    if recognize_format(content[:1000]) or (b"\0" in content and "16" not in encoding):
        return
    expected = text.split("\n")
    found = [line for lines in decode(cut(content, places), encoding) for line in lines]
    assert found == (expected if expected[-1] else expected[:-1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_lines_come_when_they_have_ended(encoding: str) -> None:
    """Not later: what has arrived is given before more is asked for."""
    pieces = ["a\nb", "水\n", "c", "d\ne\n", "f"]
    content = "".join(pieces).encode(encoding)
    ends = [len("".join(pieces[:count]).encode(encoding)) for count in range(1, 5)]
    assert decode(cut(content, ends), encoding) == [["a"], ["b水"], ["cd", "e"], ["f"]]


@pytest.mark.parametrize(
    ("content", "encoding", "before", "message"),
    [
        (b"one\ntwo\nna\xefve\n", "utf-8", ["one", "two"], "line 3 of reviews.txt is not UTF-8"),
        (b"na\xefve", "utf-8", [], "line 1 of reviews.txt is not UTF-8 text (byte 2 is 0xef)"),
        (b"a\n\xef\n", "utf-8", ["a"], "line 2 of reviews.txt is not UTF-8 text (byte 0 is 0xef)"),
        (
            b"a\nb\x81\n",
            "cp1252",
            ["a"],
            "line 2 of reviews.txt is not CP1252 text (byte 1 ",
        ),
        (
            "a\nbc".encode("utf-16-le") + b"\x00\xdc\n\0",
            "utf-16-le",
            ["a"],
            "line 2 of reviews.txt is not UTF-16-LE text (byte 4 is 0x00)",
        ),
        (
            "ab水\n".encode("shift_jis") + b"\xfd\n",  # whose third byte can be a block's last
            "shift_jis",
            ["ab水"],
            "line 2 of reviews.txt is not SHIFT_JIS text (byte 0 is 0xfd)",
        ),
        ("水\n水".encode()[:-1], "utf-8", ["水"], "reviews.txt ends within a character (byte 4 "),
        (b"%PDF-1.4\nx", "utf-8", [], "reviews.txt is a PDF document"),
        (
            "a\nb".encode("utf-16"),
            "utf-8",
            [],
            "reviews.txt is UTF-16 text, not UTF-8: give ",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_before_an_error_are_given(
    content: bytes, encoding: str, before: list[str], message: str, size: int
) -> None:
    """The error names the line, and which of its bytes is wrong, wherever a block ends."""
    if message.startswith("reviews.txt is"):
        size = len(content)  # it takes a beginning to recognize a format
    blocks = cut(content, range(0, len(content), size))
    lines = decode_lines(make_read(blocks), *NAMES, ReviewsError, encoding)
    found: list[str] = []
    said = catch_message(ReviewsError, lambda: found.extend(chain.from_iterable(lines)))
    assert found == before
    assert said.startswith(message)
    assert "iconv" not in said


def test_a_line_without_end_is_not_kept() -> None:
    """With a limit it is given in pieces, long before all of it has arrived."""
    asked = 0

    def read(_: int) -> bytes:
        nonlocal asked
        asked += 1
        return b"a" * 60

    first = next(decode_lines(read, *NAMES, ReviewsError, longest=100))
    assert first == ["a" * 120]
    assert asked == 2


def test_a_mark_is_no_part_of_the_text() -> None:
    """A byte order mark is left out at the start, in any block, and kept anywhere else."""
    content = "\ufeffa\n\ufeffb".encode()
    for places in ([], [1], [2], [3], [4, 6]):
        found = [line for lines in decode(cut(content, places), "utf-8") for line in lines]
        assert found == ["a", "\ufeffb"]


def test_a_long_line_takes_as_long_as_it_is_long() -> None:
    """A line of many blocks is joined once."""
    ((line,),) = decode([b"x" * 1000] * 20_000, "utf-8")
    assert len(line) == 20_000_000
