"""The integer arrays of an `.npz`; its ragged ones are pickles, and none of their code is run.

NumPy saves an array of lists of different lengths as a pickle, and a pickle can call any function
or ask for any amount of memory. Here a pickle may use only the opcodes of nested lists of integers,
and no more of them than such lists need; its memo stays small; copies are no larger than the
content; and the names that it may call stand for a class that does nothing. NumPy itself never
reads the content.
"""

import contextlib
import io
import pickle
import re
import warnings
import zipfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from charrnn.data.files import Bounded, open_regular
from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError

_MOST = 64 * 2**20  # bytes in a member, over four times what Keras's training reviews need
_MOST_OTHERS = 2**19  # opcodes other than integers', seven times what Keras's reviews need
_MOST_LISTED = 2**18  # bytes read to find the members
_LONGEST_NAME = 32  # bytes
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack without a bound


class _StandIn:
    """Stands in for the arrays and types of a pickle, and keeps their state."""

    def __init__(self, *_: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


_NAMES = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"),  # NumPy 2
    ("_codecs", "encode"),  # bytes in protocol 2
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> type[_StandIn]:
        if (module_name, global_name) not in _NAMES:
            raise ReviewsError(
                f"asks for {module_name[:40]!r}.{global_name[:40]!r}, which lists of integers do "
                "not need, so it may be hostile"
            )
        return _StandIn


def _build_pattern(opcode: bytes, width: int) -> bytes:
    """A pattern: an opcode, a length of `width` bytes, and as many bytes as the length says."""
    lengths = range(_LONGEST_NAME)
    sizes = (re.escape(n.to_bytes(width, "little")) + b".{%d}" % n for n in lengths)
    return re.escape(opcode) + b"(?:" + b"|".join(sizes) + b")"


_INTEGERS = b"(?:%b)*+" % b"|".join(
    [
        rb"K.|M..|J.{4}",
        _build_pattern(b"\x8a", 1),
        rb"[ae]",  # into a list
    ]
)
_OTHER = b"(?:%b)" % b"|".join(
    [
        rb"[]()lt\x85-\x87]",  # lists and tuples
        rb"\x94|q.|r...\0|h.|j...\0",  # memo; a high number would take as much memory
        rb"[N\x88\x89Rb\x93]|c[\w.]{1,40}\n\w{1,40}\n",  # constants, calls, names
        rb"\x80.|\x95.{8}",  # protocol, frames
        *(_build_pattern(opcode, 1) for opcode in (b"\x8c", b"C", b"U")),
        *(_build_pattern(opcode, 4) for opcode in (b"X", b"B", b"T")),
    ]
)
_OPCODES = re.compile(
    b"(?:%b%b){0,%d}+%b" % (_INTEGERS, _OTHER, _MOST_OTHERS, _INTEGERS), re.DOTALL
)
_ONE_MORE = re.compile(_OTHER, re.DOTALL)


def read_ragged(path: Path, name: str) -> list[Ids]:
    """The lists of non-negative integers in the object array `name` of an `.npz`.

    Returns:
        One array of shape (T,) for each list, T its length.

    Raises:
        ReviewsError: the file or the array is missing, damaged, hostile, or holds anything else.
    """
    with _explain_errors(path, name):
        file, (count,), dtype = _open_member(path, name)
        if dtype != np.object_:
            raise ReviewsError(f"holds {dtype}, not lists")
        content = file.read()
        lists = _unpickle(content)
        if len(lists) != count:
            raise ReviewsError(f"holds {len(lists):,} lists, but says {count:,}")
        _require_no_copies(lists, len(content))
        return [_convert_integers(item) for item in lists]


def read_integers(path: Path, name: str) -> npt.NDArray[np.integer]:
    """The plain integer array `name` of an `.npz`, shape (N,).

    Raises:
        ReviewsError: the file or the array is missing, damaged, or holds anything else.
    """
    with _explain_errors(path, name):
        file, (count,), dtype = _open_member(path, name)
        if dtype.kind not in "iu":
            raise ReviewsError(f"holds {dtype}, not integers")
        content = file.read()
        if len(content) != count * dtype.itemsize:
            raise ReviewsError("has a different size than it says")
        return np.frombuffer(content, dtype)


@contextlib.contextmanager
def _explain_errors(path: Path, name: str) -> Iterator[None]:
    """Turn any exception inside into one line about the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise ReviewsError(f"no file {path}: give the path of Keras's imdb.npz") from error
    except ReviewsError as error:
        raise ReviewsError(
            f"{path} is not like Keras's imdb.npz: {name} {error}. Get the file again"
        ) from error
    except Exception as error:  # a file can be damaged in any way
        reason = getattr(error, "strerror", None) or f"it is damaged at {name}, or no .npz file"
        raise ReviewsError(f"can't read {path}: {reason}. Get the file again") from error


def _open_member(path: Path, name: str) -> tuple[io.BytesIO, tuple[int], np.dtype[Any]]:
    """A file at the start of an array's content, and the shape and type from the array's header."""
    with open_regular(path) as opened, _open_archive(opened) as archive:
        if f"{name}.npy" not in archive.namelist():
            raise ReviewsError("is missing")
        member = archive.getinfo(f"{name}.npy")
        if member.compress_type not in _COMPRESSIONS:
            raise ReviewsError("is compressed in a way that NumPy doesn't use")
        with archive.open(member) as inside:
            content = inside.read(_MOST + 1)  # its declared size may be a lie
        if len(content) > _MOST:
            raise ReviewsError(f"has more than the {_MOST:,} bytes that are read")
        file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    with warnings.catch_warnings(action="ignore"):  # of headers that Python 2 wrote
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    if len(shape) != 1:
        raise ReviewsError(f"has {len(shape)} dimensions, not 1")
    return file, shape, dtype


def _open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """A zip archive whose list of members, which `zipfile` reads at once, is short."""
    bounded = Bounded(file, _MOST_LISTED, f"its list of members has over {_MOST_LISTED:,} bytes")
    archive = zipfile.ZipFile(bounded)
    bounded.left = 2 * _MOST
    return archive


def _unpickle(content: bytes) -> list[Any]:
    _require_opcodes(content)
    found = _Unpickler(io.BytesIO(content), encoding="latin1").load()
    lists = found.state[-1] if isinstance(found, _StandIn) else None
    if not isinstance(lists, list):
        raise ReviewsError("is a pickle of something other than an array")
    return lists


def _require_opcodes(content: bytes) -> None:
    """Reject other opcodes, and more than are needed.

    Most opcodes take memory, up to a hundred times their own size. An integer's takes a tenth of
    that, and the content's size limits it.
    """
    allowed = _OPCODES.match(content)
    end = allowed.end() if allowed else 0
    if _ONE_MORE.match(content, end):
        raise ReviewsError(
            f"has over {_MOST_OTHERS:,} opcodes other than those of integers, so it may be hostile"
        )
    if content[end:] != b".":
        raise ReviewsError("is a damaged pickle, or one of something other than lists of integers")


def _require_no_copies(lists: list[Any], size: int) -> None:
    """Reject references: a pickle can refer to one list many times, and each would be copied."""
    if not all(isinstance(item, list) for item in lists):
        raise ReviewsError("holds something other than lists of integers")
    total = sum(map(len, lists))
    if total > size:
        raise ReviewsError(f"holds {total:,} integers in {size:,} bytes, so it may be hostile")
    if len(set(map(id, lists))) < len(lists):
        raise ReviewsError("holds one list twice instead of a list for each review")


def _convert_integers(item: list[Any]) -> Ids:
    try:
        integers = np.asarray(array("i", item), np.int32)
    except (TypeError, OverflowError) as error:
        raise ReviewsError("holds a list of something other than word ranks") from error
    if integers.size and integers.min() < 0:
        raise ReviewsError("holds negative numbers")
    return integers
