"""Reviews that are read line by line."""

import os
from pathlib import Path

import pytest

from charrnn.cli.classify.lines import Lines
from charrnn.errors import ReviewsError


def test_a_document_is_no_lines() -> None:
    """A PDF is named, though its first lines are ASCII."""
    Path("film.txt").write_bytes(b"%PDF-1.4\n1 0 obj\n")
    with pytest.raises(ReviewsError, match=r"^film\.txt is a PDF document, no plain text: save"):
        next(Lines(Path("film.txt")))


def test_lines_before_a_broken_one() -> None:
    """Lines are given as soon as they have arrived; one that is not UTF-8 is then named."""
    read, write = os.pipe()
    with os.fdopen(write, "wb", buffering=0) as writer:
        chunks = Lines(Path(f"/dev/fd/{read}"))
        writer.write(b"a\nb\nhal")
        assert next(chunks) == ["a", "b"]
        writer.write(b"f\nc\xe9\nd\n")
        assert next(chunks) == ["half"]
        with pytest.raises(ReviewsError, match="line 4 of"):
            next(chunks)
    os.close(read)
