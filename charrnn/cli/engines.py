"""What computes a language model: NumPy, native loops, or the Keras network of the tutorial."""

from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.config.fields import require
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.inference.language import Engine
    from charrnn.inference.language_model import LanguageModel


def load_with_engine(path: Path, engine: str) -> "LanguageModel":
    """The language model in a checkpoint file, computed by the engine of that name.

    Raises:
        CheckpointError: there is no such file, or it can't be used.
        UsageError: what the engine needs is not installed.
    """
    from charrnn.inference.language_model import load_model

    return load_model(path, _import_engine(engine))


def check_jobs(jobs: int, engine: str) -> None:
    """Reject several processes for an engine that is not NumPy's.

    Raises:
        UsageError: they are.
    """
    require(jobs == 1 or engine == "numpy", "`jobs` is for NumPy: leave out `engine`")


def _import_engine(name: str) -> "Engine | None":
    if name == "numpy":
        return None
    if name == "keras":
        from charrnn.networks.stepper import KerasStepper

        return KerasStepper
    try:
        from charrnn.networks.native.stepper import NativeStepper
    except ImportError as error:
        if error.name not in {"numba", "llvmlite"}:
            raise
        raise UsageError("--engine native needs numba: run pip install numba") from error
    return NativeStepper
