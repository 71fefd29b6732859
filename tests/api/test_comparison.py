"""Comparing language models from Python."""

from typing import Any

import pytest

import charrnn
from tests.support.language_runs import HELD_BACK, write_epoch, write_trained


def test_runs_are_compared() -> None:
    """What the command shows is returned, and its notes are handed over."""
    write_trained("first")
    write_epoch("other", 1)
    notes: list[str] = []
    first, other = charrnn.compare(
        ["first", "checkpoints/other"], "a b", length=9, limit=40, on_note=notes.append
    )
    model = charrnn.load("first")
    assert isinstance(first, charrnn.Comparison)
    assert (first.run, other.run) == ("first", "other")
    assert first.stream == model.score(HELD_BACK[:40])
    assert first.text == model.generate("a b", 9, 0.8, seed=1)
    assert other.stream is None
    assert len(notes) == 2


BOTH = ["first", "second"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"runs": "first"}, "`runs` must be a list of names or paths, not str"),
        ({"runs": 7}, "`runs` must be a list of names or paths, not int"),
        ({"runs": [7]}, "`runs` must be a name or a path, not int"),
        ({"runs": ["first"], "limit": 1.5}, "`limit` must be int, not float"),
        ({"runs": ["first"], "limit": 1}, "`limit` must be 2 or above, not 1"),
        ({"runs": BOTH, "prompt": 7}, "`prompt` must be str, not int"),
        ({"runs": BOTH, "length": "5"}, "`length` must be int, not str"),
    ],
)
def test_what_is_rejected(given: dict[str, Any], message: str) -> None:
    """A value of the wrong type names the argument."""
    write_trained("first")
    write_epoch("second", 1)
    with pytest.raises(charrnn.CharrnnError) as failure:
        charrnn.compare(**given)
    assert str(failure.value) == message
