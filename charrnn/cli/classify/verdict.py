"""What a network's numbers say, and whether they say anything."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError

Floats = npt.NDArray[np.float64]

_ENOUGH = 0.5  # a higher probability of positive is the answer positive, as in Keras's accuracy


def label_of(probability: float) -> str:
    """What a probability of positive says."""
    return "positive" if probability > _ENOUGH else "negative"


def measured(
    measure: Callable[[Sequence[str]], Floats], texts: Sequence[str], path: Path
) -> Floats:
    """What a network says of the texts, unless that is no use.

    Raises:
        CheckpointError: not all of it is finite.
    """
    with np.errstate(all="ignore"):
        values = measure(texts)
    if not np.isfinite(values).all():
        raise CheckpointError(
            f"{path} answers with no number: its training diverged, choose an earlier --epoch"
        )
    return values
