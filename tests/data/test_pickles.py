"""Ragged arrays of an `.npz`: those that any NumPy wrote, damaged and hostile ones."""

import codecs
import io
import os
import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data import pickles
from charrnn.data.pickles import read_integers, read_ragged
from charrnn.errors import ReviewsError

FILE = Path("reviews.npz")
LISTS = [[1, 300, 70_000], [], [255, 256, 65_535, 65_536, 2**31 - 1], [0]]
HEADER = b"{'descr': '|O', 'fortran_order': False, 'shape': (%b,), }"

READ_WITH_LIMIT = """
import resource
from pathlib import Path
from charrnn.data.pickles import read_ragged
from charrnn.errors import ReviewsError

taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 256 * 2**20, resource.RLIM_INFINITY))
try:
    read_ragged(Path("reviews.npz"), "x")
except ReviewsError as error:
    print(error)
"""


def ragged(lists: list[Any]) -> Any:
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


def write(content: bytes, count: bytes = b"1", header: bytes = HEADER) -> None:
    """A file whose x holds `content` behind a header of `count` objects."""
    text = header.replace(b"%b", count).ljust(117) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content
    with zipfile.ZipFile(FILE, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy)


def failure_of(name: str = "x") -> str:
    with pytest.raises(ReviewsError) as failure:
        read_ragged(FILE, name)
    message = str(failure.value)
    assert "\n" not in message
    assert str(FILE) in message
    return message


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.integers(0, 2**31 - 1)), min_size=1), st.booleans())
def test_files_of_numpy_are_read(lists: list[list[int]], compressed: bool) -> None:
    """Lists of any lengths are read as they were saved, compressed or not."""
    save = np.savez_compressed if compressed else np.savez
    save(FILE, x=ragged(lists))
    read = read_ragged(FILE, "x")
    assert [review.tolist() for review in read] == lists
    assert {review.dtype for review in read} == {np.dtype(np.int32)}


@pytest.mark.parametrize("module", [b"numpy.core", b"numpy._core"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_each_numpy_and_protocol_is_read(protocol: int, module: bytes) -> None:
    """Files of NumPy 1 and 2, in all their protocols, give the same lists."""
    content = pickle.dumps(ragged([list(review) for review in LISTS * 200]), protocol)
    spelt = b"numpy._core.multiarray"
    if module == b"numpy.core":
        content = content.replace(b"\x8c\x16" + spelt, b"\x8c\x15numpy.core.multiarray")
        content = content.replace(b"c" + spelt, b"cnumpy.core.multiarray")
        content = re.sub(rb"^(\x80.)\x95.{8}", rb"\1", content, flags=re.DOTALL)  # a frame's length
    assert (module + b".multiarray") in content
    write(content, b"800")
    assert [review.tolist() for review in read_ragged(FILE, "x")] == LISTS * 200


@pytest.mark.filterwarnings("error")
def test_python_2_is_read() -> None:
    """A file of Python 2, with byte strings and long integers, is read without a warning."""
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
        b"U\x01bq\x04\x87q\x05Rq\x06(K\x01K\x02\x85q\x07cnumpy\ndtype\nq\x08U\x02O8q\tK\x00K\x01"
        b"\x87q\nRq\x0b(K\x03U\x01|q\x0cNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\rb\x89]q\x0e("
        b"]q\x0f(K\x05\x8a\x02,\x01e]q\x10K\x07aetq\x11b."
    )
    assert pickle.loads(content, encoding="latin1").tolist() == [[5, 300], [7]]  # noqa: S301
    write(content, b"2L")
    assert [review.tolist() for review in read_ragged(FILE, "x")] == [[5, 300], [7]]


def test_plain_integers_are_read() -> None:
    """Arrays of any integer type are read as they were saved."""
    for kind in ("<i8", ">i4", "u1"):
        np.savez(FILE, y=np.array([0, 1, 1], kind))
        assert read_integers(FILE, "y").tolist() == [0, 1, 1]


class Call:
    """An object that is pickled as a call of a function."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "call",
    [
        Call(os.system, "touch hacked"),
        Call(eval, "open('hacked', 'w')"),
        Call(np.save, "hacked", 1),
        Call(codecs.decode, b"", "hex"),
        Call(getattr, "text", "upper"),
    ],
    ids=lambda call: str(call.call[0].__name__),
)
def test_code_is_not_run(call: Call, protocol: int) -> None:
    """A pickle with a call anywhere is rejected, and the function is not called."""
    for content in (call, ragged([[1], call]), ragged([[1, call]])):
        write(pickle.dumps(content, protocol), b"2")
        assert "Get the file again" in failure_of()
    assert list(Path().iterdir()) == [FILE]


def test_the_function_of_a_hostile_file_is_named() -> None:
    """The error names the function that a hostile file asks for."""
    write(pickle.dumps(Call(os.system, "true"), 2))
    assert "'system', which lists of integers do not need" in failure_of()


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04r\xff\xff\xff\x7f]\x94.",  # a memo of two billion entries
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # huge bytes
        b"\x80\x04\x8b\xff\xff\xff\x7f.",  # a number of two billion bytes
        b"\x80\x04]" + b"2" * 1000 + b".",  # copies
        b"\x80\x04" + b"\x8f" * 1000 + b".",  # sets, which are large
    ],
    ids=["memo", "bytes", "number", "copies", "sets"],
)
def test_memory_is_not_taken(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small pickle that would take much memory is rejected before it is unpickled."""
    monkeypatch.setattr(pickles, "_Unpickler", None)
    write(content)
    assert "damaged pickle, or one of something other" in failure_of()


def long_list_many_times(length: int, times: int) -> bytes:
    """An array of `times` references to one list of `length` ints, in two bytes each."""
    start, end = pickle.dumps(ragged([[7], [7]]), 4).split(b"]\x94K\x07a" * 2)
    start = re.sub(rb"^(\x80.)\x95.{8}", rb"\1", start, flags=re.DOTALL)  # a frame's length
    first = b"]q\x40(" + b"K\x07" * length + b"e"
    return start + first + b"h\x40" * (times - 1) + end


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory")
@pytest.mark.parametrize(
    ("content", "count", "expected"),
    [
        (long_list_many_times(10**6, 2_000), b"2000", "holds 2,000,000,000 integers in 2,00"),
        (b"\x80\x04" + b"]" * 30_000_000 + b".", b"1", "has over 524,288 opcodes"),
        (b"\x80\x04" + b"]" * 30_000_000 + b".", b"29999999", "has over 524,288 opcodes"),
        (b"\x80\x04N" + b"\x85" * 30_000_000 + b".", b"1", "has over 524,288 opcodes"),
        (b"\x80\x04" + b"(l" * 15_000_000 + b".", b"1", "has over 524,288 opcodes"),
    ],
    ids=["references", "lists", "declared lists", "tuples", "marks"],
)
def test_bomb_takes_little_memory(content: bytes, count: bytes, expected: str) -> None:
    """A few kilobytes that would become gigabytes are rejected within 256 MiB."""
    write(content, count)
    assert FILE.stat().st_size < 100_000
    command = [sys.executable, "-c", READ_WITH_LIMIT]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert expected in child.stdout


def test_list_of_two_reviews_is_rejected() -> None:
    """Two references to one list are rejected, with the right reason."""
    write(long_list_many_times(2, 2), b"2")
    assert "holds one list twice" in failure_of()
    write(long_list_many_times(2, 1), b"1")
    assert [review.tolist() for review in read_ragged(FILE, "x")] == [[7, 7]]


@pytest.mark.slow
def test_many_more_reviews_than_keras_are_read() -> None:
    """Six times Keras's 25,000 reviews are read, and so is a list of a million."""
    lists = [[1, 2] for _ in range(150_000)] + [[3] * 10**6]
    np.savez(FILE, x=ragged(lists))
    read = read_ragged(FILE, "x")
    assert len(read) == 150_001
    assert read[-1].tolist() == lists[-1]


def test_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is too large for reviews is rejected before it is unpacked."""
    monkeypatch.setattr(pickles, "_MOST", 10_000)
    write(b"\0" * 10_000)
    assert "more than the 10,000 bytes that are read" in failure_of()


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_rejected(compression: int) -> None:
    """Python unpacks them whole, however large they become."""
    with zipfile.ZipFile(FILE, "w", compression) as archive:
        archive.writestr("x.npy", b"\0" * 10**6)
    assert "compressed in a way that NumPy doesn't use" in failure_of()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of memory")
def test_a_lie_about_the_size_takes_little_memory() -> None:
    """Half a gigabyte that claims to be a few bytes is no more than is read."""
    size = 2**29
    with (
        zipfile.ZipFile(FILE, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as member,
    ):
        for _ in range(size // 2**20):
            member.write(bytes(2**20))
    content = FILE.read_bytes()
    FILE.write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", 100)))
    command = [sys.executable, "-c", READ_WITH_LIMIT]
    child = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "reviews.npz" in child.stdout
    assert "MemoryError" not in child.stdout


@pytest.mark.parametrize("count", [b"2", b"10000000000000", b"-1"])
def test_declared_size_is_compared(count: bytes) -> None:
    """A header with a wrong number of reviews is rejected, however large the number."""
    write(pickle.dumps(ragged([[1]]), 4), count)
    assert "holds 1 lists" in failure_of()


@pytest.mark.parametrize("count", [3, 10**15])
def test_declared_size_of_integers_is_compared(count: int) -> None:
    """A header with a wrong number of integers is rejected, however large the number."""
    write(b"\0" * 16, b"%d" % count, HEADER.replace(b"|O", b"<i8"))
    with pytest.raises(ReviewsError, match="a different size"):
        read_integers(FILE, "x")


@pytest.mark.parametrize(
    "lists",
    [
        [[1], [[2]]],
        [[1], [2.0]],
        [[1], ["a"]],
        [[1], [None]],
        [[1], (2, 3)],
        [[1], 5],
        [[1], "abc"],
        [[1], {1: 2}],
        [[1], np.array([2])],
        [[1], [2**31]],
        [[1], [2**70]],
        [[1], [-1]],
    ],
    ids=str,
)
def test_other_things_than_lists_of_integers_are_rejected(lists: list[Any]) -> None:
    """Anything but lists of word ranks is rejected, not converted."""
    np.savez(FILE, x=ragged(lists))
    assert "is not like Keras's imdb.npz: x " in failure_of()


def test_other_arrays_are_rejected() -> None:
    """Reviews and labels in each other's place, or with another shape, are rejected."""
    square = np.empty((1, 1), object)
    square[0, 0] = [1]
    np.savez(FILE, x=ragged(LISTS), y=np.arange(3), z=np.arange(3) / 2, w=square, v=np.eye(2))
    assert "y holds int64, not lists" in failure_of("y")
    assert "w has 2 dimensions" in failure_of("w")
    assert "u is missing" in failure_of("u")
    for name in "xzuv":
        with pytest.raises(ReviewsError):
            read_integers(FILE, name)


def test_missing_file_is_reported() -> None:
    """The error says that the file is missing."""
    assert "no file reviews.npz" in failure_of()


def test_a_long_list_of_members_is_not_read() -> None:
    """A file of thousands of members is refused before they take a hundred times their room."""
    with zipfile.ZipFile(FILE, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", b"")
    tracemalloc.start()
    try:
        assert "its list of members has over 262,144 bytes" in failure_of()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.99])
def test_truncated_file_is_rejected(share: float) -> None:
    """An incomplete file is an error in one line."""
    np.savez_compressed(FILE, x=ragged(LISTS * 50))
    content = FILE.read_bytes()
    FILE.write_bytes(content[: int(len(content) * share)])
    assert "can't read" in failure_of()


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damaged_pickle_is_rejected_or_read(data: st.DataObject) -> None:
    """Whatever bytes change, the result is an error of ours or a list of reviews."""
    content = bytearray(pickle.dumps(ragged(LISTS), data.draw(st.sampled_from([2, 4]))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    write(bytes(content), b"4")
    try:
        read = read_ragged(FILE, "x")
    except ReviewsError:
        return
    assert all(review.ndim == 1 and review.dtype == np.int32 for review in read)


def test_files_of_these_tests_are_numpys() -> None:
    """NumPy too can read the files that these tests write."""
    write(pickle.dumps(ragged(LISTS), 4), b"4")
    with zipfile.ZipFile(FILE) as archive:
        loaded = np.load(io.BytesIO(archive.read("x.npy")), allow_pickle=True)
    assert loaded.tolist() == LISTS
