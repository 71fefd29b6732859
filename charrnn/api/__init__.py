"""The Python interface: what the commands do, as functions that print nothing."""

from charrnn.api.comparison import compare
from charrnn.api.language import load, train
from charrnn.api.reviews import load_classifier, train_classifier
from charrnn.api.runs import list_runs
from charrnn.api.settings import LanguageSettings, ReviewSettings
from charrnn.config.language import Adaptation
from charrnn.inference.choose import NextCharacter
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.review_model import Effect, ReviewModel
from charrnn.inference.score import Score
from charrnn.planning.comparison import Comparison
from charrnn.runs.history import EpochResult
from charrnn.runs.summary import RunSummary

__all__ = [
    "Adaptation",
    "Comparison",
    "Effect",
    "EpochResult",
    "LanguageModel",
    "LanguageSettings",
    "NextCharacter",
    "ReviewModel",
    "ReviewSettings",
    "RunSummary",
    "Score",
    "compare",
    "list_runs",
    "load",
    "load_classifier",
    "train",
    "train_classifier",
]
