"""How answers look in a terminal."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from charrnn.cli.classify.answers import colour_words, show_in_terminal
from charrnn.inference.review_model import Answer, Effect


def show(answer: Answer, width: int = 40) -> str:
    """What is sent to a terminal of that width."""
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=width, soft_wrap=True, color_system="standard"
    )
    show_in_terminal(console, answer)
    return out.getvalue()


@pytest.mark.parametrize("text", ["one two three " * 9, "水" * 99, "a\n\nb\tc " * 40])
def test_long_line_is_cut(text: str) -> None:
    """An answer is one line no wider than the terminal, and an ellipsis shows that it is cut."""

    shown = re.sub(r"\x1b\[[\d;]*m", "", show(Answer(text, 0.9731, 1, 0)))
    assert shown.startswith("positive  0.973  ")
    assert shown.endswith("…\n")
    assert shown.count("\n") == 1
    assert 38 <= cell_len(shown[:-1]) <= 40
    assert show(Answer("short", 0.2, 1, 0)).endswith("negative\x1b[0m  0.200  short\n")


def test_review_can_not_command_the_terminal() -> None:
    """Escape sequences, bells and the like in a review are not sent to the terminal."""
    text = "a\x1b]0;x\x07\x00\x9b31m\x08 [bold]b[/bold]"
    effects = [Effect("a", 0, 1, 0.5)]
    for answer in (Answer(text, 0.9, 1, 0), Answer(text, 0.9, 1, 0, effects)):
        sent = re.sub(r"\x1b\[[\d;]*m", "", show(answer, 90))
        assert not {"\x1b", "\x07", "\x00", "\x9b", "\x08"} & set(sent)
        assert "[bold]b[/bold]" in sent


def test_words_are_coloured_by_effect() -> None:
    """Words for a positive answer are green, those against it red, the strongest bold."""
    text = "Good,\nnot bad film"
    effects = [
        Effect("Good", 0, 4, 0.3),
        Effect("not", 6, 9, -0.15),
        Effect("bad", 10, 13, -0.05),
        Effect("film", 14, 18, 0.001),
    ]
    shown = colour_words(text, effects)
    styles = {shown.plain[span.start : span.end]: span.style for span in shown.spans}
    assert styles == {"Good": "bold green", "not": "red", "bad": "dim red"}
    assert shown.plain == "Good, not bad film"
    assert colour_words(text, [Effect("Good", 0, 4, 0.0)]).spans == []
    sent = show(Answer(text, 0.6, 4, 0, effects), width=10)
    assert "\x1b[1;32mGood\x1b[0m, \x1b[31mnot" in sent
    assert sent.splitlines()[1:] == [
        "    +0.300  Good",
        "    +0.001  film",
        "    -0.150  not",
        "    -0.050  bad",
    ]
