"""A download host for the tests of downloads."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from charrnn.data.download import Remote
from tests.support.hosts import CONTENT, Host, remote_at


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def host(_no_proxy: None) -> Iterator[Host]:
    with Host(CONTENT) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def remote(host: Host) -> Remote:
    return remote_at(host.url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"
