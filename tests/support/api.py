"""Small runs that are trained from Python."""

from dataclasses import dataclass
from pathlib import Path

from charrnn.api import (
    EpochResult,
    LanguageModel,
    LanguageSettings,
    ReviewModel,
    ReviewSettings,
)
from charrnn.runs.run import Run

LENGTH = 600
"""Characters of the text."""

SETTINGS: LanguageSettings = {
    "cell": "rnn",
    "units": 5,
    "embedding": 4,
    "seq_length": 10,
    "batch_size": 4,
    "epochs": 2,
    "learning_rate": 0.01,
}
REVIEW_SETTINGS: ReviewSettings = {
    "cell": "average",
    "embedding": 3,
    "dense": 0,
    "max_length": 6,
    "batch_size": 16,
    "epochs": 1,
}


@dataclass(frozen=True)
class KeptModel:
    """A language model's run.

    Attributes:
        path: its text.
        run: its folder.
        model: what `train` returned.
        results: what `on_epoch` was called with.
        draws: the next numbers of Python's and NumPy's own generators, which had the seed 5.
    """

    path: Path
    run: Run
    model: LanguageModel
    results: list[EpochResult]
    draws: tuple[float, float]


@dataclass(frozen=True)
class KeptClassifier:
    """A classifier's run: its reviews, its folder, and what `train_classifier` returned."""

    data: Path
    run: Run
    model: ReviewModel


def write_reviews(path: Path, count: int = 40) -> Path:
    """Write a table of reviews, good and bad in turn; its path."""
    kinds = [("a bad film", "negative"), ("a good film", "positive")]
    rows = [
        f'"{text} it was {place}",{label}' for place in range(count // 2) for text, label in kinds
    ]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return path
