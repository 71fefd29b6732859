"""An address and a SHA-256 to a verified local file.

Deciding is separate from doing: `fetch` looks at the data folder, `_transfer` moves bytes. An
unfinished download is a `.part` file in the same folder. The next attempt resumes it, and it gets
its final name only if its hash is right. A lock keeps two processes from writing it at once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from charrnn.data.files import hash_file, measure_regular
from charrnn.data.patience import PATIENCE, Allowance, Patience
from charrnn.errors import CorpusError, DownloadError

if TYPE_CHECKING:
    from charrnn.data.host import HostError

Progress = Callable[[int, int], None]
"""Called with the number of bytes received so far and the total."""

DATA = Path("data")
"""The default folder of downloads."""

_PIECE = 16 * 1024  # bytes; an attempt that brings fewer was in vain
_NO_SUCH_RANGE = 416


@dataclass(frozen=True)
class Remote:
    """A file on the network: its local name, address, hash and size in bytes."""

    name: str
    url: str
    sha256: str
    size: int


class Copy(NamedTuple):
    """What a folder has of a remote file.

    Attributes:
        path: where the file is, or would be.
        state: that it is complete, another file or unreadable, only in part here, or missing.
        size: how many bytes are here.
    """

    path: Path
    state: Literal["complete", "other", "unreadable", "partial", "missing"]
    size: int


def inspect(remote: Remote, folder: Path) -> Copy:
    """Look at what a folder has of a remote file."""
    path = folder / remote.name
    try:
        size = measure_regular(path)
        right = size == remote.size and hash_file(path) == remote.sha256
    except FileNotFoundError:
        size = _measure(_name_part(path))
        return Copy(path, "partial" if size else "missing", size)
    except OSError:
        return Copy(path, "unreadable", 0)
    return Copy(path, "complete" if right else "other", size)


def fetch(
    remote: Remote,
    folder: Path,
    progress: Progress | None = None,
    patience: Patience = PATIENCE,
) -> Path:
    """Return the path of a verified copy of `remote` in `folder`; download it if it is missing.

    Args:
        remote: the file.
        folder: for downloads; made if it is missing.
        progress: called after each piece.
        patience: for the host.

    Raises:
        DownloadError: the host did not respond, each attempt was interrupted, or the content is not
            the expected one.
        CorpusError: the folder has a file of that name with another content.
    """
    path = folder / remote.name
    if not _verify(path, remote):
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{remote.name}.lock"):
            if not _verify(path, remote):  # another process may have done it
                _download(remote, path, progress, patience)
    return path


def _verify(path: Path, remote: Remote) -> bool:
    """Whether the file exists; one with another content may be the user's, so it is an error."""
    if not path.exists():
        return False
    actual = hash_file(path)
    if actual != remote.sha256:
        raise CorpusError(
            f"{path} is not the expected file (SHA-256 {actual[:12]}…, expected "
            f"{remote.sha256[:12]}…): remove it to download it again"
        )
    return True


def _download(remote: Remote, path: Path, progress: Progress | None, patience: Patience) -> None:
    part = _name_part(path)
    ends = time.monotonic() + patience.longest
    in_vain = 0
    while True:
        had = _measure(part)
        failure = _attempt(remote, part, progress, patience, ends)
        if failure is None:
            part.replace(path)
            return
        in_vain = 0 if _measure(part) >= had + _PIECE else in_vain + 1
        pause = patience.backoff * 2 ** max(in_vain - 1, 0)
        if failure.final or in_vain >= patience.attempts or time.monotonic() + pause >= ends:
            break
        time.sleep(pause)
    have = _measure(part)
    after = f" after {have:,} of {remote.size:,} bytes" if have else ""
    raise DownloadError(
        f"{failure}{after}. Put the file at {path}, or try again later"
    ) from failure


def _attempt(
    remote: Remote, part: Path, progress: Progress | None, patience: Patience, ends: float
) -> "HostError | None":
    """Make one request; what went wrong, or None if the part is now the file."""
    from charrnn.data.host import HostError

    had = _measure(part)
    try:
        _transfer(remote, part, progress, Allowance(patience, remote.size, ends))
    except HostError as error:
        if error.status != _NO_SUCH_RANGE or not had:
            return error
        part.unlink()
        return HostError(str(error))
    if hash_file(part) == remote.sha256:
        return None
    part.unlink()
    # After a resume the halves may be of two files: try again from the start.
    problem = f"{remote.url} served a file other than the expected one (wrong SHA-256; deleted)"
    return HostError(problem, final=not had)


def _transfer(remote: Remote, part: Path, progress: Progress | None, allowance: Allowance) -> None:
    """Append what the part lacks, or write it from the start if the host can't resume."""
    from charrnn.data.host import HostError, ask

    have = _measure(part)
    if have >= remote.size:  # complete; the hash shows if it is wrong
        return
    with ask(remote.url, have, allowance) as answer:
        have = answer.first
        with part.open("ab" if have else "wb") as file:
            for piece in answer.pieces:
                have += file.write(piece)
                if progress:
                    progress(have, remote.size)
                if have > remote.size:
                    return
    if have < remote.size:
        raise HostError(f"the download of {remote.url} was interrupted")


def _name_part(path: Path) -> Path:
    """Where the beginning of an unfinished download is kept."""
    return path.with_name(f".{path.name}.part")


def _measure(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
