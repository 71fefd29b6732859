"""Recurrent networks that write, trained on any text, and that judge reviews.

Example:
    >>> import charrnn
    >>> model = charrnn.train("my-novel.txt", preset="minute")
    >>> print(model.generate("It was ", length=300, temperature=0.8, seed=1))
    >>> judge = charrnn.load_classifier("imdb-lstm-32")
    >>> judge.probabilities(["What a film!"])
"""

from typing import TYPE_CHECKING, Any

from charrnn.errors import CharrnnError

if TYPE_CHECKING:
    from charrnn.api import load, load_classifier, train, train_classifier
    from charrnn.inference.language_model import LanguageModel
    from charrnn.inference.review_model import ReviewModel
    from charrnn.runs.history import EpochResult

__version__ = "0.1.0"

__all__ = [
    "CharrnnError",
    "EpochResult",
    "LanguageModel",
    "ReviewModel",
    "load",
    "load_classifier",
    "train",
    "train_classifier",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: `import charrnn` itself loads nothing heavy."""
    if name in {"load", "load_classifier", "train", "train_classifier"}:
        from charrnn import api

        return getattr(api, name)
    if name == "LanguageModel":
        from charrnn.inference.language_model import LanguageModel

        return LanguageModel
    if name == "ReviewModel":
        from charrnn.inference.review_model import ReviewModel

        return ReviewModel
    if name == "EpochResult":
        from charrnn.runs.history import EpochResult

        return EpochResult
    raise AttributeError(f"module 'charrnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
