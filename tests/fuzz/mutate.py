"""Changes to a file of ours that only someone who knows its format would make."""

import hashlib
import json
import math
import re
import struct
from collections.abc import Callable
from random import Random
from typing import Any

_STARTS = (b"", b"\x89HDF\r\n\x1a\n", b"charrnn classifier", b"charrnn resume file", b"PK\3\4")
_FORMATS = (b"format 1", b"format 3", b"format", b"", b"format 2 ", b"format \xb2", b"x" * 400)
_NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 7, 64, 100, 101, 511, 512, 2**16, 10**6, 2**20, 2**31 - 1, 2**31, 2**32),
    *(4096, 2**14, 20_000),
    *(2**53, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63), 10**21, 10**400, 10**4000),
    *(0.0, -0.0, 0.5, 1.5, 1e-320, 1e308, -1e308, math.nan, math.inf, -math.inf),
)
_TEXTS = (
    *("", "a", "lstm", "gru", "rnn", "none", "average", "words", "subwords", "before", "last"),
    *("\0", "\n", "\x1b[2J\x1b]0;x\7", "\u202e", "\ud83d", "\udcff", "\U0001f600", "x" * 100_000),
    *("/dev/zero", "/etc/passwd", "../" * 40, "file:///etc/passwd", "-", "__class__", "<f4", "O"),
)
_LITERALS = (
    *(b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5_000, b"1e999999", b"-", b"NaN", b"1E-5000"),
    *(b"\0", b"\xff\xfe", b'"\\ud800"', b'"\\u0000"', b"\n", b"true", b"null", b'"', b"\\"),
    *(b"[]," * 200_000, b'"",' * 200_000, b"[0," * 900, b"{}" * 1_000, b" " * 1_000_000),
)
_DTYPES = ("<f8", "<i4", "|i1", ">f4", "O", "<U9", "<f4,<f4", "V8", "<M8[s]", 4, None)
_LARGEST = 30_000_000  # bytes of a file
_LONGEST = 1_000_000  # bytes of a description that is still changed value by value
_LOOKED_AT = 100_000  # bytes of a text that an earlier change may have made long
_FLOATS = (math.nan, math.inf, -math.inf, 3.4e38, -3.4e38, 1e-45, 0.0, 1e30)


def mutate(content: bytes, random: Random) -> bytes:
    """Change a file in one to three places; in most cases its checksum is right."""
    changes = random.choices(
        [_change_values, _change_places, _change_text, _change_arrays, _change_size],
        weights=[6, 2, 2, 2, 1],
        k=random.choice((1, 1, 1, 2, 3)),
    )
    for change in changes:
        content = change(content, random)[:_LARGEST]
    return _change_header(content, random) if random.random() < 1 / 12 else _seal(content)


def _seal(content: bytes) -> bytes:
    title, form, _, rest = _split(content)
    digest = hashlib.sha256(rest).hexdigest().encode()
    return b"\n".join((title, form, b"sha256 " + digest, rest))


def _split(content: bytes) -> list[bytes]:
    """The three lines, and the rest; a line that a change removed is empty."""
    return [*content.split(b"\n", 3), b"", b"", b""][:4]


def _change_header(content: bytes, random: Random) -> bytes:
    parts = _split(content)
    place = random.randrange(3)
    others = (_STARTS, _FORMATS, (b"sha256 ", b"sha256 " + b"0" * 64, b"\xff" * 300))[place]
    parts[place] = random.choice(others)
    return b"\n".join(parts)


def _change_description(
    content: bytes, random: Random, change: Callable[[Any, Random], None]
) -> bytes:
    """Change the description's values, unless an earlier change broke it or made it very long."""
    text = _find_text(content)
    if len(text) > _LONGEST:
        return content
    try:
        values = json.loads(text)
        change(values, random)
        changed = json.dumps(values).encode()
    except (ValueError, RecursionError, KeyError, TypeError, IndexError):
        return content
    return _replace_text(content, text, changed, random)


def _change_values(content: bytes, random: Random) -> bytes:
    """Replace, remove, add or move values anywhere in the description."""
    return _change_description(content, random, _change_nodes)


def _change_places(content: bytes, random: Random) -> bytes:
    """Change what is said of an array: its type, its shape, where it is; or of all of them."""
    return _change_description(content, random, _move_arrays)


def _change_nodes(values: Any, random: Random) -> None:
    for _ in range(random.choice((1, 1, 2, 5))):
        _change_node(values, random)


def _change_node(values: Any, random: Random) -> None:
    """Walk to a random list or object, and change one of its members."""
    node = values
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = random.choice(keys)
        if not isinstance(node[key], dict | list) or random.random() < 1 / 8:
            break
        node = node[key]
    kind = random.randrange(6)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, dict):
        node[random.choice(_TEXTS)] = node[key]
    elif kind == 1:
        many = 1000 if isinstance(node[key], int) else 2
        node.extend([node[key]] * random.choice((1, many)))
    elif kind == 2:
        node[key] = node[random.choice(keys)]
    else:
        node[key] = _make_value(node[key], random)


def _make_value(old: Any, random: Random) -> Any:
    """Another value, most often of the same type."""
    if isinstance(old, bool) or random.random() < 1 / 6:
        return random.choice((None, True, False, [], {}, [[]], {"a": 1}, [1, "a"], old and [old]))
    if isinstance(old, int | float) and random.random() < 1 / 2:
        return old + random.choice((-1, 1, old, -2 * old))
    if isinstance(old, str) and old and random.random() < 1 / 3:
        long = old[:10] * 10_000
        return random.choice((old + old[:100], old[1:], old[::-1], long, old + "\ud800"))
    return random.choice(_TEXTS if isinstance(old, str) else _NUMBERS)


def _move_arrays(values: Any, random: Random) -> None:
    arrays = values["arrays"]
    for name in random.sample(sorted(arrays), random.choice((1, len(arrays)))):
        _change_place(arrays, name, random)


def _change_place(arrays: dict[str, Any], name: str, random: Random) -> None:
    dtype, shape, offset = arrays[name]
    kind = random.randrange(5)
    if kind == 0:
        dtype = random.choice(_DTYPES)
    elif kind == 1:
        shape = [_make_value(length, random) for length in shape]
    elif kind == 2:
        few = [length for length in shape[:4] if isinstance(length, int)]
        shape = random.choice(([], shape[::-1], [*shape, 1], [math.prod(few)], few * 40))
    elif kind == 3:
        offset = random.choice((0, 512, offset + 1, offset - 4, *_NUMBERS))
    else:
        other = random.choice(sorted(arrays))
        arrays[name + "x"] = arrays[other]
    arrays[name] = [dtype, shape, offset]


def _change_text(content: bytes, random: Random) -> bytes:
    """Put anything anywhere into the description, which may be no JSON any more."""
    text = _find_text(content)
    tokens = [match.start() for match in re.finditer(rb'[\[\]{},:"]|\d+', text[:_LOOKED_AT])] or [0]
    place = random.choice(tokens)
    length = random.choice((0, 1, 1, 5, 1000))
    literal = random.choice(_LITERALS) if random.random() < 1 / 2 else random.randbytes(3)
    if random.random() < 1 / 20:
        literal *= 20
    return _replace_text(content, text, text[:place] + literal + text[place + length :], random)


def _change_arrays(content: bytes, random: Random) -> bytes:
    """Write numbers over numbers, or bytes over anything after the description."""
    start = content.find(_find_text(content)) + len(_find_text(content)) + 1
    changed = bytearray(content)
    for _ in range(random.choice((1, 3, 100))):
        place = random.randrange(start, max(start + 1, len(content) - 4))
        new = struct.pack("<f", random.choice(_FLOATS)) if random.random() < 3 / 4 else b"\xff" * 4
        changed[place : place + 4] = new
    return bytes(changed)


def _change_size(content: bytes, random: Random) -> bytes:
    """Cut the file off, or add to it."""
    if random.random() < 2 / 3:
        return content[: random.randrange(len(content) + 1)]
    return content + random.randbytes(random.choice((1, 512, 100_000)))


def _find_text(content: bytes) -> bytes:
    return _split(content)[3].split(b"\n", 1)[0]


def _replace_text(content: bytes, old: bytes, new: bytes, random: Random) -> bytes:
    """Put another description in its place; if it is longer, over what follows or before it."""
    start = len(content) - len(_split(content)[3])
    if len(new) <= len(old):
        new = new.ljust(len(old))
    elif random.random() < 1 / 4:
        return content[:start] + new + content[start + len(old) :]
    return content[:start] + new + b"\n" + content[start + len(new) + 1 :]
