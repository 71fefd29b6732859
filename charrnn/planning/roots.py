"""The gradients that a network had on its own training text, measured once and kept."""

import contextlib
from pathlib import Path

import numpy as np

from charrnn.data.vocabulary import Ids
from charrnn.errors import CharrnnError
from charrnn.inference.adapt import measure_roots
from charrnn.planning.report import Reporter
from charrnn.planning.texts import load_part
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.roots import Roots, read_roots, write_roots

# Measured, see docs/results/adapt.md.
PIECES = 500  # more give no better roots
_STRETCHES = 10  # of the training text, equally far apart


def find_roots(
    source: str | None,
    data_dir: Path,
    reporter: Reporter,
    path: Path,
    checkpoint: Checkpoint,
    piece: int,
) -> Roots | None:
    """Find the roots that are kept beside a checkpoint, or measure and keep them.

    Args:
        source: where the run's whole text is now; None if it is where it was.
        data_dir: where downloads are kept.
        reporter: told what is done.
        path: the checkpoint's.
        checkpoint: the checkpoint.
        piece: characters of a piece.

    Returns:
        None if the training text can't be had.
    """
    kept = read_roots(path, piece, checkpoint.network.weight_shapes())
    if kept is not None:
        return kept
    try:
        text = load_part("training", path, checkpoint, source, data_dir, reporter)
    except CharrnnError as error:
        reporter.detail(str(error))
        reporter.note(
            "note: the network's own training text is not at hand, so the size of its steps comes "
            "from the text that it adapts to"
        )
        return None
    reporter.detail(f"measuring the network's gradients on {PIECES} pieces of its training text")
    ids = checkpoint.vocabulary.encode(text)
    roots = measure_roots(checkpoint, choose_stretches(ids, PIECES * piece), piece)
    with contextlib.suppress(OSError):  # a folder that can't be written costs time, no more
        write_roots(path, piece, roots)
    return roots


def choose_stretches(ids: Ids, length: int) -> Ids:
    """Choose `length` characters of a text in a few stretches; all of a shorter one."""
    if len(ids) <= length:
        return ids
    size = length // _STRETCHES
    starts = np.linspace(0, len(ids) - size, _STRETCHES).astype(int)
    return np.concatenate([ids[start : start + size] for start in starts])
