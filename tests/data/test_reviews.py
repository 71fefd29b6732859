"""Labelled reviews of ranks and of text, against Keras's own loader and plain Python."""

import gzip
import hashlib
import io
import os
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.data import layout
from charrnn.data.reviews import Labelled, RankReviews, TextReviews, load_reviews
from charrnn.data.words import convert_ranks
from charrnn.errors import ReviewsError

NPZ = Path("my imdb.npz")
FOLDERS = [f"{part}/{label}" for part in ("train", "test") for label in ("pos", "neg")]
FILES = {
    f"{folder}/{number}_{len(folder)}.txt": f"{folder} is {number} étoiles<br />\r\n"
    for folder in FOLDERS
    for number in range(12)
}
OTHERS = {
    "README": "an aclImdb",
    "imdb.vocab": "the\n",
    "train/unsup/0_0.txt": "neither",
    "train/labeledBow.feat": "9 0:9",
    "train/pos/notes.md": "no review",
    "train/pos/._0_9.txt": "of a Mac",
    "train/pos/deeper/0_9.txt": "too deep",
}


def write_npz(train: int = 50, test: int = 30, **others: Any) -> None:
    """Write reviews of random lengths and ranks in Keras's own format."""
    random = np.random.default_rng(1)
    arrays: dict[str, Any] = {}
    for part, count in (("train", train), ("test", test)):
        ranks = np.empty(count, object)
        ranks[:] = [random.integers(1, 200, random.integers(0, 9)).tolist() for _ in ranks]
        arrays |= {f"x_{part}": ranks, f"y_{part}": np.arange(count) % 2}
    arrays |= others
    np.savez(NPZ, **{name: array for name, array in arrays.items() if array is not None})


def write_folder(folder: Path, files: dict[str, str] | None = None) -> Path:
    for name, text in (files or FILES | OTHERS).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def write_archive(name: str, mode: str, top: str, files: dict[str, bytes]) -> Path:
    with tarfile.open(name, mode) as archive:  # type: ignore[call-overload]
        for place, content in files.items():
            member = tarfile.TarInfo(top + place)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return Path(name)


def encode_all(files: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def write_tar(blocks: list[bytes], name: str = "a.tar.gz") -> Path:
    """Write an archive of `blocks` and then the reviews."""
    plain = write_archive("plain.tar", "w", "", encode_all(FILES)).read_bytes()
    content = b"".join(blocks) + plain
    Path(name).write_bytes(gzip.compress(content, 1) if name.endswith("gz") else content)
    return Path(name)


def make_header(kind: bytes, size: int, name: str = "header") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.USTAR_FORMAT)


def failure_of(path: Path) -> str:
    with pytest.raises(ReviewsError) as failure:
        load_reviews(path)
    message = str(failure.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def ids_of(labelled: Labelled[Any], max_words: int) -> list[list[int]]:
    return [convert_ranks(ranks, max_words).tolist() for ranks in labelled.reviews]


def load_ranks() -> RankReviews:
    read = load_reviews(NPZ)
    assert isinstance(read, RankReviews)
    return read


@pytest.mark.parametrize("max_words", [None, 20, 150, 10_000])
def test_ranks_are_those_of_keras(max_words: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Order, labels and ids are those of `keras.datasets.imdb.load_data`.

    Without num_words Keras makes the largest id unknown, the same as with that id as the limit.
    """
    from keras.src.datasets import imdb

    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    write_npz()
    monkeypatch.setattr(imdb, "get_file", lambda **_: str(NPZ))
    parts = imdb.load_data(num_words=max_words)
    read = load_ranks()
    mine = (read.train, read.test)
    largest = max(int(r.max(initial=0)) + 3 for part in mine for r in part.reviews)
    for ours, (keras_reviews, keras_labels) in zip(mine, parts, strict=True):
        assert ids_of(ours, max_words or largest) == keras_reviews.tolist()
        assert ours.labels.tolist() == keras_labels.tolist()


def test_file_has_its_stem_and_hash(tmp_path: Path) -> None:
    """Reviews have their file's stem as the name, its absolute path and its hash."""
    write_npz()
    read = load_ranks()
    assert (read.name, read.source) == ("my imdb", str(tmp_path / NPZ))
    assert read.sha256 == hashlib.sha256(NPZ.read_bytes()).hexdigest()
    assert (len(read.train), len(read.test)) == (50, 30)
    assert read.train.labels.dtype == np.int8
    assert {ranks.dtype for ranks in read.train.reviews} == {np.dtype(np.int32)}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"y_train": np.arange(49) % 2}, "(train) has 50 reviews but 49 labels"),
        ({"y_test": np.arange(30) % 3}, "(test) has labels other than 0"),
        ({"y_test": np.arange(30) % 2 - 1}, "(test) has labels other than 0"),
        ({"y_train": np.zeros(50, int)}, "(train) has no positive reviews"),
        ({"y_test": np.ones(30, int)}, "(test) has no negative reviews"),
        ({"y_test": np.arange(30) / 30}, "y_test holds float64, not integers"),
        ({"y_test": None}, "y_test is missing"),
        ({"x_train": None}, "x_train is missing"),
        ({"x_train": np.arange(50)}, "x_train holds int64, not lists"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unusable_labels_are_rejected(others: dict[str, Any], expected: str) -> None:
    """The error says why no classifier can learn from the reviews."""
    write_npz(**others)
    assert expected in failure_of(NPZ)


def test_empty_set_is_rejected() -> None:
    """A part without reviews is rejected."""
    write_npz(test=0)
    assert "(test) has no negative reviews" in failure_of(NPZ)


def test_texts_are_in_keras_order() -> None:
    """Reviews are sorted by name and shuffled the way Keras does it: train, then test."""
    read = load_reviews(write_folder(Path("aclImdb")))
    assert isinstance(read, TextReviews)
    order = np.random.RandomState(113)
    for part, labelled in (("train", read.train), ("test", read.test)):
        names = sorted(name for name in FILES if name.startswith(part))
        places = np.arange(len(names))
        order.shuffle(places)
        assert labelled.reviews == [FILES[names[place]] for place in places]
        assert labelled.labels.tolist() == [int("/pos/" in names[place]) for place in places]


@pytest.mark.parametrize("top", ["", "./", "aclImdb/", "./any name/"])
@pytest.mark.parametrize(
    ("name", "mode"), [("a.b.tar.gz", "w:gz"), ("a.b.tgz", "w:gz"), ("a.b.tar", "w")]
)
def test_archive_is_read_as_the_folder(name: str, mode: str, top: str) -> None:
    """Reviews come in the same order from an archive or a folder, nested or not."""
    files = encode_all(dict(reversed((FILES | OTHERS).items())))
    read = load_reviews(write_archive(name, mode, top, files))
    inside = load_reviews(write_folder(Path("somewhere", top)))
    for other in (inside, load_reviews(Path("somewhere"))):
        for mine, theirs in ((read.train, other.train), (read.test, other.test)):
            assert list(mine.reviews) == list(theirs.reviews)
            assert mine.labels.tolist() == theirs.labels.tolist()
    assert read.name == "a.b"
    assert read.sha256 == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    assert not Path("train").exists()


def test_hash_of_a_folder_is_that_of_its_reviews() -> None:
    """A folder's hash depends on its reviews, not on its path or its other files."""
    first = load_reviews(write_folder(Path("one")))
    same = load_reviews(write_folder(Path("two/deeper"), FILES))
    assert first.name == "one"
    assert same.name == "deeper"
    assert first.sha256 == same.sha256
    (Path("one") / next(iter(FILES))).write_text("another")
    assert load_reviews(Path("one")).sha256 != first.sha256


@pytest.mark.parametrize("folder", FOLDERS)
def test_missing_folders_are_named(folder: str) -> None:
    """The error names the folder without reviews, and the layout."""
    files = {name: text for name, text in FILES.items() if not name.startswith(folder)}
    for path in (
        write_folder(Path("aclImdb"), files),
        write_archive("a.tar", "w", "aclImdb/", encode_all(files)),
    ):
        message = failure_of(path)
        assert f"has no reviews in {folder}: give reviews in the layout of aclImdb" in message
        assert "{train,test}/{pos,neg}/*.txt" in message


def test_text_that_is_not_utf8_is_named() -> None:
    """The error names the one review in another encoding."""
    path = write_folder(Path("aclImdb"))
    (path / "test/neg/3_8.txt").write_bytes(b"na\xefve")
    message = failure_of(path)
    assert "test/neg/3_8.txt in aclImdb is not UTF-8 text (byte 2 is 0xef)" in message


@pytest.mark.parametrize("content", [b"%PDF-1.4\n1 0 obj\n", b"{\\rtf1 A good film}"])
def test_a_document_is_no_review(content: bytes) -> None:
    """A document is named, though all of it is ASCII."""
    path = write_folder(Path("aclImdb"))
    (path / "test/neg/3_8.txt").write_bytes(content)
    assert "test/neg/3_8.txt in aclImdb is a" in failure_of(path)
    assert "document, no plain text: save its text as a .txt file" in failure_of(path)


def test_links_and_strange_paths_are_no_reviews(tmp_path: Path) -> None:
    """A tar archive can neither pass off another file as a review nor write one."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with tarfile.open("a.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(f"aclImdb/train/pos/link{kind!r}.txt")
            link.type, link.linkname = kind, str(secret)
            archive.addfile(link)
        for name, text in FILES.items():
            member = tarfile.TarInfo(f"../{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    assert len(load_reviews(Path("a.tar")).train) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "secret.txt"]


@pytest.mark.parametrize("link", ["train/pos/2.txt", "train/pos", "train"])
def test_no_link_leads_out_of_a_folder(link: str) -> None:
    """A stranger's folder can't pass off the user's files as reviews; links within it are read."""
    folder = write_folder(Path("aclImdb"))
    (folder / "train/neg/link.txt").symlink_to("0_9.txt")
    Path("link").symlink_to(folder)
    assert len(load_reviews(Path("link")).train) == 25
    outside = write_folder(Path("private"), FILES | {"train/pos/2.txt": "secret"})
    if (folder / link).is_dir():
        (folder / link).rename("away")
    (folder / link).symlink_to((outside / link).resolve())
    message = failure_of(folder)
    assert "in aclImdb is a link that leads out of that folder: put the file itself" in message


@pytest.mark.parametrize("limit", ["_LONGEST", "_MOST"])
def test_large_reviews_are_not_read(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A review that is too large, or too large a sum, is rejected before it is read."""
    monkeypatch.setattr(layout, limit, 30)
    archive = write_archive(
        "a.tar.gz", "w:gz", "", encode_all(FILES) | {FOLDERS[0] + "/z.txt": b"0" * 40}
    )
    for path in (archive, write_folder(Path("aclImdb"), FILES | {FOLDERS[0] + "/z.txt": "0" * 40})):
        assert "too large" in failure_of(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_only_files_are_reviews() -> None:
    """A pipe, whose reading would block, a folder and a dead link are skipped."""
    folder = write_folder(Path("aclImdb"))
    os.mkfifo(folder / "train/pos/pipe.txt")
    (folder / "train/pos/folder.txt").mkdir()
    (folder / "train/pos/link.txt").symlink_to("nowhere")
    assert len(load_reviews(folder).train) == 24


@pytest.mark.timeout(20)
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("name", ["a.npz", "a.tar", "a.tar.gz", "a.tgz", "a.csv", "a.jsonl"])
def test_neither_pipe_nor_device_is_read(name: str) -> None:
    """What could keep a reader forever is refused at once, as a file of any kind."""
    os.mkfifo(name)
    assert "it is no regular file" in failure_of(Path(name))
    Path(name).unlink()
    Path(name).symlink_to("/dev/zero")
    assert "it is no regular file" in failure_of(Path(name))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("place", ["first", "later"])
def test_large_header_is_not_read(kind: bytes, place: str) -> None:
    """A small archive with a header of 64 MiB is rejected without taking that memory."""
    size = 2**26
    blocks = [make_header(kind, size), *[b"\0" * 2**20] * (size // 2**20)]
    if place == "later":
        blocks.insert(0, make_header(tarfile.REGTYPE, 0))
    path = write_tar(blocks)
    tracemalloc.start()
    try:
        assert "a header has over 65,536 bytes" in failure_of(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize("size", [2**31, 2**63, 2**80])
def test_a_member_without_end_is_not_skipped(size: int, name: str) -> None:
    """To skip what claims to be that large would take forever: it is one line, at once."""
    member = tarfile.TarInfo("huge")
    member.size = size
    header = member.tobuf(tarfile.GNU_FORMAT)
    assert "it claims to hold more than" in failure_of(write_tar([header], name))


def test_many_large_members_are_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for all of an archive: many members just below it would take as long."""
    monkeypatch.setattr(layout, "_LARGEST", 100_000)
    blocks = [make_header(tarfile.REGTYPE, 20_480) + bytes(20_480)] * 10
    assert "it claims to hold more than 100,000 bytes" in failure_of(write_tar(blocks))


def test_files_beside_the_reviews_are_counted() -> None:
    """A third class, or files of another kind, are named with their number; hidden ones aren't."""
    more = {f"test/neutral/{n}.txt": "so so" for n in range(5)}
    files = FILES | OTHERS | more
    expected = {"train/unsup": 1, "train/pos": 1, "test/neutral": 5}
    archive = write_archive("a.tar.gz", "w:gz", "aclImdb/", encode_all(files))
    for path in (archive, write_folder(Path("some/where"), files), Path("some")):
        assert load_reviews(path).left_out == expected
    assert load_reviews(write_folder(Path("plain"), FILES)).left_out == {}


def test_few_folders_are_counted_one_by_one() -> None:
    """An archive of thousands of folders with long names takes no memory for them."""
    more = {f"train/{n}{'x' * 200}/0.txt": "" for n in range(50)}
    path = write_archive("a.tar.gz", "w:gz", "", encode_all(FILES | more))
    left_out = load_reviews(path).left_out
    assert sum(left_out.values()) == 50
    assert left_out["other folders"] == 40
    assert max(map(len, left_out)) == 40


def test_names_that_are_not_utf8_can_be_shown() -> None:
    """A name of other bytes, in a folder or an archive, can be hashed, shown and written."""
    name = os.fsdecode(b"train/pos/\xff\xfe.txt")
    folder = write_folder(Path("aclImdb"), FILES)
    try:
        (folder / name).write_bytes(b"fine")
    except OSError:  # as on macOS
        pytest.skip("this file system has UTF-8 names only")
    assert len(load_reviews(folder).train) == 25
    (folder / name).write_bytes(b"\xff")
    with tarfile.open("a.tar", "w") as archive:
        archive.add(folder, "aclImdb")
    for path in (folder, Path("a.tar")):
        message = failure_of(path)
        assert "train/pos/\\udcff\\udcfe.txt in" in message
        message.encode()


@pytest.mark.parametrize("part", ["train", "test", "both"])
def test_ids_of_load_data_are_no_ranks(part: str) -> None:
    """What `load_data` returns, saved again, is refused: all its words would be other ones."""
    write_npz()
    parts = {"train": ["train"], "test": ["test"], "both": ["train", "test"]}[part]
    with np.load(NPZ, allow_pickle=True) as ranks:
        ids = {f"x_{name}": ranks[f"x_{name}"] for name in parts}
    for reviews in ids.values():
        reviews[:] = [[1, *(rank + 3 for rank in review)] for review in reviews]
    write_npz(**ids)
    assert failure_of(NPZ).startswith(
        f"{NPZ} holds reviews as Keras's load_data() returns them, each with a 1 before it"
    )


@pytest.mark.parametrize("last", [[1, 7, 1], [1, 7, 3]])
def test_ranks_may_begin_with_1(last: list[int]) -> None:
    """Reviews that all begin with the most frequent word are ranks if it comes again in one.

    So they are if one has a 3, which `load_data` never gives.
    """
    ranks = np.empty(30, object)
    ranks[:] = [*([1, rank] for rank in range(4, 33)), last]
    write_npz(x_test=ranks)
    assert len(load_ranks().test) == 30


@pytest.mark.slow
def test_many_headers_are_not_kept() -> None:
    """Neither chains of headers nor many members take memory or fill the stack."""
    assert "a header has over" in failure_of(write_tar([make_header(tarfile.XHDTYPE, 0)] * 1_000))
    comment = b"1024 %06d=" + b"a" * 1_011 + b"\n"
    comments = [make_header(tarfile.XGLTYPE, 1_024) + comment % n for n in range(2_000)]
    members = [make_header(tarfile.REGTYPE, 0)] * 2_000
    for blocks in (comments, members):
        path = write_tar([block + members[0] for block in blocks], "a.tar")
        tracemalloc.start()
        try:
            assert len(load_reviews(path).train) == 24
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()


def test_limit_includes_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for reviews and their names together, because both take memory."""
    path = write_archive("a.tar", "w", "", encode_all(FILES))
    most = sum(len(name) + len(text.encode()) for name, text in FILES.items())
    monkeypatch.setattr(layout, "_MOST", most)
    assert len(load_reviews(path).train) == 24
    monkeypatch.setattr(layout, "_MOST", most - 1)
    assert "too large" in failure_of(path)


def test_usual_headers_are_read() -> None:
    """Long names and extended attributes are no reason to reject an archive."""
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        with tarfile.open("a.tar", "w", format=form, pax_headers={"comment": "é" * 99}) as archive:
            for name, text in FILES.items():
                member = tarfile.TarInfo("é" * 200 + "/" + name)
                member.size = len(text.encode())
                member.pax_headers = {"SCHILY.xattr.user.note": "é" * 20_000}
                archive.addfile(member, io.BytesIO(text.encode()))
        assert len(load_reviews(Path("a.tar")).train) == 24


def test_lack_of_memory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running out of memory is an error in one line."""

    def fail(*_: object) -> None:
        raise MemoryError

    path = write_archive("a.tar", "w", "", encode_all(FILES))
    monkeypatch.setattr(tarfile.TarInfo, "fromtarfile", fail)
    assert "can't read a.tar: " in failure_of(path)


def test_two_sets_in_one_are_rejected() -> None:
    """A folder with two sets of reviews is rejected."""
    write_folder(Path("all/one"))
    write_folder(Path("all/two"))
    assert "twice" in failure_of(Path("all"))


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda _: b"", lambda _: b"text"])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.tgz", "a.tar"])
def test_damaged_archive_is_rejected(name: str, damage: Callable[[bytes], bytes]) -> None:
    """An incomplete archive, or another file of that name, is an error in one line."""
    mode = "w" if name == "a.tar" else "w:gz"
    path = write_archive(name, mode, "aclImdb/", encode_all(FILES))
    path.write_bytes(damage(path.read_bytes()))
    assert "can't read" in failure_of(path) or "has no reviews in" in failure_of(path)


def test_other_files_are_rejected() -> None:
    """For another kind of file, or none, the error lists what can be given."""
    Path("reviews.xlsx").write_text("1,good")
    assert "reviews.xlsx can't be read as reviews" in failure_of(Path("reviews.xlsx"))
    assert "nowhere does not exist" in failure_of(Path("nowhere"))
    for name in ("nowhere.npz", "nowhere.tar.gz", "nowhere.csv"):
        assert "no file" in failure_of(Path(name))
    for path in (Path("reviews.xlsx"), Path("nowhere")):
        for kind in (
            "imdb.npz",
            "folder",
            ".tar.gz",
            "{train,test}/{pos,neg}/*.txt",
            ".csv",
            ".jsonl",
        ):
            assert kind in failure_of(path)
