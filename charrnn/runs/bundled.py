"""The network that comes with the package."""

from pathlib import Path

from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

BUNDLED = Run(Path(__file__).parents[1] / "bundled" / "shakespeare", LANGUAGE)
"""An LSTM that was trained on tiny Shakespeare: docs/results/bundled.md says how."""

BUNDLED_VALIDATION = 0.1
"""The fraction at that text's end that was held back."""


def is_bundled(path: Path) -> bool:
    """Whether a checkpoint file is the bundled network's."""
    return path.parent == BUNDLED.folder
