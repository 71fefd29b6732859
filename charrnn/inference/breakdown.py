"""The loss by class of character."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CLASSES = (
    "capitals",
    "first letters",
    "other letters",
    "digits",
    "spaces",
    "newlines",
    "punctuation",
    "others",
)
"""What characters are divided into; a first letter is one that no letter stands before."""


class ClassLoss(NamedTuple):
    """How well the characters of one class were predicted.

    Attributes:
        name: the class, one of "capitals", "first letters" (of words that begin with no capital),
            "other letters", "digits", "spaces", "newlines", "punctuation" and "others".
        characters: how many there are.
        loss: their mean surprise, in nats per character.
        share: the part of the text's whole loss that is theirs, in [0, 1].
    """

    name: str
    characters: int
    loss: float
    share: float


def measure_classes(text: str, surprise: npt.NDArray[np.float64]) -> list[ClassLoss]:
    """Measure the loss of each class that occurs, without the text's first character.

    Args:
        text: N characters.
        surprise: of each, in nats, shape (N,); that of the first is not looked at.
    """
    classes = np.array([classify(*pair) for pair in pairwise(text)])
    losses = surprise[1:]
    total = losses.sum() or 1.0  # a text that was foreseen has no loss to share
    found = []
    for name in CLASSES:
        own = losses[classes == name]
        if len(own):
            found.append(ClassLoss(name, len(own), float(own.mean()), float(own.sum() / total)))
    return found


def classify(before: str, character: str) -> str:
    """The class of a character, given the one before it."""
    if character.isalpha():
        if character.isupper() or character.istitle():
            return "capitals"
        return "other letters" if before.isalpha() else "first letters"
    if character.isdigit():
        return "digits"
    if character in "\n\r":
        return "newlines"
    if character.isspace():
        return "spaces"
    return "punctuation" if character.isprintable() else "others"
