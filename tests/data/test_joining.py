"""Texts that are joined as they are read, against str.join."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.joining import EmptyTextError, Joiner
from charrnn.data.reading import Reading
from charrnn.data.stores import FileStore, MemoryStore, Store
from charrnn.errors import CorpusError

LONG = "a long text\n" * 10_000  # of two blocks


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Memory, or a file behind its first 100 bytes."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with (tmp_path / "ids").open("w+b") as file:
        file.write(b"x" * 100)
        yield FileStore(file, 100, "ids")
        file.seek(0)
        assert file.read(100) == b"x" * 100


def add(joiner: Joiner, content: bytes, encoding: str = "utf-8") -> str:
    return joiner.add(io.BytesIO(content), "a.txt", "a.txt", encoding)


@settings(max_examples=30)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\ufeff\0"), min_size=1), min_size=1
    ),
    st.text(st.characters(codec="utf-8"), max_size=3),
)
def test_texts_are_joined_in_their_order(texts: list[str], separator: str) -> None:
    """The whole is what `str.join` makes, with its hash; each text's own hash is of it alone."""
    store = MemoryStore()
    joiner = Joiner(Reading(separator=separator), store)
    try:
        digests = [add(joiner, b"\xef\xbb\xbf" + text.encode()) for text in texts]
    except CorpusError:  # it begins like an image, say
        return
    gathered, sha256 = joiner.finish()
    text = gathered.make_text(store)
    assert digests == [digest(text) for text in texts]
    assert str(text) == separator.join(texts)
    assert sha256 == digest(separator.join(texts))


@pytest.mark.parametrize(
    "content",
    [b"", b"\xef\xbb\xbf", b"\xff", LONG.encode() + b"new: \xc3\xa9, \xff\n", b"\x1f\x8b damaged"],
    ids=["empty", "BOM", "wrong", "wrong at the end", "damaged"],
)
def test_a_text_that_cannot_be_read_leaves_no_trace(store: Store, content: bytes) -> None:
    """What is read after it follows what was read before, and its characters are not known."""
    joiner = Joiner(Reading(separator="|"), store)
    add(joiner, b"before")
    with pytest.raises(CorpusError) as failure:
        add(joiner, content)
    assert isinstance(failure.value, EmptyTextError) == (content in {b"", b"\xef\xbb\xbf"})
    add(joiner, "né".encode("latin-1"), "latin-1")
    gathered, sha256 = joiner.finish()
    text = gathered.make_text(store)
    assert str(text) == "before|né"
    assert text.counts.tolist() == [str(text).count(one) for one in text.vocabulary.characters]
    assert text.vocabulary.characters == "".join(sorted(set("before|né")))
    assert sha256 == digest("before|né")


def test_hundreds_of_characters_may_be_forgotten(store: Store) -> None:
    """A text whose ids need two bytes each, and that can't be read to its end, is left out."""
    joiner = Joiner(Reading(separator=""), store)
    add(joiner, b"before")
    with pytest.raises(CorpusError):
        add(joiner, "".join(map(chr, range(0x100, 0x500))).encode() + LONG.encode() + b"\xff\n")
    add(joiner, b", after")
    text = joiner.finish()[0].make_text(store)
    assert str(text) == "before, after"
