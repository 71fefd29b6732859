"""JSON from a stranger is parsed within bounds, or refused."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.data.json_files import read_json

FILE = Path("file.json")
MOST = 2**24
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e300, 1e300) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@settings(deadline=None)
@given(PLAIN)
def test_plain_json_is_read(values: object) -> None:
    """What Python writes is read as Python reads it."""
    for ascii_only in (True, False):
        FILE.write_text(json.dumps(values, ensure_ascii=ascii_only), encoding="utf-8")
        assert read_json(FILE, MOST) == json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 100_000,
        b"[" + b"[]," * 2**19 + b"1]",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"-1e999",
        b"9" * 30,
        b"[-9223372036854775808]",
        b"9" * 5_000,
        b'"\x00"',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_could_do_harm_is_refused(content: bytes) -> None:
    """Nests, too many values, numbers that are not finite or too large, and no JSON at all."""
    FILE.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_json(FILE, MOST)


@pytest.mark.parametrize("content", [b"[" + b"[]," * 5_000_000 + b"1]", b"0" * (MOST + 1)])
def test_refusing_takes_little_memory(content: bytes) -> None:
    """A file of 15 MB that would become a gigabyte takes little more than its own size."""
    FILE.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises((ValueError, OSError)):
            read_json(FILE, MOST)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(content)
    finally:
        tracemalloc.stop()
