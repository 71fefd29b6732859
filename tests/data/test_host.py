"""Hosts that go on without end, in each place where a client reads, or that answer nonsense."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.data.download import Remote, fetch
from charrnn.data.patience import Patience
from tests.support.hosts import (
    CONTENT,
    QUICK,
    Handler,
    Host,
    breaking_off,
    failure_of,
    left_of,
    properly,
    refusing,
    remote_at,
)

pytestmark = pytest.mark.usefixtures("_no_proxy")

STRICT = Patience(silence=10, least=100_000, window=0.3, attempts=1)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

PLACES = {
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "status line": (b"HTTP/1.1 200 ", b"fine"),
    "headers": (OK, b"X-Header: value\r\n"),
    "one header": (OK + b"X-Header: ", b"value"),
    "headers of 100 Continue": (b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"),
    "body": (OK + b"Content-Length: 300000\r\n\r\n", b"body"),
    "body without a length": (OK + b"\r\n", b"body"),
    "line of a chunk": (CHUNKED + b"1;", b"x"),
    "chunks": (CHUNKED, b"a\r\n0123456789\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "one trailer": (CHUNKED + b"1\r\nx\r\n0\r\n", b"x"),
}
"""Where a host can go on for ever: what it sends first, and then again and again."""

REDIRECTS = {
    "not UTF-8": b"http://\xff\xfe/text.txt",
    "port": b"http://localhost:99999999/",
    "port of letters": b"http://localhost:http/",
    "bracket": b"http://[::1/",
    "empty label": b"http://a..b/",
    "long label": b"http://" + b"a" * 64 + b".example/",
    "label that is no IDNA": "http://\u200d.example/".encode(),
    "FTP": b"ftp://127.0.0.1/text.txt",
    "file": b"file:///etc/passwd",
    "script": b"javascript:alert(1)",
}


def pour(place: str) -> Callable[[Handler], None]:
    """Send without end, as fast as the client reads."""
    start, again = PLACES[place]

    def answer(handler: Handler) -> None:
        handler.send(start)
        while not handler.server.closing.is_set():
            handler.send(again * 1000)

    return answer


def drip(place: str) -> Callable[[Handler], None]:
    """Send without end, a little at a time."""
    start, again = PLACES[place]

    def answer(handler: Handler) -> None:
        handler.send(start)
        while not handler.server.closing.wait(0.01):
            handler.send(again)

    return answer


def redirect(location: bytes) -> Callable[[Handler], None]:
    return lambda handler: handler.send(
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("place", PLACES)
def test_a_drip_is_left(host: Host, remote: Remote, folder: Path, place: str) -> None:
    """A host that sends a little now and then, wherever in its answer, is left as too slow."""
    host.answers = [drip(place)]
    message = failure_of(remote, folder, STRICT)
    assert "sends fewer than 100,000 bytes a second" in message
    assert len(host.asked) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("place", PLACES)
def test_a_flood_is_left(host: Host, remote: Remote, folder: Path, place: str) -> None:
    """A host that sends without end, wherever in its answer, is left after a few megabytes."""
    host.answers = [pour(place)] * 9
    message = failure_of(remote, folder, Patience(attempts=1, backoff=0))
    assert message.startswith(("can't reach", "127.0.0.1:", "the download", host.url))
    assert host.sent < len(host.asked) * 2**25  # most of it waits in the sockets' buffers
    assert len(left_of(folder) or b"") <= 2 * len(CONTENT)


@pytest.mark.timeout(60)
def test_trailers_don_t_cost_the_file(host: Host, remote: Remote, folder: Path) -> None:
    """A file that arrived whole is used, whatever comes after it."""

    def answer(handler: Handler) -> None:
        handler.send(CHUNKED + b"493e0\r\n" + CONTENT + b"\r\n0\r\n")
        while True:
            handler.send(b"X: y\r\n" * 1000)

    host.answers = [answer]
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert len(host.asked) == 1


@pytest.mark.timeout(60)
def test_all_attempts_together_end(host: Host, remote: Remote, folder: Path) -> None:
    """A host that always sends just enough is left when the time for all attempts is over."""
    host.answers = [drip("body")]
    message = failure_of(remote, folder, Patience(least=0, longest=1, attempts=1))
    assert "took longer than 1 s. " in message
    assert len(host.asked) == 1


@pytest.mark.parametrize("location", REDIRECTS.values(), ids=REDIRECTS)
def test_a_bad_redirect_is_refused(
    host: Host, remote: Remote, folder: Path, location: bytes
) -> None:
    """An address that is none, or not on the web, is one line, and is not tried again."""
    host.answers = [redirect(location)] * 9
    message = failure_of(remote, folder)
    assert message.startswith(f"{host.url} leads to an address that can't be used. Put the file")
    assert len(host.asked) == 1


@pytest.mark.timeout(60)
def test_redirects_are_followed_a_few_times(host: Host, remote: Remote, folder: Path) -> None:
    """A redirect's body is not read, five redirects are followed, and a circle is left."""

    def answer(handler: Handler) -> None:
        handler.send(b"HTTP/1.1 301 Moved\r\nLocation: elsewhere\r\n\r\n")
        while True:
            handler.send(CONTENT)

    host.answers = [answer, redirect(b"//127.0.0.1:%d/a" % host.server_port), *[redirect(b"/")] * 3]
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    (folder / "text.txt").unlink()
    host.answers, host.asked = [redirect(b"/")] * 99, []
    assert "leads from one address to the next" in failure_of(remote, folder)
    assert len(host.asked) == 6


def test_a_part_beyond_the_hosts_file_is_dropped(host: Host, remote: Remote, folder: Path) -> None:
    """If the host has no such range, the download starts over, by itself."""
    host.answers = [*breaking_off(200_000), refusing(416)]
    failure_of(remote, folder)
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked[2:] == ["bytes=200000-", None]


def test_a_host_that_always_says_so_is_left(host: Host, remote: Remote, folder: Path) -> None:
    """416 without a range asked for is a refusal like any other."""
    host.answers = [*breaking_off(200_000), *[refusing(416)] * 9]
    failure_of(remote, folder)
    assert "answered 416" in failure_of(remote, folder)
    assert len(host.asked) == 4
    assert left_of(folder) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff\xfe\x00 nonsense\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 -5 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        CHUNKED + b"xyz\r\n",
        CHUNKED + b"-5\r\nhello",
        CHUNKED + b"f" * 5000 + b"\r\nhello",
        b"",
    ],
    ids=lambda answer: repr(answer[:30]),
)
def test_nonsense_is_one_line(host: Host, remote: Remote, folder: Path, answer: bytes) -> None:
    """An answer that is not HTTP, or not of this file, is one line with a way out."""
    host.answers = [lambda handler: handler.send(answer)] * 9
    message = failure_of(remote, folder)
    assert f"Put the file at {folder / 'text.txt'}" in message
    assert len(message) < 300 + len(str(folder))


def test_a_hosts_words_are_cut(host: Host, remote: Remote, folder: Path) -> None:
    """A reason of 60,000 characters fills no screen."""
    host.answers = [lambda handler: handler.send(b"HTTP/1.1 404 " + b"x" * 60_000 + b"\r\n\r\n")]
    assert "answered 404 xxx" in (message := failure_of(remote, folder))
    assert "x" * 61 not in message


def test_nothing_is_unpacked(host: Host, remote: Remote, folder: Path) -> None:
    """A small answer that says it is compressed does not become a large one."""
    packed = gzip.compress(bytes(2**26))
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    host.answers = [lambda handler: handler.send(head + packed)]
    received: list[int] = []
    fetch(remote, folder, lambda have, _: received.append(have), QUICK)
    assert max(received) <= len(CONTENT)


@pytest.mark.parametrize("content", [None, "no certificates"])
def test_wrong_certificates_are_named(
    host: Host,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
) -> None:
    """A bundle of certificates that is missing or none is one line, not something unexpected."""
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    message = failure_of(remote_at(host.url.replace("http:", "https:")), folder)
    assert str(bundle) in message if content is None else "can't verify" in message
    assert host.asked == []


@pytest.mark.parametrize("proxy", ["http://[::1", "http://:80", "http://a..b:80", "x://y"])
def test_a_wrong_proxy_is_one_line(
    host: Host, folder: Path, remote: Remote, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """A proxy's address that can't be used is one line too."""
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("NO_PROXY")
    assert "can't reach" in failure_of(remote, folder)
    assert host.asked == []


def test_a_flood_through_a_proxy_is_left(
    host: Host, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes through a proxy is counted too."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{host.server_port}")
    monkeypatch.delenv("NO_PROXY")
    host.answers = [drip("100 Continue")]
    message = failure_of(remote_at("http://files.example/text.txt"), folder, STRICT)
    assert "files.example sends fewer than" in message
    host.answers = [properly]
    assert fetch(remote_at("http://files.example/text.txt"), folder, None, QUICK).exists()
