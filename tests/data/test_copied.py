"""Copied stretches against plain Python, which looks for every piece in the whole source."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charrnn.data import copied
from charrnn.data.copied import CopiedStretch, find_copies
from charrnn.data.text import Text


def find_plainly(text: str, source: str, shortest: int) -> tuple[list[CopiedStretch], float]:
    """What `find_copies` promises, by `in` and `find` alone."""
    stretches, inside = [], [False] * len(text)
    for start in range(len(text)):
        end = start
        while end < len(text) and text[start : end + 1] in source:
            end += 1
        longer_before = start and text[start - 1 : end] in source
        if end - start < shortest or longer_before:
            continue
        piece = text[start:end]
        places = [at for at in range(len(source)) if source.startswith(piece, at)]
        line = source.count("\n", 0, places[0]) + 1
        stretches.append(CopiedStretch(start, end - start, places[0], line, len(places)))
        inside[start:end] = [True] * len(piece)
    return stretches, sum(inside) / len(text) if text else 0.0


texts = st.text(st.sampled_from("abx\n"), max_size=40)
sources = st.text(st.sampled_from("ab\n"), min_size=1, max_size=40)


@pytest.mark.slow
@given(texts, sources, st.integers(1, 6))
@settings(max_examples=80, deadline=None)
@example("", "ab", 1)
@example("ab", "ab", 3)
@example("aaaaaaa", "aaa", 2)
@example("xxx", "ab", 1)
@example("abcabc", "abc", 3)
@example("the cat sat", "cat sat on the cat", 3)
def test_stretches_are_those_of_plain_python(text: str, source: str, shortest: int) -> None:
    """Every stretch that can't be longer is found, with its first place and how many there are."""
    found = find_copies(text, Text.of(source), shortest)
    stretches, share = find_plainly(text, source, shortest)
    assert found.stretches == stretches
    assert found.share == pytest.approx(share)


def test_a_long_text_and_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that lie across the blocks that a source is searched in are found too."""
    random = np.random.default_rng(3)
    source = "".join(random.choice([*"abcd\n"], 70_000 * 2))
    pieces = [source[at : at + 50] for at in (0, 65_510, 65_536, 131_060, len(source) - 50)]
    found = find_copies("X".join(pieces), Text.of(source), 30)
    assert [one.offset for one in found.stretches] == [0, 65_510, 65_536, 131_060, 139_950]
    assert [one.start for one in found.stretches] == [0, 51, 102, 153, 204]
    assert {(one.length, one.times) for one in found.stretches} == {(50, 1)}
    for one in found.stretches:
        assert one.line == source[: one.offset].count("\n") + 1
    assert found.share == 250 / 254
    monkeypatch.setattr(copied, "_MOST_PLACES", 3)
    (one,) = find_copies("ab" * 5, Text.of("ab" * 100), 4).stretches
    assert (one.length, one.offset, one.times) == (10, 0, 3)


def test_pieces_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The characters themselves are compared, whatever the hashes say."""
    hash_pieces = copied._hash_pieces

    def hash_badly(codes: copied.Hashes, size: int) -> copied.Hashes:
        hashes: copied.Hashes = hash_pieces(codes, size) >> np.uint64(62)
        return hashes

    monkeypatch.setattr(copied, "_hash_pieces", hash_badly)
    random = np.random.default_rng(3)
    text, source = ("".join(random.choice([*"abc\n"], 200)) for _ in range(2))
    found = find_copies(text, Text.of(source), 5)
    assert (found.stretches, found.share) == find_plainly(text, source, 5)
    assert found.stretches
