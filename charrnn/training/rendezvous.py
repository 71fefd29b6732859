"""Workers meet before they train, and learn while they do when one of them is lost.

TensorFlow waits for workers too, but neither heeds Ctrl-C meanwhile nor says who is missing; and
when one is lost, what it says depends on who leaves first.

Each worker connects to the chief's address and sends a line of JSON, its number and its facts. Once
all have come, the chief answers each with another: what is wrong, or nothing. The connections last:
one that ends without a word of farewell is that of a lost worker, whom the chief names to all.
"""

import contextlib
import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from charrnn.config.cluster import Cluster, split_address
from charrnn.errors import UsageError, WorkerLostError, WorkersDifferError, WorkersMissingError

PATIENCE = 10
"""Minutes that the workers wait for each other."""

_AGAIN = 0.2  # seconds until a worker calls again that nobody answered
_SOON = 5  # seconds in which somebody who is there says something
_LONGEST = 100_000  # bytes of a line
_FOREVER = 1e9  # seconds
_BROKEN = (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError)
"""What comes of a line that says nothing."""

Facts = Mapping[str, Any]
"""What must be the same for all workers, by what to call it; values that JSON can hold."""


class _Line:
    """A connection on which messages are sent, each a line of JSON.

    Args:
        connection: to another worker.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._heard = connection, b""

    def close(self) -> None:
        """Close it; what listens to it learns that."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def say(self, message: Facts) -> None:
        """Send a message."""
        self._connection.settimeout(_SOON)
        self._connection.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, deadline: float) -> dict[str, Any]:
        """Wait for a message until a moment of the monotonic clock.

        Raises:
            TimeoutError: the moment has passed.
            OSError: the connection has ended.
            Exception: another of `_BROKEN`, it is no message.
        """
        while b"\n" not in self._heard:
            self._connection.settimeout(max(0.01, deadline - time.monotonic()))
            part = self._connection.recv(_LONGEST)
            if not part:
                raise ConnectionError("the connection has ended")
            self._heard += part
            if len(self._heard) > _LONGEST:
                raise ValueError("the line is too long")
            if time.monotonic() > deadline:
                raise TimeoutError
        line, _, self._heard = self._heard.partition(b"\n")
        return dict(json.loads(line))


class Contacts(ABC):
    """The connections by which a worker meets the others, and learns who was lost.

    Args:
        cluster: who they are.

    Attributes:
        lost: the number of a lost worker; None as long as none is known.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.lost: int | None = None
        self._cluster = cluster
        self._lines: dict[int, _Line] = {}  # by the numbers of the workers at their other ends
        self._closed = False
        self._found = threading.Event()
        self._lock = threading.Lock()

    @abstractmethod
    def meet(self, facts: Facts, deadline: float) -> None:
        """Wait for all, until a moment of the monotonic clock; errors as in `meet`.

        Raises:
            TimeoutError: it has passed.
        """

    def watch(self, on_loss: Callable[[], None]) -> None:
        """From now on call a function, in another thread, once a worker is lost."""
        for index, line in self._lines.items():
            arguments = (index, line, on_loss)
            threading.Thread(target=self._listen_to, args=arguments, daemon=True).start()

    def find_lost(self, guess: int | None) -> int | None:
        """Which worker was lost, once TensorFlow has said that one was.

        Args:
            guess: what it said; None for nothing.

        Returns:
            None if nobody knows.
        """
        self._found.wait(_SOON)
        self._note(guess)
        return self.lost

    def take_leave(self) -> None:
        """Say that this worker ends because all is done."""
        self._tell({"done": True})

    def close(self) -> None:
        """Close them."""
        self._closed = True
        for line in self._lines.values():
            line.close()

    def _listen_to(self, index: int, line: _Line, on_loss: Callable[[], None]) -> None:
        try:
            said = line.hear(time.monotonic() + _FOREVER)
        except _BROKEN:
            lost: int | None = index
        else:
            lost = said["lost"] if isinstance(said.get("lost"), int) else None
        if lost is not None and not self._closed:
            self._note(lost)
            on_loss()

    def _note(self, lost: int | None) -> None:
        """Note who was lost, unless another was before, and pass it on."""
        with self._lock:
            if lost is None or self.lost is not None:
                return
            self.lost = lost
        self._tell({"lost": lost})
        self._found.set()

    def _tell(self, message: Facts) -> None:
        for line in self._lines.values():
            with contextlib.suppress(OSError):
                line.say(message)


class _ToWorkers(Contacts):
    """The chief's, to each other worker."""

    def meet(self, facts: Facts, deadline: float) -> None:
        others: dict[int, Facts] = {}
        with _listen(self._cluster) as server:
            while len(others) < len(self._cluster.workers) - 1:
                server.settimeout(max(0.01, deadline - time.monotonic()))
                line = _Line(server.accept()[0])
                try:
                    said = line.hear(min(deadline, time.monotonic() + _SOON))
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


class _ToChief(Contacts):
    """Another worker's, to the chief."""

    def meet(self, facts: Facts, deadline: float) -> None:
        _check_port(self._cluster)
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
    """A server at the port of this worker's address.

    Raises:
        UsageError: the port can't be used.
    """
    _, port = split_address(cluster.workers[cluster.index])
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise UsageError(
            f"port {port} of {cluster.describe(cluster.index)} can't be used: {error.strerror}; "
            "choose another in `workers`"
        ) from error


def _check_port(cluster: Cluster) -> None:
    """Raise if the port is taken that TensorFlow is to use: then the others would wait for it."""
    _listen(cluster).close()


def _connect(address: str, deadline: float) -> socket.socket:
    """Call until somebody answers."""
    while True:
        try:
            return socket.create_connection(split_address(address), timeout=5)
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
            time.sleep(_AGAIN)


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
