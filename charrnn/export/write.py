"""A language model to a file or folder of any form."""

import contextlib
from pathlib import Path

from charrnn.config.fields import require
from charrnn.errors import CheckpointError, UsageError
from charrnn.export.formats import FORMATS
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import SUFFIX, is_rounded
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.outputs import require_no_network
from charrnn.runs.run import Run


def write_model(model: LanguageModel, to: str, file: Path | None = None) -> Path:
    """Write a language model in another form.

    Args:
        model: the network.
        to: a name in `FORMATS`.
        file: where to. In a folder that is there, or if it is None in the working folder, it is
            named after the network's run.

    Returns:
        The file or folder that was written. An older file is replaced if it has this form's
        ending, unless it holds a network that is not this one in 8 bits.

    Raises:
        UsageError: there is no such form, or the file is there and is not replaced.
        OSError: the disk is full or the folder can't be written.
    """
    if to not in FORMATS:
        raise UsageError(f"unknown form {to!r}: `to` is one of {', '.join(FORMATS)}")
    path = file or Path()
    if path.is_dir():
        path /= name_network(model) + FORMATS[to].ending
    if not (to == "int8" and _is_written_before(model, path)):
        require_no_network(path, "file")
        ending = Path(f"x{FORMATS[to].ending}").suffix
        require(
            not path.is_file() or (ending != "" and path.suffix.lower() == ending),
            f"{path} is there and is no {ending or 'folder'}, so it is not replaced: give another "
            "`file`",
        )
    FORMATS[to].write(model, path)
    return path


def _is_written_before(model: LanguageModel, path: Path) -> bool:
    """Whether a file holds this very network in 8 bits, so that nothing is lost with it."""
    with contextlib.suppress(CheckpointError):
        return is_rounded(path, model.checkpoint)
    return False


def name_network(model: LanguageModel) -> str:
    """The name of a network's run or, if it belongs to none, of its file."""
    if model.path is None:
        return "network"
    path = model.path.resolve()
    run = Run(path.parent, LANGUAGE)
    own = {run.epoch_file(model.checkpoint.provenance.epoch), run.interrupted_file}
    return run.name if path in own else path.name.removesuffix(SUFFIX)
