"""Texts that are prepared for training."""

from collections.abc import Sequence
from pathlib import Path

from charrnn.api.arguments import (
    PathLike,
    check_functions,
    choose_folders,
    choose_how,
    list_sources,
)
from charrnn.api.session import Notes, OnNote
from charrnn.config.fields import require
from charrnn.data.reading import make_reading
from charrnn.planning import prepare


def prepare_text(
    corpus: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    encoding: str | None = None,
    text_column: str | None = None,
    newlines: str | None = None,
    clean: bool | None = None,
    glob: str | Sequence[str] | None = None,
    separator: str | None = None,
    data_dir: PathLike | None = None,
    on_note: OnNote | None = None,
) -> Path:
    """Encode a text once, into a file that `train` maps instead of reading it.

    This is what `charrnn data prepare` does. It takes one pass over the text, and little memory
    however long that is.

    Args:
        corpus: as in `train`.
        out: the file to write, whose name ends in ".ids".
        encoding: as in `train`, and so the others.
        text_column: a table's column to read.
        newlines: "unix" to make CR LF and CR line feeds.
        clean: make the typography of word processors plain.
        glob: which of a folder's files are read.
        separator: what stands between two texts.
        data_dir: where downloads are kept.
        on_note: called with each line that the command would note.

    Returns:
        The file's path.

    Raises:
        CharrnnError: the text can't be had, or the file can't be written.

    Example:
        >>> path = charrnn.prepare_text("my-novel.txt", "my-novel.ids")
        >>> model = charrnn.train(path, preset="minute", epochs=1)
    """
    names = list_sources("corpus", corpus)
    require(bool(names), "`corpus` names no text: give one")
    how = choose_how(encoding, text_column, newlines, clean, glob, separator)
    check_functions(on_note=on_note)
    outs = list_sources("out", out)
    require(len(outs) == 1, "`out` must be the path of one file")
    path = Path(outs[0])
    folder = choose_folders(None, data_dir).data
    prepare.prepare_text(names, path, folder, Notes(on_note), make_reading(**how))
    return path
