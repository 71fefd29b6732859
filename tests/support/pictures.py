"""Results to draw, and pictures that are looked at from outside."""

import struct
from pathlib import Path

from charrnn.runs.history import EpochResult

REVIEWS = [
    EpochResult(1, 0.60, 0.45, 1.0, 0.70, 0.80),
    EpochResult(2, 0.30, 0.40, 1.0, 0.88, 0.85),
    EpochResult(3, 0.10, 0.50, 1.0, 0.97, 0.86),
]
LANGUAGE = [EpochResult(1, 2.5, 2.25, 1.0), EpochResult(2, 2.0, 2.125, 1.0)]


def read_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, which must be a whole one."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", content[16:24])
    return width, height
