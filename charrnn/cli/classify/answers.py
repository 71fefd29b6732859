"""How verdicts on reviews are printed: in a terminal, in a pipe, as JSON."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from charrnn.cli.visible import echo, make_visible
from charrnn.inference.review_model import choose_label

if TYPE_CHECKING:
    from charrnn.inference.review_model import Answer, Effect

_STRONGEST = 5  # words named on either side
_STRENGTHS = (("bold ", 2 / 3), ("", 1 / 3), ("dim ", 1 / 20))  # of the review's strongest effect
_COLOURS = {"positive": "green", "negative": "red"}
_TO_SPACE = str.maketrans("\t\n\r", "   ")


class Printer:
    """Prints answers on stdout.

    Args:
        as_json: an object a line.
        run: the network's name, for the objects.
    """

    def __init__(self, as_json: bool, run: str) -> None:
        self._as_json, self._run = as_json, run
        live = sys.stdout.isatty()
        self._console = Console(highlight=False, soft_wrap=True) if live and not as_json else None

    def show(self, answer: "Answer") -> None:
        """Print one answer, and its words' effects if it has them."""
        if self._as_json:
            echo(json.dumps(make_row(answer, self._run)))
        elif self._console:
            show_in_terminal(self._console, answer)
        else:
            echo(make_line(answer))
            for effect in pick_strongest(answer.effects or ()):
                echo(f"\t{effect.effect:+.3f}\t{effect.text}")


def make_row(answer: "Answer", run: str) -> dict[str, Any]:
    """An answer as a JSON object."""
    row: dict[str, Any] = {
        "label": choose_label(answer.probability),
        "probability": answer.probability,
        "text": answer.text,
        "tokens": answer.tokens,
        "unknown": answer.unknown,
        "run": run,
    }
    if answer.effects is not None:
        row["effects"] = [effect._asdict() for effect in answer.effects]
    return row


def make_line(answer: "Answer") -> str:
    """Label, probability and the whole review, with tabs between."""
    text = answer.text.translate(_TO_SPACE)
    return f"{choose_label(answer.probability)}\t{answer.probability:.3f}\t{text}"


def show_in_terminal(console: Console, answer: "Answer") -> None:
    """Print an answer in one line or, with effects, the whole review with its words coloured."""
    label = choose_label(answer.probability)
    line = Text.assemble((label, _COLOURS[label]), f"  {answer.probability:.3f}  ")
    if answer.effects is None:
        line.append(" ".join(show_in_line(answer.text).split()))
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)
        return
    console.print(line + colour_words(answer.text, answer.effects))
    for effect in pick_strongest(answer.effects):
        console.print(Text(f"    {effect.effect:+.3f}  {show_in_line(effect.text)}"))


def colour_words(text: str, effects: Sequence["Effect"]) -> Text:
    """The review with its words in green or red, the stronger the more they moved the answer."""
    shown, place = Text(), 0
    most = max((abs(effect.effect) for effect in effects), default=0.0)
    for effect in effects:
        shown.append(show_in_line(text[place : effect.start]))
        shown.append(show_in_line(text[effect.start : effect.end]), _choose_style(effect, most))
        place = effect.end
    return shown.append(show_in_line(text[place:]))


def _choose_style(effect: "Effect", most: float) -> str | None:
    """A word's colour beside one that moved the answer most; None if it moved it hardly at all."""
    colour = _COLOURS["positive" if effect.effect > 0 else "negative"]
    for strength, least in _STRENGTHS:
        if most and abs(effect.effect) >= least * most:
            return strength + colour
    return None


def pick_strongest(effects: Sequence["Effect"]) -> list["Effect"]:
    """The words that did most for a positive answer, then those that did most against it."""
    ordered = sorted(effects, key=lambda effect: -effect.effect)
    ups = [effect for effect in ordered if effect.effect > 0]
    downs = [effect for effect in reversed(ordered) if effect.effect < 0]
    return ups[:_STRONGEST] + downs[:_STRONGEST]


def show_in_line(text: str) -> str:
    """The text for one line of a terminal."""
    return make_visible(text.translate(_TO_SPACE))
