"""Where a model comes from: its run's history, and its checkpoint's epoch in words."""

from pathlib import Path

from charrnn.errors import RunError
from charrnn.runs.checkpoint import Provenance
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import Kind
from charrnn.runs.run import Run


def read_history_beside(checkpoint: Path, kind: Kind) -> list[EpochResult]:
    """Read the epochs of the run that a checkpoint file lies in.

    A history that can't be read must not keep anyone from using the network, so it counts as none.
    """
    try:
        return Run(checkpoint.parent, kind).read_history()
    except (RunError, OSError):
        return []


def describe_provenance(source: Provenance) -> str:
    """Say what a network learnt from, until when, and how well.

    For example "trained on shakespeare, epoch 4, validation loss 1.4936", or "stopped at
    step 40 of 172 of epoch 4". What it adapted to afterwards stands at the end.
    """
    adapted = f", adapted to {source.adapted}" if source.adapted else ""
    return f"trained on {source.corpus}, {source.moment}, {source.describe_loss()}{adapted}"
