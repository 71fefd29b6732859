"""Safetensors: what the format's own package writes and reads, within bounds."""

import json
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from charrnn.export.safetensors import MOST_HEADER, Array, pack_arrays, parse_arrays

ARRAYS: dict[str, Array] = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "a": np.array([0.5, -1.25], np.float64),
    "none": np.zeros((0, 3), np.float32),
    "half": np.array(7, np.float16),
    "big": np.array([1.5, 2.5], ">f4"),
}


def test_the_package_reads_what_we_write() -> None:
    """Names, shapes, types and numbers arrive."""
    found = load(pack_arrays(ARRAYS, {"format": "keras"}))
    assert set(found) == set(ARRAYS)
    for name, values in ARRAYS.items():
        assert np.array_equal(found[name], values)
        assert found[name].dtype == values.dtype.newbyteorder("<")


def test_we_read_what_the_package_writes() -> None:
    """Numbers arrive as they were, in the order that the header has."""
    plain = {name: np.ascontiguousarray(values) for name, values in ARRAYS.items() if name != "big"}
    found, notes = parse_arrays(save(plain, {"note": "x"}))
    assert notes == {"note": "x"}
    assert set(found) == set(plain)
    for name, values in plain.items():
        assert np.array_equal(found[name], values)
        assert found[name].dtype == values.dtype
    assert list(parse_arrays(pack_arrays(ARRAYS, {})).arrays) == list(ARRAYS)


def make_file(header: Any, numbers: bytes = b"\0" * 8) -> bytes:
    line = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(line)) + line + numbers


def describe(**changes: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\0\0",
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 100) + b"{}",
        struct.pack("<Q", MOST_HEADER + 1) + b" " * (MOST_HEADER + 1),
        make_file(b"{"),
        make_file(b"\xff\xff"),
        make_file(b"[" * 100_000),
        make_file(b'{"a":' * 100_000),
        make_file([1, 2]),
        make_file({"__metadata__": []}, b""),
        make_file({"a": None}),
        make_file({"a": {"dtype": "F32"}}),
        make_file(describe(dtype="I64", shape=[1])),
        make_file(describe(dtype=[])),
        make_file(describe(shape=2)),
        make_file(describe(shape=[2.0])),
        make_file(describe(shape=[True, 2])),
        make_file(describe(shape=[-1, -2])),
        make_file(describe(shape=[2**62, 4])),
        make_file(describe(shape=[1])),
        make_file(describe(data_offsets=[0])),
        make_file(describe(data_offsets=[4, 12])),
        make_file(describe(data_offsets=[-8, 0])),
        make_file(describe(), b"\0" * 4),
        make_file(describe(), b"\0" * 12),
        make_file(describe() | {"b": describe()["a"]}),
        make_file(describe(data_offsets=[4, 12]), b"\0" * 12),
    ],
)
def test_damage_is_refused(data: bytes) -> None:
    """Sizes that don't fit the file, arrays that overlap or leave holes, and what is no JSON."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_arrays(data)


def test_a_mutated_file_is_read_or_refused() -> None:
    """Whatever bytes change, nothing but a ValueError comes of it."""
    chance = random.Random(0)
    whole = pack_arrays(ARRAYS, {})
    outcomes = set()
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 5))):
            data[chance.randrange(min(len(data), 400))] = chance.choice(b'0129{}[]",:Fab\xff\0')
        try:
            parse_arrays(bytes(data))
            outcomes.add("read")
        except ValueError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_an_empty_folder_of_arrays_is_a_file(tmp_path: Path) -> None:
    """No arrays at all are no damage."""
    (tmp_path / "x").write_bytes(pack_arrays({}, {}))
    assert parse_arrays((tmp_path / "x").read_bytes()) == ({}, {})
