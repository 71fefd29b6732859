"""The table of UTF-8 against Python's own encoder and decoder."""

import numpy as np
import numpy.typing as npt
import pytest

from charrnn.data.utf8 import FORBIDDEN, NEXT_STATE, START, begins_character

SURROGATES = range(0xD800, 0xE000)
LENGTHS = {
    1: range(0x80),
    2: range(0x80, 0x800),
    3: range(0x800, 0x10000),
    4: range(0x10000, 0x110000),
}


def encode_all(length: int) -> npt.NDArray[np.uint8]:
    """The bytes of all characters of so many, by Python: (characters, length)."""
    characters = "".join(chr(code) for code in LENGTHS[length] if code not in SURROGATES)
    return np.frombuffer(characters.encode(), np.uint8).reshape(-1, length)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_character_is_allowed_and_nothing_else(length: int) -> None:
    """The table leads through each character's bytes and back; and it has no more such paths."""
    encoded = encode_all(length)
    states = np.full(len(encoded), START)
    for place in range(length):
        assert not place or START not in states
        states = NEXT_STATE[states, encoded[:, place]]
        assert FORBIDDEN not in states
    assert set(states.tolist()) == {START}

    paths = {START: 1}  # state to how many sequences of bytes lead to it
    for place in range(length):
        if place:
            paths.pop(START, None)
        longer: dict[int, int] = {}
        for state, count in paths.items():
            for following in NEXT_STATE[state].tolist():
                if following != FORBIDDEN:
                    longer[following] = longer.get(following, 0) + count
        paths = longer
    assert paths.get(START) == len(encoded)


def test_no_state_is_a_dead_end() -> None:
    """From each state some bytes finish the character, in three steps at most."""
    reached = {START}
    for _ in range(3):
        reached |= {state for state, row in enumerate(NEXT_STATE.tolist()) if reached & {*row}}
    assert reached == set(range(len(NEXT_STATE)))


def test_pythons_strict_decoder_agrees() -> None:
    """On a million random bytes, and on the ends of every range: valid to both, or to neither."""
    random = np.random.default_rng(0)
    likely = np.array(
        [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF]
    )
    likely = np.append(
        likely, [0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]
    )
    valid = 0
    for _ in range(40_000):
        content = bytes(random.choice(likely, random.integers(1, 5)).tolist())
        state = START
        for byte in content:
            state = int(NEXT_STATE[state, byte]) if state != FORBIDDEN else state
        try:
            content.decode()
            expected = True
        except UnicodeDecodeError:
            expected = False
        assert (state == START) == expected, content
        valid += expected
    assert valid > 1000


def test_where_characters_begin() -> None:
    """At the first byte of each, whatever their lengths."""
    text = "aé水🙂\n\x7f\x80߿ࠀ￿𐀀\U0010ffff"
    begins = begins_character(np.frombuffer(text.encode(), np.uint8))
    lengths = [len(character.encode()) for character in text]
    assert np.flatnonzero(begins).tolist() == np.cumsum([0, *lengths[:-1]]).tolist()
