"""What scales a network's steps when it adapts, kept beside its checkpoint."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.checkpoint import SUFFIX

FORMAT = 1
_TITLE = "charrnn gradient roots"

Roots = Mapping[str, npt.NDArray[np.float32]]
"""Path of a weight to the root mean square of its gradients."""


def write_roots(checkpoint: Path, piece: int, roots: Roots) -> None:
    """Keep the roots of a checkpoint's network, measured on pieces of so many characters.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """

    def fill(file: Any) -> None:
        file.attrs["checkpoint"] = _hash(checkpoint)
        file.attrs["piece"] = piece
        for name, values in roots.items():
            file[name] = values

    container.write(_choose_path(checkpoint), _TITLE, FORMAT, fill)


def read_roots(checkpoint: Path, piece: int, shapes: Mapping[str, tuple[int, ...]]) -> Roots | None:
    """Read the roots kept beside a checkpoint; None if there are none of it, or unusable ones.

    Args:
        checkpoint: the checkpoint file.
        piece: characters of a piece.
        shapes: of its weights.
    """
    try:
        with container.open_verified(_choose_path(checkpoint), _TITLE, FORMAT) as file:
            if (file.attrs["checkpoint"], file.attrs["piece"]) != (_hash(checkpoint), piece):
                return None
            roots = {name: np.asarray(file[name][()], np.float32) for name in shapes}
    except CheckpointError:
        return None
    fits = all(
        roots[name].shape == shape and (roots[name] >= 0).all() for name, shape in shapes.items()
    )
    return roots if fits else None


def _choose_path(checkpoint: Path) -> Path:
    # Without the checkpoints' ending, for it is neither a network nor a sign of a newer one.
    return checkpoint.with_name(f"{checkpoint.name.removesuffix(SUFFIX)}.roots")


def _hash(checkpoint: Path) -> str:
    with checkpoint.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
