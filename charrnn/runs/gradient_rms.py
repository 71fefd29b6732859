"""The size of a network's gradients on its training text, kept beside its checkpoint."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, read_weight

FORMAT = 1
_TITLE = "charrnn gradient RMS"

GradientRms = Mapping[str, npt.NDArray[np.float32]]
"""Path of a weight to the root mean square of its gradients."""


def write_rms(path: Path, checkpoint: Checkpoint, piece: int, rms: GradientRms) -> None:
    """Keep what was measured of a checkpoint's network on pieces of `piece` characters.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """

    def fill(file: Any) -> None:
        file.attrs["checkpoint"] = _hash(checkpoint)
        file.attrs["piece"] = piece
        for name, values in rms.items():
            file[name] = values

    container.write(_choose_path(path), _TITLE, FORMAT, fill)


def read_rms(path: Path, checkpoint: Checkpoint, piece: int) -> GradientRms | None:
    """Read what is kept beside a checkpoint; None if nothing of it is, or nothing usable.

    Args:
        path: the checkpoint file.
        checkpoint: the checkpoint.
        piece: characters of a piece.
    """
    shapes = checkpoint.network.weight_shapes()
    try:
        with container.open_verified(_choose_path(path), _TITLE, FORMAT) as file:
            if (file.attrs["checkpoint"], file.attrs["piece"]) != (_hash(checkpoint), piece):
                return None
            rms = {name: read_weight(file, name, shape) for name, shape in shapes.items()}
    except CheckpointError:
        return None
    usable = all((np.isfinite(values) & (values >= 0)).all() for values in rms.values())
    return rms if usable else None


def _choose_path(checkpoint: Path) -> Path:
    # Without the checkpoints' ending, for it is neither a network nor a sign of a newer one.
    return checkpoint.with_name(f"{checkpoint.name.removesuffix(SUFFIX)}.rms")


def _hash(checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256()
    for values in checkpoint.weights.values():
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
