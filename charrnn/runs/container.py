"""Files that are HDF5 for Keras, and that this program reads without HDF5.

HDF5 reads some files forever, some bring the process down, and some make it open others. Its format
lets a program keep a block of its own at the file's start, which other readers pass over. Ours
holds all that a reader needs:

    what the file is
    format NUMBER
    sha256 DIGEST of all that follows this line
    {"content": ..., "arrays": {NAME: [DTYPE, SHAPE, OFFSET], ...}}

An array lies in the file as one piece from OFFSET on. Numbers are checked against the file's size
before they are used, and the last line is bounded so that parsing it takes little memory.
"""

import contextlib
import hashlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.files import open_regular, take_fingerprint
from charrnn.data.json_files import require_few_values
from charrnn.errors import CharrnnError, CheckpointError
from charrnn.runs.atomic import write_atomically

_SMALLEST = 512  # bytes of the block, a power of two for HDF5
_HEADER = 256  # bytes, more than the first three lines have
_OFFSET = 20  # characters of the longest offset
_MOST_JSON = 3 * 2**23  # bytes: 250,000 words of 16 letters that take 6 bytes each, as Cyrillic
_DTYPES = ("<f4", "<f8", "|i1", "<i4", "<i8", "<u4", "<u8")
_LONGEST = 150  # characters of a reason
_HDF5 = b"\x89HDF\r\n\x1a\n"

Array = npt.NDArray[Any]


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        content: what JSON can hold.
        arrays: name to array; reading gives views of the file's bytes, which can't be written to.
        size: the file's, in bytes.
        fingerprint: of the file that was read, by `charrnn.data.files.take_fingerprint`.
    """

    content: Any
    arrays: Mapping[str, Array]
    size: int
    fingerprint: tuple[int, ...]


def write(path: Path, title: str, version: int, content: Any, arrays: Mapping[str, Array]) -> None:
    """Write a file whole or not at all.

    Args:
        path: the file to create or replace.
        title: what the file is, in a word or two.
        version: the number of its format.
        content: what JSON can hold.
        arrays: HDF5 path to array.

    Raises:
        CheckpointError: the content is too large to be read again.
        OSError: the disk is full or the folder can't be written; `path` is untouched then.
    """
    try:
        packed = pack(title, version, content, arrays)
    except ValueError as error:
        raise CheckpointError(
            f"{path} can't be written: its vocabulary or history is too large; choose a smaller "
            "`max_words`, or fewer `epochs`"
        ) from error
    write_atomically(path, packed)


def pack(title: str, version: int, content: Any, arrays: Mapping[str, Array]) -> memoryview:
    """Make a file's bytes; arguments as in `write`.

    Raises:
        ValueError: the content is too large to be read again.
    """
    import h5py  # which reading does without

    plain = {name: np.asarray(values) for name, values in arrays.items()}
    file = io.BytesIO()
    longest = _describe(content, dict.fromkeys(plain, 10 ** (_OFFSET - 1)), plain)
    _decode(longest)
    block = max(_SMALLEST, 2 ** math.ceil(math.log2(_HEADER + len(longest))))
    with h5py.File(file, "w", userblock_size=block) as opened:
        for name, values in plain.items():
            opened.create_dataset(name, data=values.astype(values.dtype.newbyteorder("<")))
        offsets = {name: opened[name].id.get_offset() or 0 for name in plain}
    buffer = file.getbuffer()
    text = _describe(content, offsets, plain)
    start = f"{title}\nformat {version}\nsha256 ".encode()
    after = len(start) + 2 * hashlib.sha256().digest_size + 1
    buffer[after : after + len(text)] = text
    digest = hashlib.sha256(buffer[after:]).hexdigest()
    buffer[:after] = start + f"{digest}\n".encode()
    return buffer


def read(path: Path, title: str, version: int) -> Contents:
    """Read a file, once it has proved to be whole.

    Args:
        path: the file.
        title: what it must be.
        version: the number of the format that the caller reads.

    Raises:
        CheckpointError: it is missing, no regular file, damaged, something else, or of another
            format.
    """
    data, fingerprint = _read_bytes(path, title)
    start = _measure_start(path, data[:_HEADER], version)
    digest = hashlib.sha256(memoryview(data)[start.after :]).hexdigest()
    if start.checksum != f"sha256 {digest}".encode():
        raise CheckpointError(f"{path} is damaged: its checksum is wrong; use another one")
    with _name_json_damage(path):
        return _parse(data, start.after, fingerprint)


def read_content(path: Path, title: str, version: int) -> Any:
    """Read what JSON holds, and pass over the arrays: quick, however large the file is.

    The checksum is not verified: damage to an array does not show, only that it is cut off.

    Args:
        path: the file.
        title: what it must be.
        version: the number of the format that the caller reads.

    Raises:
        CheckpointError: as `read`.
    """
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        header = file.read(_HEADER)
        _check_title(path, header, title)
        file.seek(_measure_start(path, header, version).after)
        line = file.readline(_MOST_JSON + 1)
    with _name_json_damage(path):
        values = json.loads(_decode(line))
        for described in dict(values["arrays"]).values():
            _measure_array(size, *described)
        return values["content"]


def read_title(path: Path) -> str:
    """What a file says that it is; nothing of what follows is verified.

    Raises:
        CheckpointError: it can't be read.
    """
    with _open(path) as file:
        return file.read(_HEADER).split(b"\n")[0].decode(errors="replace")


def is_ours(path: Path) -> bool:
    """Whether a file says of itself that this program wrote it; nothing else is verified."""
    with contextlib.suppress(CheckpointError):
        return read_title(path).startswith("charrnn ")
    return False


@contextlib.contextmanager
def name_damage(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file's content into a `CheckpointError`."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{path} is damaged inside: {explain(error)}") from error


def explain(error: Exception) -> str:
    """Why a file's content can't be used, in few words: it may quote what a stranger wrote."""
    has_reason = isinstance(error, CharrnnError | ValueError)
    reason = str(error) if has_reason else type(error).__name__
    reason = reason if reason.isprintable() else ascii(reason)[1:-1]  # line feeds, say
    return reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}..."


def _describe(content: Any, offsets: Mapping[str, int], arrays: Mapping[str, Array]) -> bytes:
    """The block's last line."""
    listed = {
        name: [values.dtype.newbyteorder("<").str, values.shape, offsets[name]]
        for name, values in arrays.items()
    }
    return json.dumps({"content": content, "arrays": listed}).encode() + b"\n"


def _open(path: Path) -> BinaryIO:
    """Open a regular file."""
    try:
        return open_regular(path)
    except FileNotFoundError as error:
        raise CheckpointError(f"no file {path}") from error
    except OSError as error:
        raise CheckpointError(f"can't read {path}: {error.strerror}") from error


def _read_bytes(path: Path, title: str) -> tuple[bytes, tuple[int, ...]]:
    """The file's bytes, if it begins with the title, and its fingerprint."""
    with _open(path) as file:
        _check_title(path, file.read(_HEADER), title)
        file.seek(0)
        state = os.fstat(file.fileno())
        content = file.read(state.st_size)  # without a size it would be copied
        return content, take_fingerprint(state)


def _check_title(path: Path, header: bytes, title: str) -> None:
    """Raise unless a file's first line is the title."""
    found = header.split(b"\n")[0]
    if found != title.encode():
        raise CheckpointError(f"{path} is not a {title}{_guess(header, found)}")


class _Start(NamedTuple):
    """A file's third line, and where what follows it begins."""

    checksum: bytes
    after: int


def _measure_start(path: Path, header: bytes, version: int) -> _Start:
    """What stands before a file's JSON, if it is of the right format."""
    found = [*header.split(b"\n"), b"", b""][:3]
    if found[1] != f"format {version}".encode():
        raise CheckpointError(f"{path} is of {_name_age(found[1], version)}")
    return _Start(found[2], sum(len(line) + 1 for line in found))


@contextlib.contextmanager
def _name_json_damage(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file's JSON into a `CheckpointError`."""
    try:
        yield
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged inside: {type(error).__name__}") from error


def _decode(line: bytes) -> str:
    """A line of JSON, if parsing it takes little memory; what is not ASCII could take more."""
    if len(line) > _MOST_JSON:
        raise ValueError(f"over {_MOST_JSON:,} bytes")
    text = line.decode("ascii")
    require_few_values(text)
    return text


def _parse(data: bytes, start: int, fingerprint: tuple[int, ...]) -> Contents:
    values = json.loads(_decode(data[start : data.index(b"\n", start, start + _MOST_JSON)]))
    arrays = {name: _view(data, *described) for name, described in dict(values["arrays"]).items()}
    if sum(array.nbytes for array in arrays.values()) > len(data):
        raise ValueError("arrays share their place")
    return Contents(values["content"], arrays, len(data), fingerprint)


def _view(data: bytes, dtype: str, shape: list[int], offset: int) -> Array:
    count = _measure_array(len(data), dtype, shape, offset)
    return np.frombuffer(data, dtype, count, offset).reshape(shape)


def _measure_array(size: int, dtype: str, shape: list[int], offset: int) -> int:
    """How many numbers an array has that lies in a file of `size` bytes."""
    numbers = [offset, *shape]
    if dtype not in _DTYPES or any(type(n) is not int or not 0 <= n <= size for n in numbers):
        raise ValueError("an array is of another kind, or larger than the file")
    count = math.prod(shape)
    if offset + count * np.dtype(dtype).itemsize > size:
        raise ValueError("an array does not lie within the file")
    return count


def _name_age(found: bytes, version: int) -> str:
    if found in {f"format {older}".encode() for older in range(1, version)}:
        return "an earlier version of charrnn, before its first release: train again"
    return "another, probably newer, format: upgrade charrnn"


def _guess(start: bytes, found: bytes) -> str:
    """What else the file may be, by its beginning."""
    if start.startswith(_HDF5):
        return ": another program's HDF5 file has no vocabulary or settings"
    name = found.decode(errors="replace")
    if name.startswith("charrnn ") and name.isprintable():
        return f" but a {name}"
    return "" if start else ": it is empty"
