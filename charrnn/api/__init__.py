"""The Python interface: what the commands do, as functions that print nothing."""

from charrnn.api.comparison import compare
from charrnn.api.export import export_model, import_model
from charrnn.api.language import load, train
from charrnn.api.reviews import load_classifier, train_classifier
from charrnn.api.runs import list_runs
from charrnn.api.settings import LanguageSettings, ReviewSettings
from charrnn.api.texts import prepare_text
from charrnn.config.language import Adaptation
from charrnn.data.copied import CopiedStretch, Copies
from charrnn.inference.breakdown import ClassLoss
from charrnn.inference.choose import NextCharacter
from charrnn.inference.draft import Draft
from charrnn.inference.follow import FoundUnit
from charrnn.inference.inspect import Inspection
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.review_model import Answer, Effect, ReviewModel
from charrnn.inference.score import Score
from charrnn.planning.comparison import Comparison
from charrnn.runs.history import EpochResult
from charrnn.runs.summary import RunSummary

__all__ = [
    "Adaptation",
    "Answer",
    "ClassLoss",
    "Comparison",
    "CopiedStretch",
    "Copies",
    "Draft",
    "Effect",
    "EpochResult",
    "FoundUnit",
    "Inspection",
    "LanguageModel",
    "LanguageSettings",
    "NextCharacter",
    "ReviewModel",
    "ReviewSettings",
    "RunSummary",
    "Score",
    "compare",
    "export_model",
    "import_model",
    "list_runs",
    "load",
    "load_classifier",
    "prepare_text",
    "train",
    "train_classifier",
]
