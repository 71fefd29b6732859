"""Files that are written where a user says, and those that are never written over."""

from collections.abc import Collection
from pathlib import Path

from charrnn.config.fields import require
from charrnn.runs.container import is_ours


def check_output(path: Path, endings: Collection[str], keyword: str) -> None:
    """Raise unless a picture or a page can be written to a path, before it is made.

    Args:
        path: where; an older file there is replaced.
        endings: those that it may have.
        keyword: what it is given as.

    Raises:
        UsageError: it has another ending, its folder is missing, or it holds a network.
    """
    require(
        path.suffix.lower() in endings,
        f"`{keyword}` must end in {' or '.join(endings)}, not {path.name}",
    )
    require(path.parent.is_dir(), f"there is no folder {path.parent} to write {path.name} into")
    require_no_network(path, keyword)


def require_no_network(path: Path, keyword: str) -> None:
    """Raise if a path is that of a checkpoint or a resume file, which can't be made again.

    Raises:
        UsageError: it is.
    """
    require(
        not is_ours(path),
        f"{path} holds a network, which is not replaced: give another `{keyword}`",
    )
