"""Work that several processes share: its results come in order, and little is under way at a time.

A helper is a fresh interpreter that loads NumPy and this package, never TensorFlow, and multiplies
on one core. Threads would do for large networks alone: in small ones they wait for each other's
Python.
"""

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol, TypeVar

from charrnn.config.language import MOST_JOBS
from charrnn.errors import HelperError
from charrnn.inference.arguments import require_integer, require_range
from charrnn.inference.cores import use_one_core

_AHEAD = 4  # items for each process that are under way, or done and waiting for an earlier one
_KEPT_FROM_HELPERS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # none is made idle
_CODE = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from charrnn.inference.helper import serve
serve(int(sys.argv[2]))
"""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Source(Protocol):
    """Where items come from, if they may be slow to arrive."""

    def fileno(self) -> int:
        """The descriptor that can be read once there is more, -1 if that can't be told."""


class Failure(NamedTuple):
    """What a helper sends if an item's work raised an error."""

    error: Exception


def require_jobs(jobs: int) -> int:
    """How many processes share the work.

    Raises:
        UsageError: it is not an int or outside its range.
    """
    jobs = require_integer("jobs", jobs)
    require_range("jobs", jobs, 1, MOST_JOBS)
    return jobs


def share(
    make: Callable[[], Callable[[_Item], _Result]],
    items: Iterable[_Item],
    jobs: int,
    source: Source | None = None,
) -> Generator[_Result]:
    """Yield the result for each item, in the items' order, each computed on one core.

    Results don't depend on `jobs`. Items are taken a few ahead of what is yielded, and none while a
    result is due that can be had without them. The processes end with the iterator.

    Args:
        make: makes what computes a result; called once in each process. With several processes
            it, items and results must be of what pickle takes.
        items: what to compute results for.
        jobs: how many processes share it; 1 for this very one.
        source: what items are read from, if one may keep us waiting.

    Raises:
        HelperError: a process died.
        Exception: what the work or the items raised, after the results before it.
    """
    if jobs > 1:
        yield from _share(make, iter(items), jobs, source)
        return
    work = make()
    for item in items:
        with use_one_core():
            result = work(item)
        yield result


def _share(
    make: Callable[[], Callable[[_Item], _Result]],
    items: Iterator[_Item],
    jobs: int,
    source: Source | None,
) -> Iterator[_Result]:
    done: dict[int, _Result | Failure] = {}
    taken = given = 0
    end: Exception | None = None  # why there are no more items
    with _start_helpers(make, jobs) as idle:
        busy: dict[Connection, tuple[_Helper, int]] = {}
        while True:
            while given in done:
                yield _unwrap(done.pop(given))
                given += 1
            if end and not busy:
                break
            may_take = not end and bool(idle) and taken - given < jobs * _AHEAD
            waiting = _list_descriptors(source) if may_take else []
            if may_take and (not busy or not waiting or wait(waiting, 0)):
                try:
                    item = next(items)
                except Exception as error:  # noqa: BLE001 - raised once its turn comes
                    end = error
                    continue
                helper = idle.pop()
                helper.send(item)
                busy[helper.connection] = helper, taken
                taken += 1
                continue
            for ready in wait([*busy, *waiting]):
                if isinstance(ready, Connection):
                    helper, number = busy.pop(ready)
                    done[number] = helper.receive()
                    idle.append(helper)
    if not isinstance(end, StopIteration):
        raise end


def _list_descriptors(source: Source | None) -> list[int]:
    """What can be read once there are more items, if that can be told."""
    descriptor = source.fileno() if source else -1
    return [descriptor] if descriptor >= 0 else []


def _unwrap(result: Any) -> Any:
    if isinstance(result, Failure):
        raise result.error
    return result


class _Helper:
    """A process that computes, and the connection to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, _keep_signals():
            # Without -P the working folder would come first, and a json.py in it would be run.
            command = [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path)]
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | _ONE_THREAD,
                pass_fds=[theirs.fileno()],
            )
        self.connection = Connection(ours.detach())

    def send(self, item: Any) -> None:
        self.send_bytes(pickle.dumps(item))

    def send_bytes(self, pickled: bytes) -> None:
        try:
            self.connection.send_bytes(pickled)
        except OSError as error:
            raise self._explain_death() from error

    def receive(self) -> Any:
        try:
            return self.connection.recv()
        except (EOFError, OSError) as error:
            raise self._explain_death() from error

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.connection.close()

    def _explain_death(self) -> HelperError:
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return HelperError(
            f"a process that shared the work {how}: perhaps memory ran out; try again with fewer "
            "`jobs`"
        )


@contextlib.contextmanager
def _start_helpers(make: Callable[[], object], jobs: int) -> Iterator[list[_Helper]]:
    """Start helpers side by side, and end them with the block, whatever they are at."""
    helpers: list[_Helper] = []
    try:
        for _ in range(jobs):
            helpers.append(_Helper())  # noqa: PERF401 - those that were started are ended
        pickled = pickle.dumps(make)
        for helper in helpers:
            helper.send_bytes(pickled)
        yield [*helpers]
    finally:
        for helper in helpers:
            helper.end()


@contextlib.contextmanager
def _keep_signals() -> Iterator[None]:
    """Keep from a process that is started what ends this one: Ctrl-C reaches every process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _KEPT_FROM_HELPERS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
