"""A network whose training diverged produces NaN or infinity: an error, not an answer."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError

_Floats = TypeVar("_Floats", bound=npt.NDArray[np.floating[Any]])

ignore_overflow = np.errstate(over="ignore", invalid="ignore")
"""Decorates computations whose overflow `check_finite` reports, so that NumPy need not warn."""


def check_finite(values: _Floats) -> _Floats:
    """Return what a network produced, if all of it is finite.

    Raises:
        CheckpointError: some of it is NaN or infinite.
    """
    if not np.isfinite(values).all():
        raise CheckpointError(
            "the network produced NaN or infinity: it diverged in training; choose an earlier epoch"
        )
    return values


@contextlib.contextmanager
def name_in_errors(path: Path | None) -> Iterator[None]:
    """Begin the message of a CheckpointError raised within with the checkpoint's path, if known."""
    try:
        yield
    except CheckpointError as error:
        if path is None:
            raise
        raise CheckpointError(f"{path}: {error}") from error
