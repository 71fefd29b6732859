"""What a process does that `charrnn.inference.helpers` starts: it computes until it is ended."""

import contextlib
import os
import select
import threading
from multiprocessing.connection import Connection

from charrnn.inference.cores import use_one_core
from charrnn.inference.helpers import Failure


def serve(descriptor: int) -> None:
    """Receive what makes the work and then its items; send each one's result.

    Args:
        descriptor: of the socket to the process that wants the results.
    """
    threading.Thread(target=_end_with, args=[descriptor], daemon=True).start()
    gone = contextlib.suppress(EOFError, OSError)
    with Connection(descriptor) as connection, use_one_core(), gone:
        make, work = connection.recv(), None
        while True:
            item = connection.recv()
            try:
                work = work or make()
                result = work(item)
            except Exception as error:  # noqa: BLE001 - it is raised where the result is wanted
                result = Failure(error)
            connection.send(result)


def _end_with(descriptor: int) -> None:
    """End this process at once if the other one has ended, however."""
    other = select.poll()
    other.register(descriptor, 0)
    other.poll()
    os._exit(0)
