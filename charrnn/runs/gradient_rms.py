"""The size of a network's gradients on its training text, kept beside its checkpoint."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.checkpoint import SUFFIX, Checkpoint

FORMAT = 2
_TITLE = "charrnn gradient RMS"

GradientRms = Mapping[str, npt.NDArray[np.float32]]
"""Path of a weight to the root mean square of its gradients."""


def write_rms(path: Path, checkpoint: Checkpoint, piece: int, rms: GradientRms) -> None:
    """Keep what was measured of a checkpoint's network on pieces of `piece` characters.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    content = {"checkpoint": _hash(checkpoint), "piece": piece}
    container.write(find_rms_file(path), _TITLE, FORMAT, content, rms)


def read_rms(path: Path, checkpoint: Checkpoint, piece: int) -> GradientRms | None:
    """Read what is kept beside a checkpoint; None if nothing of it is, or nothing usable.

    Args:
        path: the checkpoint file.
        checkpoint: the checkpoint.
        piece: characters of a piece.
    """
    try:
        contents = container.read(find_rms_file(path), _TITLE, FORMAT)
    except CheckpointError:
        return None
    weights, rms = checkpoint.weights, contents.arrays
    if contents.content != {"checkpoint": _hash(checkpoint), "piece": piece}:
        return None
    usable = rms.keys() == weights.keys() and all(
        rms[name].shape == values.shape
        and rms[name].dtype == np.float32
        and (np.isfinite(rms[name]) & (rms[name] >= 0)).all()
        for name, values in weights.items()
    )
    return rms if usable else None


def find_rms_file(checkpoint: Path) -> Path:
    """Where what was measured of a checkpoint is kept, by the checkpoint's path."""
    # Without the checkpoints' ending, for it is neither a network nor a sign of a newer one.
    return checkpoint.with_name(f"{checkpoint.name.removesuffix(SUFFIX)}.rms")


def _hash(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256()
    for values in checkpoint.weights.values():
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
