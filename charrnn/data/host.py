"""One request for a file, bounded in everything that a host could go on with forever.

A time limit of `requests` is for one read of the socket, and a host can have it read forever: by a
byte now and then, by one `100 Continue` after another, by headers, trailers or chunks without end.
But all that it sends passes through one reader, and there bytes and time are counted. A thread with
a deadline would leave such a read behind, running; this one ends.
"""

import contextlib
import functools
import http.client
import io
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from charrnn.data.patience import Allowance

_CHUNK = 16 * 1024
_PARTIAL_CONTENT = 206
_REFUSED = 400
_SERVER_ERROR = 500
_BUSY = (408, 429)
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_LONGEST = 60  # characters of a host's own words


class HostError(Exception):
    """A host did not send what it was asked for.

    Attributes:
        final: whether another attempt would end the same.
        status: what it answered with; 0 if it did not answer.
    """

    def __init__(self, problem: str, *, final: bool = False, status: int = 0) -> None:
        super().__init__(problem)
        self.final, self.status = final, status


class Answer(NamedTuple):
    """What a host sends.

    Attributes:
        first: the place of its first byte in the file.
        pieces: its bytes as they arrive; raises a `HostError` if they are interrupted.
    """

    first: int
    pieces: Iterator[bytes]


class _Reader(io.RawIOBase):
    """A socket's bytes, as many and as late as the host's allowance permits."""

    def __init__(self, raw: Any, connection: socket.socket, allowance: Allowance) -> None:
        self._raw, self._connection, self._allowance = raw, connection, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._allowance.measure_wait())
        try:
            count: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            self._allowance.measure_wait()  # raises too, if it was not mere silence
            raise
        self._allowance.count(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *rest: Any, allowance: Allowance, **more: Any) -> None:
        super().__init__(sock, *rest, **more)
        self.fp: Any = io.BufferedReader(_Reader(self.fp.detach(), sock, allowance))


class _Adapter(HTTPAdapter):
    """Has each connection, through a proxy too, read by a `_Reader`."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__()
        self.allowance = allowance

    def get_connection_with_tls_context(self, *given: Any, **more: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*given, **more)
        response = functools.partial(_Response, allowance=self.allowance)
        members = {"response_class": staticmethod(response)}
        pool.ConnectionCls = type("_Connection", (pool.ConnectionCls,), members)
        return pool


@contextlib.contextmanager
def ask(url: str, first: int, allowance: Allowance) -> Iterator[Answer]:
    """Ask a host for a file from a byte on.

    Args:
        url: the file's address.
        first: the first byte wanted.
        allowance: what the host may take.

    Yields:
        its answer, from the file's start if it can't send a part.

    Raises:
        HostError: it can't be reached or refuses, or the address leads nowhere.
    """
    with contextlib.closing(_Adapter(allowance)) as adapter:
        response = _follow(url, first, adapter)
        with contextlib.closing(response):
            _require_success(url, response)
            partial = response.status_code == _PARTIAL_CONTENT
            yield Answer(first if partial else 0, _receive(url, response, allowance))


def _require_success(url: str, response: requests.Response) -> None:
    status = response.status_code
    if status >= _REFUSED:
        temporary = status >= _SERVER_ERROR or status in _BUSY
        words = f"{status} {response.reason}"[:_LONGEST]
        raise HostError(f"{url} answered {words}", final=not temporary, status=status)


def _follow(url: str, first: int, adapter: _Adapter) -> requests.Response:
    """The answer of the host that the address leads to."""
    place = url
    for _ in range(_MOST_REDIRECTS + 1):
        response = _send(url, place, first, adapter)
        location = response.headers.get("Location")
        if response.status_code not in _REDIRECTS or location is None:
            return response
        response.close()  # its body, which may be endless, is not read
        place = _resolve(url, place, location)
    raise HostError(f"{url} leads from one address to the next", final=True)


def _resolve(url: str, place: str, location: str) -> str:
    """Where a redirect leads."""
    with contextlib.suppress(ValueError):
        found = urljoin(place, location.encode("latin-1").decode())
        if urlsplit(found).scheme in {"http", "https"}:
            return found
    raise HostError(f"{url} leads to an address that can't be used", final=True)


def _send(url: str, place: str, first: int, adapter: _Adapter) -> requests.Response:
    """The answer to one request.

    Not by a session's own `get`, which reads the whole body of a redirect into memory.
    """
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={first}-"} if first else {})
    patience = adapter.allowance.patience
    limits = (patience.connect, patience.silence)
    try:
        with requests.Session() as session:
            request = session.prepare_request(requests.Request("GET", place, headers))
            settings: Any = session.merge_environment_settings(place, {}, True, None, None)
            return adapter.send(request, timeout=limits, **settings)
    except Exception as error:  # a host can have these libraries raise anything
        raise _explain(url, place, adapter.allowance, error) from error


def _receive(url: str, response: requests.Response, allowance: Allowance) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(_CHUNK, decode_content=False)
    except Exception as error:  # as in `_send`
        problem = f"{urlsplit(url).netloc} {allowance.problem}" if allowance.problem else ""
        raise HostError(problem or f"the download of {url} was interrupted") from error


def _explain(url: str, place: str, allowance: Allowance, error: Exception) -> HostError:
    if isinstance(error, ValueError) and place != url:
        return HostError(f"{url} leads to an address that can't be used", final=True)
    host = urlsplit(url).netloc
    if allowance.problem:
        return HostError(f"{host} {allowance.problem}")
    if isinstance(error, requests.exceptions.SSLError):
        return HostError(f"can't verify that {host} is what it claims to be")
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return HostError(f"can't reach {host}: {error}", final=True)  # wrong certificates
    return HostError(f"can't reach {host}")
