"""Character-level recurrent networks: train one on any text, and read what it writes.

import charrnn

model = charrnn.load("checkpoints/shakespeare-lstm")
print(model.generate("All: ", length=300, temperature=0.8, seed=1))
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from charrnn.sampling.model import LanguageModel

__version__ = "0.1.0"


def load(path: "str | Path") -> "LanguageModel":
    """Load a trained network: a run's folder (its best epoch) or one checkpoint file.

    Needs NumPy and h5py only. Raises `charrnn.errors.CharrnnError` where that is not possible.
    """
    from charrnn.sampling import model

    return model.load(path)
