"""The loss by class of character."""

import numpy as np
import pytest

from charrnn.inference.breakdown import classify, measure_classes


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("ROMEO", "capitals"),
        (" R", "capitals"),
        ("\nЖ", "capitals"),
        (" ǅ", "capitals"),
        (" a", "first letters"),
        ("'a", "first letters"),
        ("1a", "first letters"),
        ("Ro", "other letters"),
        ("né", "other letters"),
        ("水电", "other letters"),
        ("。电", "first letters"),
        ("a7", "digits"),
        ("a ", "spaces"),
        ("a\t", "spaces"),
        ("a\u00a0", "spaces"),
        ("a\n", "newlines"),
        ("a\r", "newlines"),
        ("a,", "punctuation"),
        ("a'", "punctuation"),
        ("a€", "punctuation"),
        ("a\0", "others"),
        ("a\ud800", "others"),
    ],
)
def test_classes(characters: str, expected: str) -> None:
    """A character's class follows from itself and, of a letter, from the one before it."""
    assert classify(*characters[-2:]) == expected


def test_the_classes_divide_the_loss() -> None:
    """Each character but the first counts once; means and shares are those of its class."""
    surprise = np.array([np.nan, 1.0, 2.0, 3.0, 4.0, 6.0])
    found = {one.name: one for one in measure_classes("x bad\n", surprise)}
    assert [*found] == ["first letters", "other letters", "spaces", "newlines"]
    assert found["other letters"][1:] == (2, 3.5, 7 / 16)
    assert found["spaces"][1:] == (1, 1.0, 1 / 16)
    assert found["newlines"][1:] == (1, 6.0, 6 / 16)
    assert sum(one.share for one in found.values()) == 1


def test_a_text_without_loss_has_no_shares() -> None:
    """Nothing is divided by zero if all was foreseen."""
    (one,) = measure_classes("aaa", np.array([np.nan, 0.0, 0.0]))
    assert one == ("other letters", 2, 0.0, 0.0)
