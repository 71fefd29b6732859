"""An address and a SHA-256 to a verified local file.

Deciding is separate from doing: `fetch` looks at the data folder, `_transfer` moves bytes. A
download lies beside its place as `.part`, is gone on with after an interruption, and takes its
final name only once its hash is right. A lock lets one process at a time write the part.
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
"""Told the bytes at hand and the bytes in all."""

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
    """How long a download may take before it is given up, times in seconds."""

    connect: float = 10.0
    silence: float = 20.0  # between two pieces of the answer
    attempts: int = 4
    backoff: float = 0.5  # before the second attempt, doubled each time


def fetch(
    remote: Remote,
    folder: Path,
    progress: Progress | None = None,
    patience: Patience = Patience(),
) -> Path:
    """The path of a verified copy of `remote` in `folder`, downloaded if it is not there yet.

    Raises:
        DownloadError: the host did not answer, broke off each time, or served another content.
        CorpusError: a file of that name is there with another content.
    """
    path = folder / remote.name
    if not _verified(path, remote):
        from filelock import FileLock

        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{remote.name}.lock"):
            if not _verified(path, remote):  # another process may have been first
                _download(remote, path, progress, patience)
    return path


def _verified(path: Path, remote: Remote) -> bool:
    """Whether the file is there; one with another content is an error, not ours to replace."""
    if not path.exists():
        return False
    actual = _sha256(path)
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
            if not _passing(error):
                break
            continue
        if _sha256(part) == remote.sha256:
            part.replace(path)
            return
        part.unlink()
        failure = None
        if not resumed:  # else the two halves may be of different files: once more, from the start
            break
    raise DownloadError(
        f"{_reason(remote, part, failure)}. Put the file at {path}, or try again later"
    )


def _transfer(remote: Remote, part: Path, progress: Progress | None, patience: Patience) -> None:
    """Append what is missing to the part, or write it anew where the host can't go on."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    if have >= remote.size:  # nothing is missing; a wrong one is found by its hash
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    limits = (patience.connect, patience.silence)
    with requests.get(remote.url, headers=headers, stream=True, timeout=limits) as answer:
        answer.raise_for_status()
        if answer.status_code != _PARTIAL_CONTENT:
            have = 0
        with part.open("ab" if have else "wb") as file:
            for chunk in _pieces(answer):
                have += file.write(chunk)
                if progress:
                    progress(have, remote.size)
                if have > remote.size:
                    return
    if have < remote.size:
        raise requests.exceptions.ChunkedEncodingError


def _pieces(answer: "requests.Response") -> Iterator[bytes]:
    """The answer's bytes as they come; whatever breaks them off is one and the same error."""
    import requests

    try:
        yield from answer.iter_content(_CHUNK)
    except requests.RequestException:
        raise requests.exceptions.ChunkedEncodingError from None


def _passing(error: "requests.RequestException") -> bool:
    """Whether another attempt may go better: not where the host itself refused the request."""
    status = error.response.status_code if error.response is not None else None
    return status is None or status >= _SERVER_ERROR or status in _BUSY


def _reason(remote: Remote, part: Path, failure: "requests.RequestException | None") -> str:
    import requests

    if failure is None:
        return f"{remote.url} served another file than expected (wrong SHA-256; thrown away)"
    if failure.response is not None:
        return f"{remote.url} answered {failure.response.status_code} {failure.response.reason}"
    if isinstance(failure, requests.exceptions.ChunkedEncodingError):
        have = part.stat().st_size
        return f"the download of {remote.url} broke off after {have:,} of {remote.size:,} bytes"
    return f"can't reach {urlsplit(remote.url).netloc} for {remote.name}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
