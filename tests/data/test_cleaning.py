"""Line ends and typography made plain, against `re` and `str.translate` on the whole text."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.data.cleaning import Cleaner

PLAIN: dict[str, str | int | None] = {
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("“”„‟", '"'),
    **dict.fromkeys("‐‑‒–", "-"),
    **dict.fromkeys("—―", "--"),
    "…": "...",
    **dict.fromkeys(map(chr, (0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F)), " "),
    **dict.fromkeys("\v\f\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
}
ODD = "".join(PLAIN)
KEPT = "«»'\"-\t\n \u3000\u200c\u200dé水😀\ud83d"
pieces = st.lists(st.text(st.sampled_from("\r\r\n\nab" + ODD + KEPT), max_size=8), max_size=6)


def clean(given: list[str], newlines: str = "keep", *, clean: bool = False) -> tuple[str, Cleaner]:
    cleaner = Cleaner(newlines, clean=clean)
    return "".join([*map(cleaner.add, given), cleaner.finish()]), cleaner


@given(pieces)
def test_nothing_is_changed_unasked(given: list[str]) -> None:
    """A text is kept as it is by default."""
    text, cleaner = clean(given)
    assert text == "".join(given)
    assert not cleaner.counts


@given(pieces)
def test_line_ends_become_line_feeds(given: list[str]) -> None:
    """CR LF, also across two pieces, and CR become LF; all else is kept."""
    whole = "".join(given)
    text, cleaner = clean(given, "unix")
    assert text == re.sub("\r\n|\r", "\n", whole)
    assert cleaner.counts["line end"] == len(re.findall("\r\n|\r", whole))
    assert set(cleaner.counts) <= {"line end"}


@given(pieces)
def test_typography_becomes_plain(given: list[str]) -> None:
    """What word processors write is made plain in any piece, and each change is counted."""
    whole = re.sub("\r\n|\r", "\n", "".join(given))
    text, cleaner = clean(given, clean=True)
    assert text == whole.translate(str.maketrans(PLAIN))
    line_ends = len(re.findall("\r\n|\r", "".join(given)))
    assert cleaner.counts.total() == sum(map(whole.count, ODD)) + line_ends


@pytest.mark.parametrize(
    ("odd", "plain", "counts"),
    [
        ("“Don’t”", '"Don\'t"', {"quote": 3}),
        ("1914–18 — a war‑time…", "1914-18 -- a war-time...", {"dash": 3, "ellipsis mark": 1}),
        ("a\u00a0b\u2003c", "a b c", {"space": 2}),
        ("one\vtwo\fthree\r\n", "one\ntwo\nthree\n", {"line end": 3}),
        ("hy\u00adphen\ufeff", "hyphen", {"invisible character": 2}),
        ("« élan » 30\u3000°", "« élan » 30\u3000°", {}),
    ],
)
def test_what_is_plain(odd: str, plain: str, counts: dict[str, int]) -> None:
    """Some texts that people have."""
    text, cleaner = clean([odd], clean=True)
    assert (text, cleaner.counts) == (plain, Counter(counts))
