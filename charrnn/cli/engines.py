"""What computes a language model: NumPy, or the Keras network of the tutorial."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charrnn.inference.language_model import LanguageModel


def load_with_engine(path: Path, engine: str) -> "LanguageModel":
    """The language model in a checkpoint file, computed by the engine of that name.

    Raises:
        CheckpointError: there is no such file, or it can't be used.
    """
    from charrnn.inference.language_model import load_model

    if engine != "keras":
        return load_model(path)
    from charrnn.networks.stepper import KerasStepper

    return load_model(path, KerasStepper)
