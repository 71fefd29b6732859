"""Recurrent networks that write, trained on any text, or that judge film reviews.

import charrnn

model = charrnn.load("checkpoints/shakespeare-lstm")
print(model.generate("All: ", length=300, temperature=0.8, seed=1))
judge = charrnn.load_classifier("checkpoints/classify/imdb-lstm-32")
print(judge.probabilities(["What a film!"]))
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from charrnn.prediction.model import ReviewModel
    from charrnn.sampling.model import LanguageModel

__version__ = "0.1.0"


def load(path: "str | Path") -> "LanguageModel":
    """Load a trained network: a run's folder (its best epoch) or one checkpoint file.

    Needs NumPy and h5py only. Raises `charrnn.errors.CharrnnError` where that is not possible.
    """
    from charrnn.sampling import model

    return model.load(path)


def load_classifier(path: "str | Path") -> "ReviewModel":
    """Load a review classifier: a run's folder (its best epoch) or one checkpoint file.

    Needs NumPy, h5py and, for subwords, tokenizers. Raises `charrnn.errors.CharrnnError` where
    that is not possible.
    """
    from charrnn.prediction import model

    return model.load(path)
