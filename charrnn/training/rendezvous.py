"""Workers meet before they train: the chief waits for all, and sees that they were started alike.

TensorFlow waits for workers too, but neither heeds Ctrl-C meanwhile nor says who is missing.

Each worker connects to the chief's address and sends a line of JSON, its number and its facts. Once
all have come, the chief answers each with another: what is wrong, or nothing.
"""

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from charrnn.config.cluster import Cluster
from charrnn.errors import UsageError, WorkerLostError, WorkersDifferError, WorkersMissingError

PATIENCE = 10
"""Minutes that the workers wait for each other."""

_AGAIN = 0.2  # seconds until a worker calls again that nobody answered
_LONGEST = 100_000  # characters of a line

Facts = Mapping[str, Any]
"""What must be the same for all workers, by what to call it; values that JSON can hold."""


def meet(cluster: Cluster, facts: Facts) -> None:
    """Wait for all workers.

    Raises:
        WorkersDifferError: they were not started alike.
        WorkersMissingError: not all came.
        WorkerLostError: one came and went.
        UsageError: this worker's port is taken.
    """
    deadline = time.monotonic() + 60 * PATIENCE
    try:
        if cluster.is_chief:
            _receive(cluster, facts, deadline)
        else:
            _call(cluster, facts, deadline)
    except TimeoutError as error:
        raise WorkersMissingError(len(cluster.workers) - 1, PATIENCE) from error


def _receive(cluster: Cluster, facts: Facts, deadline: float) -> None:
    came: dict[int, tuple[TextIO, Facts]] = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_listen(cluster))
        while len(came) < len(cluster.workers) - 1:
            server.settimeout(max(0.0, deadline - time.monotonic()))
            line = stack.enter_context(_open(server.accept()[0], deadline))
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # a stranger
                said = json.loads(line.readline(_LONGEST))
                came[int(said["worker"])] = line, dict(said["facts"])
        problem = _find_difference(cluster, facts, {index: said[1] for index, said in came.items()})
        for index, (line, _) in came.items():
            try:
                _say(line, {"problem": problem})
            except OSError as error:
                raise WorkerLostError(cluster.describe(index)) from error
    if problem:
        raise WorkersDifferError(problem)


def _call(cluster: Cluster, facts: Facts, deadline: float) -> None:
    with _open(_connect(cluster.workers[0], deadline), deadline) as line:
        try:
            _say(line, {"worker": cluster.index, "facts": dict(facts)})
            problem = json.loads(line.readline(_LONGEST))["problem"]
        except TimeoutError:
            raise
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise WorkerLostError(cluster.describe(0)) from error
    if problem:
        raise WorkersDifferError(str(problem))


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


@contextlib.contextmanager
def _open(connection: socket.socket, deadline: float) -> Iterator[TextIO]:
    """A connection as a file of lines."""
    connection.settimeout(max(0.0, deadline - time.monotonic()))
    with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as line:
        yield line


def _say(line: TextIO, message: Facts) -> None:
    line.write(json.dumps(message) + "\n")
    line.flush()


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
