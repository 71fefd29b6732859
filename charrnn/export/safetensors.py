"""The safetensors format: arrays by name, in one file that holds nothing else.

https://github.com/huggingface/safetensors#format: 8 bytes with the length of a JSON header, the
header, the arrays one after another. What is read may be a stranger's: every number is checked
against the file's size before it is used.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.json_files import require_few_values

Array = npt.NDArray[Any]

MOST_HEADER = 2**20  # bytes: 100 layers have a thirtieth of it

_DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LENGTH = struct.Struct("<Q")
_ALIGNED = 8  # bytes


def pack_arrays(arrays: Mapping[str, Array], notes: Mapping[str, str]) -> bytes:
    """Make a file's bytes.

    Args:
        arrays: name to array of 16, 32 or 64 bit floats.
        notes: what else the file says of itself.
    """
    parts = {name: _to_plain(values) for name, values in arrays.items()}
    header: dict[str, Any] = {"__metadata__": dict(notes)}
    end = 0
    for name, values in parts.items():
        place = [end, end := end + values.nbytes]
        dtype = _NAMES[values.dtype.str]
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": place}
    line = json.dumps(header, separators=(",", ":")).encode()
    line = line.ljust(math.ceil(len(line) / _ALIGNED) * _ALIGNED)
    return b"".join([_LENGTH.pack(len(line)), line, *(part.tobytes() for part in parts.values())])


class Contents(NamedTuple):
    """What a file holds.

    Attributes:
        arrays: name to array, as views of the file's bytes, in the order of the header.
        notes: what else it says of itself.
    """

    arrays: dict[str, Array]
    notes: dict[str, Any]


def parse_arrays(data: bytes) -> Contents:
    """Read a file's bytes.

    Raises:
        ValueError: it is no safetensors file, or one of other numbers than floats.
    """
    if len(data) < _LENGTH.size:
        raise ValueError("it is too short")
    (length,) = _LENGTH.unpack_from(data)
    start = _LENGTH.size + length
    if length > MOST_HEADER or start > len(data):
        raise ValueError("its header does not lie within it, or is too long")
    entries = _parse_header(data[_LENGTH.size : start])
    notes = entries.pop("__metadata__", {})
    if not isinstance(notes, dict):
        raise ValueError("its notes are no object")  # noqa: TRY004 - of a file, not of an argument
    places: list[tuple[int, int]] = []
    arrays = {name: _view(data, start, entry, places) for name, entry in entries.items()}
    end = 0
    for begin, after in sorted(places):
        if begin != end:
            raise ValueError("its arrays overlap, or leave holes")
        end = after
    if start + end != len(data):
        raise ValueError("its arrays are not all of it")
    return Contents(arrays, notes)


def _to_plain(values: Array) -> Array:
    """The same numbers in the order of the file, little end first."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False)


def _parse_header(line: bytes) -> dict[str, Any]:
    text = line.decode()
    require_few_values(text)
    try:
        header = json.loads(text)
    except RecursionError as error:
        raise ValueError("its header is lists in lists in lists") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no object")  # noqa: TRY004 - of a file, not of an argument
    return header


def _view(data: bytes, start: int, entry: Any, places: list[tuple[int, int]]) -> Array:
    """The array that the header describes; its place is added to the others."""
    try:
        dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), entry["shape"]
        begin, end = entry["data_offsets"]
        numbers = [begin, end, *shape]
    except (KeyError, TypeError) as error:
        raise ValueError("an array is described in another way, or of other numbers") from error
    if any(type(number) is not int or not 0 <= number <= len(data) for number in numbers):
        raise ValueError("an array is larger than the file")
    count = math.prod(shape)
    if end - begin != count * dtype.itemsize or start + end > len(data):
        raise ValueError("an array does not lie where it should")
    places.append((begin, end))
    return np.frombuffer(data, dtype, count, start + begin).reshape(shape)
