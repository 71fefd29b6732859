"""Workers meet before they train; here each is a thread."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

import pytest

from charrnn.config.cluster import Cluster, split_address
from charrnn.errors import CharrnnError, UsageError, WorkerLostError, WorkersMissingError
from charrnn.training import rendezvous
from charrnn.training.rendezvous import Contacts, meet
from tests.support.cluster import find_addresses

SAME = {"text": "abc", "`dropout`": 0.5}


def meet_and_part(cluster: Cluster, facts: Mapping[str, Any]) -> None:
    """Meet, and leave."""
    meet(cluster, facts).close()


def meet_all(workers: tuple[str, ...], facts: list[Mapping[str, Any]]) -> list[Future[None]]:
    """All workers meet, the chief last; how that ended for each."""
    with ThreadPoolExecutor(len(workers)) as pool:
        ends = [
            pool.submit(meet_and_part, Cluster(workers, index), facts[index])
            for index in reversed(range(len(workers)))
        ]
        return ends[::-1]


@pytest.mark.parametrize("count", [2, 4])
def test_workers_that_are_alike_meet(count: int) -> None:
    """Whoever comes first, nobody is told of a problem."""
    ends = meet_all(find_addresses(count), [SAME] * count)
    assert [end.result() for end in ends] == [None] * count


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({**SAME, "`dropout`": 0.3}, r"differs from worker 0 in `dropout` \(0.3, not 0.5\)"),
        ({**SAME, "text": "x", "`dropout`": 0.3}, r"text \(x, not abc\), `dropout` \(0.3"),
        ({"text": "abc"}, r"`dropout` \(None, not 0.5\)"),
    ],
)
def test_all_learn_which_worker_differs_and_in_what(
    other: Mapping[str, Any], expected: str
) -> None:
    """The same line for the chief, for the one that differs, and for the one that doesn't."""
    workers = find_addresses(3)
    ends = meet_all(workers, [SAME, SAME, other])
    lines = {str(end.exception()) for end in ends}
    assert len(lines) == 1
    with pytest.raises(UsageError, match=expected) as raised:
        ends[0].result()
    assert f"worker 2 ({workers[2]})" in str(raised.value)


def test_the_same_worker_twice_leaves_one_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes with one number are not two workers."""
    monkeypatch.setattr(rendezvous, "PATIENCE", 0.02)
    workers = find_addresses(3)
    with ThreadPoolExecutor(3) as pool:
        ends = [pool.submit(meet_and_part, Cluster(workers, index), SAME) for index in (0, 1, 1)]
    with pytest.raises(WorkersMissingError, match="not all of the 2 other workers came"):
        ends[0].result()
    assert all(isinstance(end.exception(), CharrnnError) for end in ends)


def test_a_port_that_tensorflow_will_need_is_taken() -> None:
    """A worker that is not the chief says so before the others wait for it."""
    workers = find_addresses(2)
    _, port = split_address(workers[1])
    with (
        socket.create_server(("", port)),
        pytest.raises(UsageError, match=f"port {port} of worker 1 .* can't be used: "),
    ):
        meet(Cluster(workers, 1), SAME)


@pytest.mark.parametrize("index", [0, 1])
def test_a_worker_that_waits_in_vain(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the patience, one line says what to do."""
    monkeypatch.setattr(rendezvous, "PATIENCE", 0.01)
    began = time.monotonic()
    with pytest.raises(WorkersMissingError, match="start them all, each with the same `workers`"):
        meet(Cluster(find_addresses(2), index), SAME)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"[]\n",
        b"{}\n",
        b"\xff\xfe\n",
        b'{"worker": 1}\n',
        b"[" * 90_000 + b"\n",
        b'{"worker": Infinity, "facts": {}}\n',
        b"x" * 200_000,
    ],
)
def test_strangers_are_passed_over(said: bytes) -> None:
    """Whatever else connects to the chief's port, the workers still meet."""
    workers = find_addresses(2)
    chief = _start(lambda: meet_and_part(Cluster(workers, 0), SAME))
    with _connect(workers[0]) as stranger, suppress(OSError):
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
    meet_and_part(Cluster(workers, 1), SAME)
    assert chief.exception() is None


def test_a_worker_that_the_cluster_does_not_have() -> None:
    """All are told its number."""
    workers = find_addresses(2)
    chief = _start(lambda: meet_and_part(Cluster(workers, 0), SAME))
    other = Cluster((*workers, *find_addresses(1)), 2)
    with pytest.raises(UsageError, match="there is no worker 2 among 2"):
        meet(other, SAME)
    assert isinstance(chief.exception(), UsageError)


def test_a_chief_that_ends_while_others_wait() -> None:
    """Its worker doesn't wait on."""
    workers = find_addresses(2)
    with socket.create_server(split_address(workers[0])) as server:
        worker = _start(lambda: meet_and_part(Cluster(workers, 1), SAME))
        server.accept()[0].close()
        assert isinstance(worker.exception(30), WorkerLostError)


def test_a_port_that_is_taken() -> None:
    """One line that names it."""
    workers = find_addresses(2)
    _, port = split_address(workers[0])
    with (
        socket.create_server(("", port)),
        pytest.raises(UsageError, match=f"port {port} of worker 0 .* can't be used: "),
    ):
        meet(Cluster(workers, 0), SAME)


class Met(NamedTuple):
    """A worker's contacts, and what was lost each time that they said something was."""

    contacts: Contacts
    losses: list[int | None]

    def wait(self) -> list[int | None]:
        """Until there is a loss, or there could have been one."""
        for _ in range(50):
            if self.losses:
                break
            time.sleep(0.02)
        return self.losses


@contextmanager
def gather(count: int) -> Iterator[list[Met]]:
    """Workers that have met, and watch each other."""
    workers = find_addresses(count)
    with ThreadPoolExecutor(count) as pool:
        clusters = [Cluster(workers, index) for index in range(count)]
        all_met = [Met(one, []) for one in pool.map(lambda one: meet(one, SAME), clusters)]
    for contacts, losses in all_met:
        contacts.watch(partial(_note, contacts, losses))
    try:
        yield all_met
    finally:
        for contacts, _ in all_met:
            contacts.close()


def _note(contacts: Contacts, losses: list[int | None]) -> None:
    losses.append(contacts.lost)


@pytest.mark.parametrize("lost", [1, 2])
def test_the_chief_tells_the_others_who_was_lost(lost: int) -> None:
    """Whatever TensorFlow has said to each."""
    with gather(3) as met:
        met[lost].contacts.close()
        others = [met[0], met[3 - lost]]
        assert [one.wait()[0] for one in others] == [lost, lost]
        assert [one.contacts.find_lost(3 - lost) for one in others] == [lost, lost]


def test_a_lost_chief_is_found_by_all() -> None:
    """Its connections end with it."""
    with gather(3) as met:
        met[0].contacts.close()
        assert [one.wait()[0] for one in met[1:]] == [0, 0]
        assert [one.contacts.find_lost(2) for one in met[1:]] == [0, 0]


def test_a_worker_that_hangs_is_the_one_that_tensorflow_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As long as all connections are there, its word counts, and the others are told."""
    monkeypatch.setattr(rendezvous, "_SOON", 0.2)
    with gather(3) as met:
        assert met[0].contacts.find_lost(None) is None
        assert met[1].contacts.find_lost(2) == 2
        assert met[0].wait()[0] == 2
        assert met[0].contacts.find_lost(1) == 2


def test_who_takes_leave_is_not_lost() -> None:
    """Workers that end one after the other, once all is done."""
    with gather(3) as met:
        for contacts, _ in met:
            contacts.take_leave()
            contacts.close()
        time.sleep(0.3)
        assert [losses for _, losses in met] == [[], [], []]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the system has no IPv6")
def test_addresses_of_ipv6() -> None:
    """Workers meet at these as well."""
    workers = tuple(f"[::1]:{split_address(address)[1]}" for address in find_addresses(2))
    assert [end.result() for end in meet_all(workers, [SAME] * 2)] == [None, None]


def test_a_silent_stranger_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that says a little at a time."""
    monkeypatch.setattr(rendezvous, "_SOON", 0.3)
    workers = find_addresses(2)
    chief = _start(lambda: meet_and_part(Cluster(workers, 0), SAME))
    with _connect(workers[0]), _connect(workers[0]) as slow:
        for _ in range(5):
            with suppress(OSError):
                slow.send(b"[")
            time.sleep(0.1)
        meet_and_part(Cluster(workers, 1), SAME)
    assert chief.exception() is None


@pytest.mark.parametrize(
    ("address", "expected"), [("a.b:1", ("a.b", 1)), ("[::1]:23", ("::1", 23))]
)
def test_addresses_are_split(address: str, expected: tuple[str, int]) -> None:
    """Host and port, as sockets take them."""
    assert split_address(address) == expected


def _start(work: Callable[[], None]) -> Future[None]:
    """Do it in a thread."""
    done: Future[None] = Future()

    def run() -> None:
        try:
            work()
            done.set_result(None)
        except CharrnnError as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def _connect(address: str) -> socket.socket:
    """Connect as soon as somebody listens."""
    for _ in range(100):
        try:
            return socket.create_connection(split_address(address))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise TimeoutError(address)
