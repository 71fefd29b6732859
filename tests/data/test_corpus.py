"""Corpora by name, by path, from standard input and from strings, against plain Python."""

import codecs
import gzip
import hashlib
import io
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backports import zstd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.data import corpus
from charrnn.data.corpus import SHAKESPEARE, Corpus, load_corpus, make_corpus, split_text
from charrnn.data.download import Remote
from charrnn.data.formats import recognize_format
from charrnn.data.reading import make_reading
from charrnn.data.sources import Source
from charrnn.errors import CorpusError, UsageError

BOM = b"\xef\xbb\xbf"
NOWHERE = "http://127.0.0.1:9/no-such-host"


def load(source: str, data_dir: Path = Path("data"), stdin: bytes = b"", **how: Any) -> Corpus:
    return load_corpus([source], data_dir, io.BytesIO(stdin), reading=make_reading(**how))


def get_name(corpus: Corpus) -> str:
    (source,) = corpus.sources
    assert source.sha256 == corpus.sha256
    return source.name


def load_bytes(content: bytes) -> Corpus:
    Path("my text.txt").write_bytes(content)
    return load("my text.txt")


def failure_of(source: str, stdin: bytes = b"") -> str:
    with pytest.raises(CorpusError) as failure:
        load(source, stdin=stdin)
    message = str(failure.value)
    assert "\n" not in message
    return message


def test_text_file_has_its_stem_and_absolute_path(tmp_path: Path) -> None:
    """A file's stem is the corpus's name, and its absolute path the source, for resuming."""
    read = load_bytes(b"once upon a time")
    assert str(read.text) == "once upon a time"
    assert read.name == "my text"
    assert get_name(read) == str(tmp_path / "my text.txt")


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.binary(max_size=40).filter(
        lambda content: (
            content[:3] != BOM and b"\0" not in content and not recognize_format(content)
        )
    ),
    st.booleans(),
)
def test_text_is_as_python_decodes_it(content: bytes, bom: bool) -> None:
    """Every UTF-8 text is read unchanged, and everything else is rejected."""
    given = (BOM if bom else b"") + content
    try:
        expected = content.decode("utf-8")
    except UnicodeDecodeError:
        expected = ""
    if expected:
        assert str(load_bytes(given).text) == expected
    else:
        with pytest.raises(CorpusError):
            load_bytes(given)


def test_line_ends_are_kept() -> None:
    """CR LF, lone CR and other separators are kept."""
    text = "one\r\ntwo\rthree\n\x85\u2028four\x00"
    assert str(load_bytes(text.encode()).text) == text


def test_byte_order_mark_is_no_character_of_the_text() -> None:
    """A BOM is dropped at the start, and kept within; the hash is of the text."""
    content = BOM + "a\ufeffb".encode()
    read = load_bytes(content)
    assert str(read.text) == "a\ufeffb"
    assert read.sha256 == hashlib.sha256(content.removeprefix(BOM)).hexdigest()


def test_chinese_text_of_5000_characters_is_read() -> None:
    """A text with 5,000 distinct characters is read."""
    text = "".join(chr(0x4E00 + place * 7 % 5000) for place in range(20_000))
    read = load_bytes(text.encode())
    assert str(read.text) == text
    assert len(read.text.vocabulary) == 5000


def test_standard_input_is_read() -> None:
    """A dash reads standard input, and is the corpus's source."""
    text = "piped in\r\n"
    read = load("-", stdin=text.encode())
    assert (str(read.text), get_name(read), read.name) == (text, "-", "stdin")
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "gb18030", "shift_jis", "koi8-r"])
def test_other_encodings_are_read_by_name(encoding: str) -> None:
    """A file in another encoding is rejected until that is named; the hash is of the text."""
    text = {"utf-16": "naïve", "latin-1": "naïve", "koi8-r": "пора"}.get(encoding, "日本語") * 50
    content = text.encode(encoding)
    Path("old.txt").write_bytes(content)
    assert "old.txt is " in failure_of("old.txt")
    read = load("old.txt", encoding=encoding)
    assert str(read.text) == text
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert codecs.lookup(read.reading.encoding) == codecs.lookup(encoding)
    assert load("-", stdin=content, encoding=encoding).text


def test_unknown_encoding_is_rejected_before_reading() -> None:
    """A misspelled encoding is an error of usage, also if there is no such file."""
    with pytest.raises(UsageError, match="`encoding` can't be 'utf-9'"):
        load("missing.txt", encoding="utf-9")


def test_named_corpus_has_its_own_encoding() -> None:
    """An encoding is for files and standard input alone."""
    with pytest.raises(UsageError, match="`encoding` is for text files: leave it out for pydoc"):
        load("pydoc", encoding="cp1252")
    for name in ("utf-8", "UTF-8", "utf8"):
        read = load("pydoc", encoding=name)
        assert read.reading.encoding == "utf-8"


def test_text_of_many_blocks_is_read_whole() -> None:
    """Characters that lie across the border of two blocks are read as everywhere."""
    text = "a" + "é€😀" * 50_000
    assert str(load_bytes(text.encode()).text) == text
    for encoding in ("utf-16", "gb18030"):
        Path("wide.txt").write_bytes(text.encode(encoding))
        read = load("wide.txt", encoding=encoding)
        assert str(read.text) == text


@pytest.mark.parametrize("start", [b"", BOM])
def test_offending_byte_is_named(start: bytes) -> None:
    """The message names the first byte of the file that is not UTF-8."""
    Path("bad.txt").write_bytes(start + b"abcdefghij\xe9 and so on")
    message = failure_of("bad.txt")
    assert f"byte {len(start) + 10} is 0xe9" in message


def test_standard_input_that_is_not_utf8_is_called_so() -> None:
    """The message names standard input instead of a file."""
    assert "standard input is not UTF-8" in failure_of("-", stdin=b"a\xffb")


@pytest.mark.parametrize("content", [b"", BOM])
def test_empty_text_is_rejected(content: bytes) -> None:
    """A source without a character, with or without a BOM, is rejected as empty."""
    Path("empty.txt").write_bytes(content)
    assert "empty.txt is empty" in failure_of("empty.txt")
    assert "standard input is empty" in failure_of("-", stdin=content)


def test_unknown_name_is_rejected_with_all_valid_ones() -> None:
    """For a misspelled name the error lists every valid one."""
    message = failure_of("shakespear")
    assert "shakespear" in message
    for valid in ("shakespeare", "pydoc", "-"):
        assert f" {valid}" in message


def test_unreadable_file_is_rejected() -> None:
    """For a path that can't be opened the error gives the reason in one line."""
    Path("file").write_text("text")
    assert "can't read file/inside: Not a directory" in failure_of("file/inside")


def test_pydoc_is_on_every_machine() -> None:
    """The corpus pydoc is all of Python's help topics, about 465,000 characters."""
    from pydoc_data.topics import topics

    read = load("pydoc")
    assert 400_000 < len(read.text) < 550_000  # it grows a little with each Python
    text = str(read.text)
    assert all(topic in text for topic in topics.values())
    assert len(read.text) == sum(map(len, topics.values())) + len(topics) - 1
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_shakespeare_is_the_published_file() -> None:
    """The corpus shakespeare has the address, size and hash of the tutorial's file."""
    assert SHAKESPEARE.url == (
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt"
    )
    assert SHAKESPEARE.size == 1_115_394
    assert SHAKESPEARE.sha256 == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def test_shakespeare_in_the_data_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verified copy is used without asking a host."""
    content = b"First Citizen:\nBefore we proceed"
    sha256 = hashlib.sha256(content).hexdigest()
    here = Remote("shakespeare.txt", NOWHERE, sha256, len(content))
    monkeypatch.setattr(corpus, "SHAKESPEARE", here)
    (tmp_path / "shakespeare.txt").write_bytes(content)
    read = load("shakespeare", tmp_path)
    assert (read.name, get_name(read), read.sha256) == ("shakespeare", "shakespeare", sha256)
    assert str(read.text) == content.decode()


def test_another_text_under_shakespeares_name_is_not_used(tmp_path: Path) -> None:
    """A file with another content is rejected, named and kept."""
    mine = tmp_path / "shakespeare.txt"
    mine.write_text("To be or not to be")
    with pytest.raises(CorpusError, match="not the expected file") as failure:
        load("shakespeare", tmp_path)
    assert str(mine) in str(failure.value)
    assert mine.read_text() == "To be or not to be"


@given(st.text(st.characters(exclude_categories=()), min_size=1))
@example("\ufeffhalf of 😀: \ud83d")
def test_string_is_a_corpus(text: str) -> None:
    """A string is a corpus as it is, BOM and lone surrogates included, with its bytes' hash."""
    made = make_corpus(text)
    content = text.encode("utf-8", "surrogatepass")
    assert (made.name, made.sources, str(made.text)) == ("text", (), text)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert make_corpus(text, name="poem").name == "poem"


def test_a_large_text_takes_a_byte_a_character() -> None:
    """Reading a text needs little more memory than its ids, even with an emoji in it."""
    size = 8_000_000
    Path("large.txt").write_bytes(b"once upon a time\n" * (size // 17) + "😀".encode())
    tracemalloc.start()
    try:
        text = load("large.txt").text
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert text.ids.nbytes == len(text) > 0.99 * size
    assert peak < 1.3 * size + 16_000_000  # the bytes' growth, and two tables of all code points


def test_string_has_the_hash_of_its_file() -> None:
    """A string and a file with its text have the same hash, so one can stand for the other."""
    text = "naïve\r\nété 😀"
    assert make_corpus(text).sha256 == load_bytes(text.encode()).sha256


def test_empty_string_is_rejected() -> None:
    """An empty string is rejected like an empty file."""
    with pytest.raises(CorpusError, match="the text is empty: give"):
        make_corpus("")


@pytest.mark.parametrize("length", [10, 11, 999, 100_003, 1_115_394])
def test_validation_border_is_nanogpts(length: int) -> None:
    """The border is int(n * 0.9), like nanoGPT's, so that losses can be compared."""
    ids = np.arange(length, dtype=np.int32)
    training, validation = split_text(ids, 0.1)
    border = int(length * 0.9)
    assert np.array_equal(training, ids[:border])
    assert np.array_equal(validation, ids[border:])


def test_no_validation_leaves_all_to_train() -> None:
    """With a validation fraction of 0 the whole text is for training."""
    ids = np.arange(7, dtype=np.int32)
    training, validation = split_text(ids, 0)
    assert training.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert len(validation) == 0


def test_a_name_of_other_bytes_can_be_stored() -> None:
    """The name of a file whose own is not UTF-8 can be written, and its path is the true one."""
    path = Path(os.fsdecode(b"na\xefve.txt"))
    try:
        path.write_text("text", encoding="utf-8")
    except OSError:  # as on macOS
        pytest.skip("this file system has UTF-8 names only")
    found = load(str(path))
    assert found.name == "na\\udcefve"
    assert found.name.encode()
    assert Path(get_name(found)).read_text(encoding="utf-8") == "text"


# Several texts.


def load_all(*named: str, **how: Any) -> Corpus:
    return load_corpus(named, Path("data"), io.BytesIO(), reading=make_reading(**how))


@pytest.fixture
def letters() -> Path:
    """A folder of two texts, and of what is none."""
    folder = Path("my letters")
    folder.mkdir()
    (folder / "b.txt").write_text("second", encoding="utf-8")
    (folder / "a.txt").write_text("first é", encoding="utf-8")
    (folder / "empty.txt").touch()
    (folder / "old.txt").write_bytes("Été après été".encode("cp1252") * 100)
    (folder / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_a_folder_is_one_text(letters: Path) -> None:
    """Its texts are joined by the separator, and what is no text is left out by name."""
    read = load_all("my letters", separator="--")
    assert str(read.text) == "first é--second"
    assert read.text.vocabulary.characters == "".join(sorted(set("first é--second")))
    assert read.sha256 == hashlib.sha256("first é--second".encode()).hexdigest()
    assert read.name == "my letters"
    assert read.sources == tuple(
        Source(str(letters.resolve() / name), hashlib.sha256(text.encode()).hexdigest())
        for name, text in {"a.txt": "first é", "b.txt": "second"}.items()
    )
    assert [(Path(one.shown).name, one.reason) for one in read.skipped] == [
        ("empty.txt", "empty"),
        ("old.txt", "not readable as text"),
        ("picture.txt", "not readable as text"),
    ]
    assert read.skipped[1].problem.startswith(
        f"{letters / 'old.txt'} is not UTF-8 text (byte 0 is 0xc9): it may be cp1252"
    )
    assert read.skipped[2].problem == (
        f"{letters / 'picture.txt'} is an image, no text: give a text file"
    )


@pytest.mark.usefixtures("letters")
def test_what_is_named_is_not_left_out() -> None:
    """A file that the user names, and that is no text, is an error."""
    for name, said in {"empty": "is empty", "old": "not UTF-8", "picture": "an image"}.items():
        with pytest.raises(CorpusError, match=said):
            load_all("my letters/a.txt", f"my letters/{name}.txt")


@pytest.mark.usefixtures("letters")
def test_a_folder_without_a_text() -> None:
    """If all files are left out, the error says why the first of them was."""
    for pattern, said in {
        "old*": "no text in my letters: my letters/old.txt is not UTF-8 text",
        "empty*": "no text in my letters: skipped 1 (empty): my letters/empty.txt",
    }.items():
        with pytest.raises(CorpusError) as failure:
            load_all("my letters", glob=(pattern,))
        assert str(failure.value).startswith(said)


@pytest.mark.usefixtures("letters")
def test_texts_of_all_kinds_are_joined() -> None:
    """Files, patterns and built-in corpora can stand side by side; the latter stay UTF-8."""
    Path("my letters/old.txt").write_bytes("été".encode("cp1252"))
    read = load_all("my letters/old.txt", "my letters/b*", "pydoc", encoding="cp1252")
    assert str(read.text).startswith("été\nsecond\n")
    assert str(read.text).endswith(str(load("pydoc").text))
    assert [Path(source.name).name for source in read.sources] == ["old.txt", "b.txt", "pydoc"]


def test_standard_input_stands_alone() -> None:
    """What is piped in can't be joined with files, for a resume could not name it."""
    with pytest.raises(UsageError, match="- is standard input, which stands alone"):
        load_all("-", "a.txt")


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    ("named", "name"),
    [
        (["my letters/a.txt"], "a"),
        (["my letters/a.txt.gz"], "a"),
        (["my letters/a.txt", "my letters/b.txt"], "my letters"),
        (["my letters/*.txt"], "my letters"),
        (["my letters/"], "my letters"),
        (["pydoc", "my letters"], "pydoc"),
    ],
)
def test_a_corpus_is_named_after_what_it_is(named: list[str], name: str) -> None:
    """Several files are called like the folder that has them all."""
    content = Path("my letters/a.txt").read_bytes()
    Path("my letters/a.txt.gz").write_bytes(gzip.compress(content))
    assert load_all(*named).name == name


@pytest.mark.usefixtures("letters")
def test_the_folder_one_is_in_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dot is called like the folder that it stands for."""
    monkeypatch.chdir("my letters")
    assert load_all(".").name == load_all("*.txt").name == "my letters"


def test_a_compressed_text_is_the_same_text() -> None:
    """What gzip or zstd compressed has the text's hash, whatever it is called, from a pipe too."""
    content = "naïve\n".encode() * 100
    for name, packed in {"a.gz": gzip.compress(content), "b.txt": zstd.compress(content)}.items():
        Path(name).write_bytes(packed)
        for read in (load(name), load("-", stdin=packed)):
            assert str(read.text) == content.decode()
            assert read.sha256 == hashlib.sha256(content).hexdigest()


def test_changes_are_made_before_the_hash_is() -> None:
    """The hash is of the text that is learnt, and the changes of all files are counted."""
    Path("a.txt").write_bytes("“one”\r\n".encode())
    Path("b.txt").write_bytes("two…\r".encode())
    plain = '"one"\n|two...\n'
    for how in ({"clean": True}, {"clean": True, "newlines": "keep"}):
        read = load_all("a.txt", "b.txt", separator="|", **how)
        assert str(read.text) == plain
        assert read.sha256 == hashlib.sha256(plain.encode()).hexdigest()
        assert read.changes == {"quote": 2, "line end": 2, "ellipsis mark": 1}
    kept = load_all("a.txt", newlines="unix")
    assert (str(kept.text), kept.changes) == ("“one”\n", {"line end": 1})
    assert load_all("a.txt").changes == {}


def test_what_is_left_out_is_not_counted() -> None:
    """A file of a folder that can't be read to its end adds nothing to what was changed."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes("“one”".encode())
    Path("texts/b.txt").write_bytes("“two”".encode() + b"\xff and so on")
    Path("texts/c.txt").write_bytes(b"\xc2\xad\xc2\xad")
    read = load_all("texts", clean=True)
    assert (str(read.text), read.changes) == ('"one"', {"quote": 2})
    assert [one.reason for one in read.skipped] == ["not readable as text", "empty"]


# Documents.


def test_documents_are_counted_and_joined() -> None:
    """A folder may have texts of all formats; a built-in corpus and a pipe have none."""
    Path("mixed").mkdir()
    Path("mixed/a.html").write_text("<p>one</p>")
    Path("mixed/b.csv").write_text("text\ntwo\n\nthree\n")
    Path("mixed/c.jsonl").write_text('{"text": "four"}\n{"text": null}\n')
    Path("mixed/d.docx").write_bytes(b"no document")
    Path("mixed/e.txt").write_text("five")
    read = load_all("mixed", glob=("*",), text_column="text")
    assert str(read.text) == "one\ntwo\nthree\nfour\nfive"
    assert read.documents == {"web page": 1, "row": 3, "row without text": 1}
    assert [one.problem for one in read.skipped] == ["mixed/d.docx is damaged: get it again"]
    again = load_all(*(source.name for source in read.sources), text_column="text")
    assert (again.sources, again.sha256) == (read.sources, read.sha256)


def test_a_column_is_of_tables() -> None:
    """If no file is a table, the name of a column is an error before any is read."""
    Path("a.txt").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="`text_column` is for"):
        load_all("a.txt", text_column="text")
