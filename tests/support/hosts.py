"""A download host on this machine that behaves well, badly, or not at all."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from charrnn.data.download import Remote, fetch
from charrnn.data.patience import Patience
from charrnn.errors import DownloadError

CONTENT = np.random.default_rng(1).bytes(300_000)
OTHER = np.random.default_rng(2).bytes(300_000)
QUICK = Patience(connect=10, silence=10, attempts=4, backoff=0)
DEADLINE = 60  # seconds; only a test that fails ever waits so long


class Host(ThreadingHTTPServer):
    """A download host: gives the listed answers, then proper ones, and records all requests."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.answers: list[Callable[[Handler], None]] = []
        self.asked: list[str | None] = []  # each request's Range
        self.sent = 0  # bytes of all bodies
        self.left_alone = 0  # clients that hung up while this host was silent
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/text.txt"

    def handle_error(self, *_: object) -> None:
        """Ignore clients that hang up: these tests make them do so."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Host

    def do_GET(self) -> None:
        self.server.asked.append(self.headers["Range"])
        answer = self.server.answers.pop(0) if self.server.answers else properly
        answer(self)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass

    def begin(self) -> bytes:
        """Send the head of a proper answer, and return its body."""
        content, wanted = self.server.content, self.headers["Range"]
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.head(206 if wanted else 200, len(content) - first)
        return content[first:]

    def head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def send(self, piece: bytes) -> None:
        self.server.sent += len(piece)
        self.wfile.write(piece)


def properly(handler: Handler) -> None:
    handler.send(handler.begin())


def ignoring_range(handler: Handler) -> None:
    handler.head(200, len(handler.server.content))
    handler.send(handler.server.content)


def interrupted(after: int) -> Callable[[Handler], None]:
    return lambda handler: handler.send(handler.begin()[:after])


def stopping(after: int) -> Callable[[Handler], None]:
    """Go silent in the middle, without hanging up."""

    def answer(handler: Handler) -> None:
        handler.send(handler.begin()[:after])
        silent(handler)

    return answer


def silent(handler: Handler) -> None:
    handler.connection.settimeout(DEADLINE / 2)
    with contextlib.suppress(ConnectionResetError):
        handler.connection.recv(1)  # a timeout ends this answer if the client stays
    handler.server.left_alone += 1


def refusing(status: int) -> Callable[[Handler], None]:
    return lambda handler: handler.head(status, 0)


def breaking_off(after: int) -> list[Callable[[Handler], None]]:
    """Answers that leave a part of the file, and end the download."""
    return [interrupted(after), refusing(404)]


def dripping(pieces: int, pause: float) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        body = handler.begin()
        for piece in np.array_split(np.frombuffer(body, np.uint8), pieces):
            time.sleep(pause)
            handler.send(piece.tobytes())

    return answer


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):  # enough, and a client that takes it all fills no disk
        handler.send(OTHER)


def remote_at(url: str, content: bytes = CONTENT) -> Remote:
    return Remote("text.txt", url, hashlib.sha256(content).hexdigest(), len(content))


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def left_of(folder: Path) -> bytes | None:
    """The part that an unfinished download has left, if any."""
    parts = list(folder.glob(".*.part"))
    assert len(parts) <= 1
    return parts[0].read_bytes() if parts else None


def failure_of(remote: Remote, folder: Path, patience: Patience = QUICK) -> str:
    with pytest.raises(DownloadError) as failure:
        fetch(remote, folder, None, patience)
    message = str(failure.value)
    assert "\n" not in message
    assert not (folder / remote.name).exists()
    return message
