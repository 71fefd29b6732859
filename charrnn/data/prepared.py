"""A text that was prepared: the ids of its characters in a file, to be mapped instead of read.

    charrnn prepared text
    format 1
    json PLACE LENGTH
    sha256 DIGEST of the JSON

stands at the file's start, the ids begin at byte 512, in little-endian numbers of 1, 2 or 4 bytes,
and the JSON follows them: what they are is known once they are written.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from charrnn.data.files import open_regular
from charrnn.data.json_files import require_few_values
from charrnn.data.sources import Source
from charrnn.data.text import Text
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CharrnnError, CorpusError

START = 512
"""Where the ids begin."""

_TITLE = b"charrnn prepared text\n"
_FORMAT = b"format 1\n"
_DTYPES = {"uint8": "u1", "uint16": "<u2", "uint32": "<u4"}
_MOST_JSON = (
    2**26
)  # bytes: a million characters of 12 bytes, their counts, and a path for each file
_MOST_VALUES = 3_000_000
_BLOCK = 2**22  # bytes that are checked at a time


class Prepared(NamedTuple):
    """What such a file holds.

    Attributes:
        text: its ids are mapped.
        name: the text's short name.
        sources: the texts that it consists of.
        sha256: of its characters in UTF-8.
    """

    text: Text
    name: str
    sources: tuple[Source, ...]
    sha256: str


def write_rest(file: BinaryIO, prepared: Prepared) -> None:
    """Complete a file in which the ids stand already, from byte `START` on.

    Raises:
        OSError: the disk is full.
    """
    text = prepared.text
    values = {
        "vocabulary": text.vocabulary.characters,
        "counts": text.counts.tolist(),
        "dtype": text.ids.dtype.name,
        "name": prepared.name,
        "sources": [[source.name, source.sha256] for source in prepared.sources],
        "sha256": prepared.sha256,
    }
    content = json.dumps(values).encode()
    place = START + text.ids.nbytes
    file.seek(place)
    file.write(content)
    digest = hashlib.sha256(content).hexdigest()
    head = f"json {place} {len(content)}\nsha256 {digest}\n".encode()
    file.seek(0)
    file.write((_TITLE + _FORMAT + head).ljust(START, b"\0"))


def is_prepared(path: Path) -> bool:
    """Whether a file says of itself that it is a prepared text; nothing else is verified."""
    with contextlib.suppress(OSError), open_regular(path) as file:
        return file.read(len(_TITLE)) == _TITLE
    return False


def read_prepared(path: Path) -> Prepared:
    """Map a prepared text: nothing of it is in memory until it is looked at.

    Its ids are read through once, since a network could not tell a wrong one.

    Raises:
        CorpusError: it is damaged, of another format, or no such file.
    """
    try:
        with open_regular(path) as file:
            return _map(file)
    except OSError as error:
        raise CorpusError(f"can't read {path}: {error.strerror}") from error
    except (CharrnnError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise CorpusError(
            f"{path} is damaged, or of another version: {reason}; prepare the text again"
        ) from error


def _map(file: BinaryIO) -> Prepared:
    content, end = _read_rest(file)
    values = json.loads(content)
    counts = np.array(values["counts"], np.int64)
    dtype = np.dtype(_DTYPES[values["dtype"]])
    if not isinstance(values["vocabulary"], str):
        raise TypeError("its characters are none")
    vocabulary, length = Vocabulary(values["vocabulary"]), sum(values["counts"])
    if len(counts) != len(vocabulary) or START + length * dtype.itemsize != end:
        raise ValueError("its counts don't fit its length")
    _check_ids(file, end, dtype, len(vocabulary))
    text = Text(vocabulary, np.memmap(file, dtype, "r", START, (length,)), counts)
    sources = tuple(Source(str(name), str(sha256)) for name, sha256 in values["sources"])
    return Prepared(text, str(values["name"]), sources, str(values["sha256"]))


def _read_rest(file: BinaryIO) -> tuple[str, int]:
    """The JSON, once it has proved to be whole, and where it begins."""
    size = os.fstat(file.fileno()).st_size
    lines = file.read(START).split(b"\n")
    if lines[:2] != [_TITLE.strip(), _FORMAT.strip()]:
        raise ValueError("its beginning is another")
    place, length = (int(word) for word in lines[2].decode().removeprefix("json ").split())
    if not (place > START and 0 < length <= _MOST_JSON and place + length == size):
        raise ValueError("it is cut off")
    file.seek(place)
    content = file.read(length)
    if lines[3] != f"sha256 {hashlib.sha256(content).hexdigest()}".encode():
        raise ValueError("its checksum is wrong")
    text = content.decode("ascii")
    require_few_values(text, _MOST_VALUES)
    return text, place


def _check_ids(file: BinaryIO, end: int, dtype: np.dtype[Any], size: int) -> None:
    """Raise unless all ids are those of `size` characters, which some numbers can't help being."""
    if size > np.iinfo(dtype).max:
        return
    file.seek(START)
    buffer = np.empty(_BLOCK // dtype.itemsize, dtype)
    left = (end - START) // dtype.itemsize
    while left:
        read = buffer[: min(left, len(buffer))]
        if file.readinto(read) != read.nbytes or read.max() >= size:  # type: ignore[attr-defined]
            raise ValueError("some of its ids are no characters")
        left -= len(read)
