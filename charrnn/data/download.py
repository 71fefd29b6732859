"""An address and a SHA-256 to a verified local file.

Deciding is separate from doing: `fetch` looks at the data folder, `_transfer` moves bytes. An
unfinished download is a `.part` file in the same folder. The next attempt resumes it, and it gets
its final name only if its hash is right. A lock keeps two processes from writing it at once.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from charrnn.errors import CorpusError, DownloadError

if TYPE_CHECKING:
    import requests

Progress = Callable[[int, int], None]
"""Called with the number of bytes received so far and the total."""

DATA = Path("data")
"""The default folder of downloads."""

_CHUNK = 16 * 1024
_PARTIAL_CONTENT = 206
_SERVER_ERROR = 500
_BUSY = (408, 429)


@dataclass(frozen=True)
class Remote:
    """A file on the network: its local name, address, hash and size in bytes."""

    name: str
    url: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Patience:
    """How long to wait for a host, in seconds, and how often to try."""

    connect: float = 10.0
    silence: float = 20.0  # between two pieces of the response
    attempts: int = 4
    backoff: float = 0.5  # before the second attempt, doubled each time


def fetch(
    remote: Remote,
    folder: Path,
    progress: Progress | None = None,
    patience: Patience = Patience(),
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
    actual = _hash_file(path)
    if actual != remote.sha256:
        raise CorpusError(
            f"{path} is not the expected file (SHA-256 {actual[:12]}…, expected "
            f"{remote.sha256[:12]}…): remove it to download it again"
        )
    return True


def _download(remote: Remote, path: Path, progress: Progress | None, patience: Patience) -> None:
    import requests

    part = path.with_name(f".{path.name}.part")
    failure: requests.RequestException | None = None
    for attempt in range(patience.attempts):
        if attempt:
            time.sleep(patience.backoff * 2 ** (attempt - 1))
        resumed = part.exists()
        try:
            _transfer(remote, part, progress, patience)
        except requests.RequestException as error:
            failure = error
            if not _is_temporary(error):
                break
            continue
        if _hash_file(part) == remote.sha256:
            part.replace(path)
            return
        part.unlink()
        failure = None
        if not resumed:  # otherwise the halves may be of two files: try again from the start
            break
    raise DownloadError(
        f"{_explain(remote, part, failure)}. Put the file at {path}, or try again later"
    ) from failure


def _transfer(remote: Remote, part: Path, progress: Progress | None, patience: Patience) -> None:
    """Append what the part lacks, or write it from the start if the host can't resume."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    if have >= remote.size:  # complete; the hash shows if it is wrong
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    limits = (patience.connect, patience.silence)
    with requests.get(remote.url, headers=headers, stream=True, timeout=limits) as response:
        response.raise_for_status()
        if response.status_code != _PARTIAL_CONTENT:
            have = 0
        with part.open("ab" if have else "wb") as file:
            for chunk in _receive(response):
                have += file.write(chunk)
                if progress:
                    progress(have, remote.size)
                if have > remote.size:
                    return
    if have < remote.size:
        raise requests.exceptions.ChunkedEncodingError


def _receive(response: "requests.Response") -> Iterator[bytes]:
    """The response's bytes as they arrive; every interruption is one and the same error."""
    import requests

    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException as error:
        raise requests.exceptions.ChunkedEncodingError from error


def _is_temporary(error: "requests.RequestException") -> bool:
    """Whether another attempt may succeed: not if the host itself refused the request."""
    status = error.response.status_code if error.response is not None else None
    return status is None or status >= _SERVER_ERROR or status in _BUSY


def _explain(remote: Remote, part: Path, failure: "requests.RequestException | None") -> str:
    import requests

    if failure is None:
        return f"{remote.url} served a file other than the expected one (wrong SHA-256; deleted)"
    if failure.response is not None:
        return f"{remote.url} answered {failure.response.status_code} {failure.response.reason}"
    if isinstance(failure, requests.exceptions.ChunkedEncodingError):
        have = part.stat().st_size
        return (
            f"the download of {remote.url} was interrupted after {have:,} of {remote.size:,} bytes"
        )
    return f"can't reach {urlsplit(remote.url).netloc} for {remote.name}"


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
