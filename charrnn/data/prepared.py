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
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from charrnn.data.files import open_regular, spell_plainly
from charrnn.data.json_files import require_few_values
from charrnn.data.reading import Reading, parse_reading
from charrnn.data.sources import Source
from charrnn.data.text import Text
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CharrnnError, CorpusError

START = 512
"""Where the ids begin."""

_TITLE = b"charrnn prepared text\n"
_FORMAT = b"format 1\n"
_DTYPES = {"uint8": "u1", "uint16": "<u2", "uint32": "<u4"}
_MOST_JSON = 2**26  # bytes: a million characters, their counts, and a path for each of many files
_MOST_VALUES = 3_000_000
_BLOCK = 2**22  # bytes that have a checksum
_DIGEST = re.compile("[0-9a-f]{64}")
_LONGEST = 255  # characters of a name


class Prepared(NamedTuple):
    """What such a file holds.

    Attributes:
        text: its ids are mapped.
        name: the text's short name.
        sources: the texts that it consists of.
        sha256: of its characters in UTF-8.
        reading: how the sources were read.
        state: whatever its writer compares to see whether the sources have changed.
    """

    text: Text
    name: str
    sources: tuple[Source, ...]
    sha256: str
    reading: Reading
    state: str = ""


def write_rest(file: BinaryIO, prepared: Prepared) -> None:
    """Complete a file in which the ids stand already, from byte `START` on.

    Raises:
        CorpusError: it has too many sources.
        OSError: the disk is full.
    """
    text = prepared.text
    end = START + text.ids.nbytes
    file.flush()
    values = {
        "vocabulary": text.vocabulary.characters,
        "counts": text.counts.tolist(),
        "dtype": text.ids.dtype.name,
        "crc32": [zlib.crc32(_read_block(file, block)) for block in _list_blocks(end)],
        "name": prepared.name,
        "sources": [[source.name, source.sha256] for source in prepared.sources],
        "sha256": prepared.sha256,
        "reading": asdict(prepared.reading),
        "state": prepared.state,
    }
    content = json.dumps(values).encode()
    if len(content) > _MOST_JSON:
        raise CorpusError("the names of so many files are too long to be kept: join some of them")
    file.seek(end)
    file.write(content)
    digest = hashlib.sha256(content).hexdigest()
    head = f"json {end} {len(content)}\nsha256 {digest}\n".encode()
    file.seek(0)
    file.write((_TITLE + _FORMAT + head).ljust(START, b"\0"))


def is_prepared(path: Path) -> bool:
    """Whether a file says of itself that it is a prepared text; nothing else is verified."""
    with contextlib.suppress(OSError), open_regular(path) as file:
        return file.read(len(_TITLE)) == _TITLE
    return False


def read_prepared(path: Path) -> Prepared:
    """Map a prepared text: nothing of it is in memory until it is looked at.

    Its ids are read through once: a network could not tell a wrong one. That they are those of
    the text with that SHA-256 is what its writer says.

    Raises:
        CorpusError: it is damaged, of another format, or no such file.
    """
    try:
        with open_regular(path) as file:
            return _map(file)
    except OSError as error:
        raise CorpusError(f"can't read {path}: {error.strerror}") from error
    except (CharrnnError, ValueError, TypeError, LookupError, ArithmeticError) as error:
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise CorpusError(
            f"{path} is damaged, or of another version: {reason}; prepare the text again"
        ) from error
    except RecursionError as error:
        raise CorpusError(f"{path} is no prepared text: prepare the text again") from error


def _map(file: BinaryIO) -> Prepared:
    content, end = _read_rest(file)
    values = json.loads(content)
    if not all(isinstance(values[name], str) for name in ("vocabulary", "name", "sha256", "state")):
        raise TypeError("texts are none")
    counts = np.array(values["counts"], np.int64)
    dtype = np.dtype(_DTYPES[values["dtype"]])
    vocabulary, length = Vocabulary(values["vocabulary"]), sum(values["counts"])
    fits = len(counts) == len(vocabulary) and counts.min() > 0
    if not fits or START + length * dtype.itemsize != end:
        raise ValueError("its counts don't fit its length")
    if not _DIGEST.fullmatch(values["sha256"]) or len(values["name"]) > _LONGEST:
        raise ValueError("its name or its hash is none")
    _check_ids(file, end, dtype, len(vocabulary), values["crc32"])
    text = Text(vocabulary, np.memmap(file, dtype, "r", START, (length,)), counts)
    return Prepared(
        text,
        spell_plainly(values["name"]),
        tuple(Source(str(name), str(sha256)) for name, sha256 in values["sources"]),
        values["sha256"],
        parse_reading(values["reading"]),
        values["state"],
    )


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


def _check_ids(file: BinaryIO, end: int, dtype: np.dtype[Any], size: int, sums: Any) -> None:
    """Raise unless all ids are as they were written, and those of `size` characters."""
    blocks = [*_list_blocks(end)]
    if not isinstance(sums, list) or len(sums) != len(blocks):
        raise ValueError("its checksums are none")

    def is_right(number: int) -> bool:
        content = _read_block(file, blocks[number])
        ids = np.frombuffer(content, dtype)
        return zlib.crc32(content) == sums[number] and int(ids.max()) < size

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # neither reading nor summing holds the GIL
        if not all(pool.map(is_right, range(len(blocks)))):
            raise ValueError("some of its ids are not those that were written")


def _list_blocks(end: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + _BLOCK, end)) for first in range(START, end, _BLOCK))


def _read_block(file: BinaryIO, block: tuple[int, int]) -> bytes:
    return os.pread(file.fileno(), block[1] - block[0], block[0])
