"""Downloads against a local host that behaves well, badly, or not at all."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from charrnn.data import download
from charrnn.data.download import Remote, fetch
from charrnn.data.patience import Patience
from charrnn.errors import CorpusError, DownloadError
from tests.support.hosts import (
    CONTENT,
    DEADLINE,
    OTHER,
    QUICK,
    Handler,
    Host,
    breaking_off,
    dripping,
    endless,
    failure_of,
    ignoring_range,
    interrupted,
    left_of,
    properly,
    refusing,
    remote_at,
    silent,
    stopping,
    visible,
)

pytestmark = pytest.mark.usefixtures("_no_proxy")

FETCH = """
import sys
from pathlib import Path
from charrnn.data.download import Remote, fetch
from charrnn.data.patience import Patience

url, sha256, size, folder, ready = sys.argv[1:]
import requests, filelock  # so that the fetches begin together
Path(ready).touch()
print(fetch(Remote("text.txt", url, sha256, int(size)), Path(folder), None, Patience(backoff=0)))
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start_fetch(remote: Remote, folder: Path, ready: Path) -> "subprocess.Popen[str]":
    arguments = [remote.url, remote.sha256, str(remote.size), str(folder), str(ready)]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *arguments], stdout=subprocess.PIPE, text=True
    )


def test_download_arrives_whole_in_a_new_folder(host: Host, remote: Remote, folder: Path) -> None:
    """A download makes its folder, and the file has exactly the host's bytes."""
    path = fetch(remote, folder / "deeper")
    assert path == folder / "deeper" / "text.txt"
    assert path.read_bytes() == CONTENT
    assert left_of(folder / "deeper") is None
    assert host.asked == [None]


def test_progress_rises_to_the_size(remote: Remote, folder: Path) -> None:
    """Progress never falls, always gives the whole size, and ends with all bytes."""
    told: list[tuple[int, int]] = []
    fetch(remote, folder, lambda have, size: told.append((have, size)), QUICK)
    have = [have for have, _ in told]
    assert len(have) > 1
    assert have == sorted(have)
    assert have[-1] == len(CONTENT)
    assert {size for _, size in told} == {len(CONTENT)}


def test_progress_resumes_from_the_part(host: Host, remote: Remote, folder: Path) -> None:
    """Progress never falls over an interruption either."""
    host.answers = [interrupted(200_000)]
    have: list[int] = []
    fetch(remote, folder, lambda now, _: have.append(now), QUICK)
    assert have == sorted(have)
    assert have[-1] == len(CONTENT)


@pytest.mark.parametrize("after", [65_536, 131_072, 200_000, 299_999])
def test_interrupted_download_requests_only_the_rest(
    host: Host, remote: Remote, folder: Path, after: int
) -> None:
    """After an interruption the next request is for exactly the missing bytes."""
    host.answers = [interrupted(after)]
    left: list[bytes | None] = []

    def resumed(handler: Handler) -> None:
        left.append(left_of(folder))
        properly(handler)

    host.answers.append(resumed)
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    part = left[0]
    assert part
    assert part == CONTENT[: len(part)]
    assert host.asked == [None, f"bytes={len(part)}-"]
    assert host.sent == after + len(CONTENT) - len(part)


def test_interruption_loses_few_bytes(host: Host, remote: Remote, folder: Path) -> None:
    """A host that breaks off after each 30,000 bytes is not given up: each attempt brings some."""
    host.answers = [interrupted(30_000) for _ in range(30)]
    path = fetch(remote, folder, None, Patience(attempts=1, backoff=0))
    assert path.read_bytes() == CONTENT
    assert len(host.asked) < 30


def test_next_command_resumes_where_the_last_gave_up(
    host: Host, remote: Remote, folder: Path
) -> None:
    """The bytes of a download that gave up are used by the next one."""
    host.answers = breaking_off(200_000)
    failure_of(remote, folder)
    part = left_of(folder)
    assert part
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked == [None, f"bytes={len(part)}-", f"bytes={len(part)}-"]


def test_repeated_interruptions_are_reported(host: Host, remote: Remote, folder: Path) -> None:
    """Attempts that bring nothing are counted, and the message says that they were interrupted."""
    host.answers = [interrupted(70_000), *[interrupted(0)] * 4]
    message = failure_of(remote, folder)
    assert "was interrupted after 70,000 of 300,000 bytes" in message
    assert "can't reach" not in message
    assert len(host.asked) == 5


def test_host_without_ranges_sends_all_again(host: Host, remote: Remote, folder: Path) -> None:
    """If the host ignores Range, its whole answer replaces the part instead of following it."""
    host.answers = [interrupted(200_000), ignoring_range]
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert len(host.asked) == 2


def test_wrong_content_is_deleted(host: Host, remote: Remote, folder: Path) -> None:
    """Unexpected content leaves nothing behind, and the message says what to do."""
    host.content = OTHER
    message = failure_of(remote, folder)
    assert "SHA-256" in message
    assert f"Put the file at {folder / 'text.txt'}" in message
    assert visible(folder) == []
    assert left_of(folder) is None
    assert host.asked == [None]  # the same would come again


def test_page_instead_of_the_file_is_deleted(host: Host, remote: Remote, folder: Path) -> None:
    """A short page with status 200, like that of a login portal, never becomes the file."""
    host.content = b"<html>please log in</html>"
    failure_of(remote, folder)
    host.content = CONTENT
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT


def test_part_of_another_file_costs_one_more_attempt(
    host: Host, remote: Remote, folder: Path
) -> None:
    """A part that turns out to be of another file is deleted, and the file downloaded again."""
    host.content = OTHER
    host.answers = breaking_off(200_000)
    failure_of(remote, folder)
    host.content = CONTENT
    part = left_of(folder)
    assert part
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked[2:] == [f"bytes={len(part)}-", None]


def test_part_longer_than_the_file_is_deleted(host: Host, remote: Remote, folder: Path) -> None:
    """A part that is too long is deleted, with no request for bytes beyond the file's end."""
    longer = OTHER + OTHER
    host.content = longer
    host.answers = breaking_off(400_000)
    failure_of(remote_at(host.url, longer), folder)
    assert len(left_of(folder) or b"") > remote.size
    host.content = CONTENT
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert len(host.asked) == 3
    assert host.asked[2] is None


def test_complete_part_needs_no_request(host: Host, remote: Remote, folder: Path) -> None:
    """If a process dies between the last byte and the renaming, the next needs no download."""

    def interrupt(have: int, size: int) -> None:
        if have == size:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(remote, folder, interrupt, QUICK)
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked == [None]


def test_endless_answer_is_left(host: Host, remote: Remote, folder: Path) -> None:
    """A host that never stops sending is left soon after the expected size."""
    host.answers = [endless]
    told: list[int] = []
    with pytest.raises(DownloadError):
        fetch(remote, folder, lambda have, _: told.append(have), QUICK)
    assert max(told) < 2 * len(CONTENT)
    assert left_of(folder) is None


def test_busy_host_is_tried_again(host: Host, remote: Remote, folder: Path) -> None:
    """A host that answers 503 twice is tried a third time."""
    host.answers = [refusing(503), refusing(503)]
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert len(host.asked) == 3


def test_always_busy_host_is_given_up(host: Host, remote: Remote, folder: Path) -> None:
    """After the last attempt the message gives the host's answer and says what to do."""
    host.answers = [refusing(503)] * 9
    message = failure_of(remote, folder)
    assert len(host.asked) == QUICK.attempts
    assert f"{host.url} answered 503" in message
    assert f"Put the file at {folder / 'text.txt'}" in message


@pytest.mark.parametrize("status", [408, 429, 500, 502])
def test_temporary_refusals_are_tried_again(
    host: Host, remote: Remote, folder: Path, status: int
) -> None:
    """After a temporary refusal there is another attempt."""
    host.answers = [refusing(status)]
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_permanent_refusal_is_final(host: Host, remote: Remote, folder: Path, status: int) -> None:
    """After a permanent refusal there is no other attempt."""
    host.answers = [refusing(status)] * 9
    assert f"answered {status}" in failure_of(remote, folder)
    assert len(host.asked) == 1


def test_pauses_double(
    host: Host, remote: Remote, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause before the second attempt is the backoff, and each later one is twice as long."""
    pauses: list[float] = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append, monotonic=float))
    host.answers = [refusing(503)] * 4
    failure_of(remote, folder, Patience(attempts=4, backoff=0.25))
    assert pauses == [0.25, 0.5, 1.0]


def test_silent_host_is_left(host: Host, remote: Remote, folder: Path) -> None:
    """A host that accepts and never answers is left after the allowed silence, each time."""
    host.answers = [silent] * 9
    message = failure_of(remote, folder, Patience(silence=0.2, attempts=2, backoff=0))
    assert f"127.0.0.1:{host.server_port}" in message
    wait_for(lambda: host.left_alone == 2)
    assert len(host.asked) == 2


def test_download_from_a_silent_host_is_resumed(host: Host, remote: Remote, folder: Path) -> None:
    """If the host goes silent in the middle, another request resumes the download."""
    host.answers = [stopping(200_000)]
    path = fetch(remote, folder, None, Patience(silence=1, attempts=4, backoff=0))
    assert path.read_bytes() == CONTENT
    assert host.asked[1] is not None
    wait_for(lambda: host.left_alone == 1)


@pytest.mark.slow
def test_silence_in_the_middle_is_reported(host: Host, remote: Remote, folder: Path) -> None:
    """If the host goes silent in the middle, the message gives the bytes received."""
    host.answers = [stopping(100_000), stopping(0)]
    message = failure_of(remote, folder, Patience(silence=1, attempts=1))
    assert "was interrupted after" in message
    assert "of 300,000 bytes" in message


@pytest.mark.slow
def test_slow_host_is_waited_for(host: Host, remote: Remote, folder: Path) -> None:
    """The time limit is for silence: a download that takes longer as a whole succeeds."""
    host.answers = [dripping(pieces=10, pause=0.2)]
    path = fetch(remote, folder, None, Patience(silence=1.5, attempts=1))
    assert path.read_bytes() == CONTENT


def test_unreachable_host_is_named(folder: Path) -> None:
    """If nobody listens, the message names the host, the file, and where to put it."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening, so refused at once
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        message = failure_of(remote_at(f"http://{address}/text.txt"), folder)
    assert message.startswith(f"can't reach {address}. ")
    assert f"Put the file at {folder / 'text.txt'}" in message


def test_unreachable_host_is_named_even_with_a_part(
    host: Host, remote: Remote, folder: Path
) -> None:
    """The part of an earlier download does not hide that this one reached nobody."""
    host.answers = breaking_off(200_000)
    failure_of(remote, folder)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/text.txt"
        assert "can't reach" in failure_of(remote_at(url), folder)
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert len(host.asked) == 3


def test_existing_file_needs_no_network(host: Host, remote: Remote, folder: Path) -> None:
    """A valid file is used without a request, and is not changed."""
    folder.mkdir()
    (folder / "text.txt").write_bytes(CONTENT)
    written = (folder / "text.txt").stat().st_mtime_ns
    assert fetch(remote, folder) == folder / "text.txt"
    assert host.asked == []
    assert (folder / "text.txt").stat().st_mtime_ns == written
    assert [path.name for path in folder.iterdir()] == ["text.txt"]


def test_file_of_another_content_is_not_replaced(host: Host, remote: Remote, folder: Path) -> None:
    """A user's file under the expected name is reported and not changed."""
    folder.mkdir()
    (folder / "text.txt").write_bytes(b"my own text")
    with pytest.raises(CorpusError, match="remove it to download it again") as failure:
        fetch(remote, folder)
    assert not isinstance(
        failure.value, DownloadError
    )  # which would be a reason to train on another text
    assert str(folder / "text.txt") in str(failure.value)
    assert (folder / "text.txt").read_bytes() == b"my own text"
    assert host.asked == []


def test_download_resumes_after_ctrl_c(host: Host, remote: Remote, folder: Path) -> None:
    """Ctrl-C in the middle leaves no file, and the next download resumes."""

    def interrupt(have: int, _: int) -> None:
        if have > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(remote, folder, interrupt, QUICK)
    assert visible(folder) == []
    part = left_of(folder)
    assert part
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked == [None, f"bytes={len(part)}-"]


def test_download_resumes_after_a_killed_process(
    host: Host, remote: Remote, folder: Path, tmp_path: Path
) -> None:
    """A killed process leaves no lock behind, and the next download resumes."""
    host.answers = [stopping(200_000)]
    with start_fetch(remote, folder, tmp_path / "ready") as process:
        wait_for(lambda: len(left_of(folder) or b"") >= 65_536)
        process.kill()
    assert visible(folder) == []
    part = left_of(folder)
    assert part
    assert fetch(remote, folder, None, QUICK).read_bytes() == CONTENT
    assert host.asked == [None, f"bytes={len(part)}-"]


@pytest.mark.slow
def test_processes_at_once_share_one_download(
    host: Host, remote: Remote, folder: Path, tmp_path: Path
) -> None:
    """Processes that need the same file at once all get it, and the host sends it once."""
    signs = [tmp_path / f"ready-{number}" for number in range(4)]

    def once_all_are_there(handler: Handler) -> None:
        wait_for(lambda: all(sign.exists() for sign in signs))
        dripping(pieces=5, pause=0.1)(handler)

    host.answers = [once_all_are_there]
    processes = [start_fetch(remote, folder, sign) for sign in signs]
    printed = [process.communicate(timeout=DEADLINE)[0].strip() for process in processes]
    assert printed == [str(folder / "text.txt")] * 4
    assert (folder / "text.txt").read_bytes() == CONTENT
    assert host.asked == [None]
    assert host.sent == len(CONTENT)
    assert visible(folder) == ["text.txt"]
