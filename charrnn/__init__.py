"""Recurrent networks that write, trained on any text, and that judge reviews.

Example:
    >>> import charrnn
    >>> model = charrnn.train("my-novel.txt", preset="minute", epochs=3, on_epoch=print)
    >>> print(model.generate("It was ", length=300, temperature=0.8, seed=1))
    >>> judge = charrnn.load_classifier("imdb-lstm-32")
    >>> judge.probabilities(["What a film!"])
"""

TYPE_CHECKING = False  # nothing is imported: until `charrnn.cli.main` runs, Ctrl-C is a traceback
if TYPE_CHECKING:
    from typing import Any

    from charrnn.api import (
        Adaptation,
        Answer,
        ClassLoss,
        Comparison,
        CopiedStretch,
        Copies,
        Draft,
        Effect,
        EpochResult,
        FoundUnit,
        Inspection,
        LanguageModel,
        LanguageSettings,
        NextCharacter,
        ReviewModel,
        ReviewSettings,
        RunSummary,
        Score,
        compare,
        export_model,
        import_model,
        list_runs,
        load,
        load_classifier,
        prepare_text,
        train,
        train_classifier,
    )
    from charrnn.errors import CharrnnError

__version__ = "0.1.0"

__all__ = [
    "Adaptation",
    "Answer",
    "CharrnnError",
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


def __getattr__(name: str) -> "Any":
    """Import what is used only then: `import charrnn` itself loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
    from charrnn import api, errors

    return getattr(errors if name == "CharrnnError" else api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
