"""Workers meet before they train: the chief waits for all, and sees that they were started alike.

TensorFlow waits for workers too, but neither heeds Ctrl-C meanwhile nor says who is missing.

Each worker connects to the chief's address and sends a line of JSON, its number and its facts. Once
all have come, the chief answers each with another: what is wrong, or nothing. The connections last:
if a worker is lost, they show which.
"""

import contextlib
import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from charrnn.config.cluster import Cluster
from charrnn.errors import UsageError, WorkerLostError, WorkersDifferError, WorkersMissingError

PATIENCE = 10
"""Minutes that the workers wait for each other."""

_AGAIN = 0.2  # seconds until a worker calls again that nobody answered
_SOON = 20  # seconds in which somebody who is there answers
_LONGEST = 100_000  # bytes of a line
_BROKEN = (OSError, ValueError, TypeError, KeyError)  # what comes of a line that says nothing

Facts = Mapping[str, Any]
"""What must be the same for all workers, by what to call it; values that JSON can hold."""


class _Line:
    """A connection on which messages are sent, each a line of JSON.

    Args:
        connection: to another worker.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._file = connection, connection.makefile("rb")

    def close(self) -> None:
        """Close it."""
        self._file.close()
        self._connection.close()

    def say(self, message: Facts) -> None:
        """Send a message."""
        self._connection.settimeout(_SOON)
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, deadline: float) -> dict[str, Any]:
        """Wait for a message."""
        self._connection.settimeout(max(0.01, deadline - time.monotonic()))
        return dict(json.loads(self._file.readline(_LONGEST)))

    def has_ended(self) -> bool:
        """Whether the other side has closed it, as its system does if its process dies."""
        self._connection.setblocking(False)
        try:
            return not self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Contacts(ABC):
    """The connections by which a worker meets the others, and learns who was lost.

    Args:
        cluster: who they are.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lines: dict[int, _Line] = {}  # by the numbers of the workers at their other ends

    @abstractmethod
    def meet(self, facts: Facts, deadline: float) -> None:
        """Wait for all, until a moment of the monotonic clock; errors as in `meet`.

        Raises:
            TimeoutError: it has passed.
        """

    @abstractmethod
    def find_lost(self, guess: int | None) -> int | None:
        """Which worker was lost, once TensorFlow has said that one was.

        Args:
            guess: what it said; None for nothing.

        Returns:
            None if nobody knows.
        """

    def close(self) -> None:
        """Close them."""
        for line in self._lines.values():
            line.close()


class _ToWorkers(Contacts):
    """The chief's: a connection that has ended is a lost worker's, which it tells the others."""

    def meet(self, facts: Facts, deadline: float) -> None:
        others: dict[int, Facts] = {}
        with _listen(self._cluster) as server:
            while len(others) < len(self._cluster.workers) - 1:
                server.settimeout(max(0.0, deadline - time.monotonic()))
                line = _Line(server.accept()[0])
                try:
                    said = line.hear(time.monotonic() + _SOON)
                    index, other = int(said["worker"]), dict(said["facts"])
                except _BROKEN:  # a stranger
                    line.close()
                    continue
                if index in self._lines:
                    self._lines[index].close()
                self._lines[index], others[index] = line, other
        problem = _find_difference(self._cluster, facts, others)
        for index, line in self._lines.items():
            try:
                line.say({"problem": problem})
            except OSError as error:
                raise WorkerLostError(self._cluster.describe(index)) from error
        if problem:
            raise WorkersDifferError(problem)

    def find_lost(self, guess: int | None) -> int | None:
        lost = next((index for index, line in self._lines.items() if line.has_ended()), guess)
        for line in self._lines.values():
            with contextlib.suppress(OSError):
                line.say({"lost": lost})
        return lost


class _ToChief(Contacts):
    """Another worker's: the chief says who was lost, unless it was the chief."""

    def meet(self, facts: Facts, deadline: float) -> None:
        line = self._lines[0] = _Line(_connect(self._cluster.workers[0], deadline))
        try:
            line.say({"worker": self._cluster.index, "facts": dict(facts)})
            problem = line.hear(deadline)["problem"]
        except TimeoutError:
            raise
        except _BROKEN as error:
            raise WorkerLostError(self._cluster.describe(0)) from error
        if problem:
            raise WorkersDifferError(str(problem))

    def find_lost(self, guess: int | None) -> int | None:
        try:
            lost = self._lines[0].hear(time.monotonic() + _SOON)["lost"]
        except TimeoutError:
            return guess
        except _BROKEN:
            return 0
        return lost if isinstance(lost, int) else guess


def meet(cluster: Cluster, facts: Facts) -> Contacts:
    """Wait for all workers.

    Raises:
        WorkersDifferError: they were not started alike.
        WorkersMissingError: not all came.
        WorkerLostError: one came and went.
        UsageError: this worker's port is taken.
    """
    contacts = _ToWorkers(cluster) if cluster.is_chief else _ToChief(cluster)
    with contextlib.ExitStack() as stack:
        stack.callback(contacts.close)
        try:
            contacts.meet(facts, time.monotonic() + 60 * PATIENCE)
        except TimeoutError as error:
            raise WorkersMissingError(len(cluster.workers) - 1, PATIENCE) from error
        stack.pop_all()
    return contacts


def _listen(cluster: Cluster) -> socket.socket:
    _, port = split_address(cluster.workers[0])
    try:
        return socket.create_server(("", port))
    except OSError as error:
        raise UsageError(
            f"port {port} of {cluster.describe(0)} can't be used: {error.strerror}; choose another "
            "in `workers`"
        ) from error


def _connect(address: str, deadline: float) -> socket.socket:
    """Call until somebody answers."""
    while True:
        try:
            return socket.create_connection(split_address(address), timeout=5)
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
            time.sleep(_AGAIN)


def split_address(address: str) -> tuple[str, int]:
    """The host, without the brackets of IPv6, and the port."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _find_difference(cluster: Cluster, facts: Facts, others: Mapping[int, Facts]) -> str:
    """Which worker was not started like the chief, and in what; empty if all were."""
    if strange := set(others) - set(range(1, len(cluster.workers))):
        return f"there is no worker {min(strange)} among {len(cluster.workers)}"
    own = json.loads(json.dumps(dict(facts)))
    for index, other in sorted(others.items()):
        names = [name for name in {**own, **other} if own.get(name) != other.get(name)]
        if names:
            found = [f"{name} ({other.get(name)}, not {own.get(name)})" for name in names]
            return (
                f"{cluster.describe(index)} differs from worker 0 in {', '.join(found)}: start "
                "all workers alike"
            )
    return ""
