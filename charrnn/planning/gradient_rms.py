"""The size of a network's gradients on its own training text, measured once and kept."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from charrnn.data.corpus import Corpus
from charrnn.data.text import Text
from charrnn.errors import CharrnnError
from charrnn.inference.adapt import measure_rms
from charrnn.planning.report import Reporter
from charrnn.planning.texts import load_part
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.gradient_rms import GradientRms, read_rms, write_rms

# Measured, see docs/results/adapt.md.
PIECES = 500  # more give no better losses
_STRETCHES = 10  # of the training text, equally far apart


def find_rms(
    path: Path,
    checkpoint: Checkpoint,
    source: Sequence[str] | Corpus,
    data_dir: Path,
    reporter: Reporter,
    piece: int,
) -> GradientRms | None:
    """Find what is kept beside a checkpoint, or measure and keep it.

    Args:
        path: the checkpoint's.
        checkpoint: the checkpoint.
        source: the run's whole text, or what names it now; empty if it is where it was.
        data_dir: where downloads are kept.
        reporter: told what is done.
        piece: characters of a piece.

    Returns:
        None if the training text is unavailable.
    """
    kept = read_rms(path, checkpoint, piece)
    if kept is not None:
        return kept
    try:
        text = load_part("training", path, checkpoint, source, data_dir, reporter)
    except CharrnnError as error:
        reporter.detail(str(error))
        return None
    reporter.note("measuring the network's gradients on its training text, once")
    stretches = [one.encode(checkpoint.vocabulary) for one in cut_stretches(text, PIECES * piece)]
    rms = measure_rms(checkpoint, stretches, piece)
    with contextlib.suppress(OSError):  # a folder that can't be written costs time, no more
        write_rms(path, checkpoint, piece, rms)
    return rms


def cut_stretches(text: Text, length: int) -> list[Text]:
    """Cut about `length` characters out of a text, in a few stretches; all of a shorter one."""
    if len(text) <= length:
        return [text]
    size = length // _STRETCHES + 1  # the first character of a stretch is only read
    starts = np.linspace(0, len(text) - size, _STRETCHES).astype(int)
    return [text[start : start + size] for start in starts]
